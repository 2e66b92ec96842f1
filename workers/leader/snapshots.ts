import type { MadeSnapshot } from '../../src/cluster/messages.js';
import type { Replica } from '../../src/cluster/replica.js';
import type { Boundary } from '../../src/journal/boundary.wire.js';
import type { Journal } from '../../src/journal/journal.js';
import { JournalBroken } from '../../src/journal/journal-broken.js';
import { decodeEntry } from '../../src/metadata/entry.js';
import { StoreError } from '../../src/objects/store.js';
import type { Log } from '../../src/telemetry/log.js';
import type { World } from '../../src/world/world.js';

const SNAPSHOTS_KEPT = 3;
const FAILED_PAUSE_MS = 5000;

export interface SnapshotSettings {
  readonly snapshotTailBytes: number;
  readonly trimSliceEntries: number;
}

/**
 * When a snapshot is due, how the boundary advances over it, and what is removed behind. The boundary is written before
 * anything at or below it is removed, and only grows. `BecomeLeader` entries stay for ever: a leader that slept through
 * its successor's whole term still finds the slot after its own last entry taken.
 */
export class Snapshots {
  readonly #world: World;
  readonly #journal: Journal;
  readonly #settings: SnapshotSettings;
  readonly #want: (revision: number, digest: string) => void;
  readonly #log: Log;
  /** The snapshot being made, and how much of the tail it will cover. */
  #asked: { readonly revision: number; readonly tailBytes: number } | undefined;
  #notBeforeMs = 0;
  /** Nothing that may be removed is left behind by this worker or one before it. */
  #clean = false;
  #background: Promise<void> = Promise.resolve();

  constructor(
    world: World,
    journal: Journal,
    settings: SnapshotSettings,
    want: (revision: number, digest: string) => void,
    log: Log,
  ) {
    this.#world = world;
    this.#journal = journal;
    this.#settings = settings;
    this.#want = want;
    this.#log = log;
  }

  /** Called by a leader after each entry. The tail may grow as long as the last snapshot, so that both writing and a start stay in proportion. */
  applied(replica: Replica): void {
    const due = replica.tailBytes >= Math.max(this.#settings.snapshotTailBytes, replica.snapshotBytes);
    if (!due || this.#asked !== undefined || this.#world.clock.monotonicMs() < this.#notBeforeMs) {
      return;
    }
    this.#asked = { revision: replica.revision, tailBytes: replica.tailBytes };
    this.#want(replica.revision, replica.metadata.digest);
  }

  /** The snapshot object is in the store. */
  made(snapshot: MadeSnapshot, replica: Replica): Promise<void> {
    return this.#inBackground(async () => {
      await this.#removeLeftOvers();
      await this.#advance(snapshot);
      if (snapshot.revision > replica.snapshotRevision) {
        replica.tailBytes -= this.#asked?.revision === snapshot.revision ? this.#asked.tailBytes : 0;
        replica.snapshotRevision = snapshot.revision;
        replica.snapshotBytes = snapshot.bytes;
      }
    }).then(() => this.#answered(snapshot.revision));
  }

  failed(revision: number, reason: string): void {
    this.#log.warn({ revision, reason }, 'A snapshot failed');
    this.#notBeforeMs = this.#world.clock.monotonicMs() + FAILED_PAUSE_MS;
    this.#answered(revision);
  }

  /** One that an earlier leader asked for may still be made. */
  #answered(revision: number): void {
    if (this.#asked?.revision === revision) this.#asked = undefined;
  }

  /** Leadership begins: an earlier leader may have ended in the middle of removing. */
  resume(): Promise<void> {
    return this.#inBackground(() => this.#removeLeftOvers());
  }

  /** One piece of work at a time. What a store error breaks off is taken up again by the next snapshot or leader. */
  #inBackground(work: () => Promise<void>): Promise<void> {
    this.#background = this.#background.then(async () => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof StoreError)) {
          throw error;
        }
        this.#log.warn({ err: error }, 'Advancing the boundary broke off');
        this.#notBeforeMs = this.#world.clock.monotonicMs() + FAILED_PAUSE_MS;
      }
    });
    return this.#background;
  }

  async #removeLeftOvers(): Promise<void> {
    if (!this.#clean) {
      const kept = await this.#journal.readBoundary();
      if (kept !== undefined && kept.boundary.revision > 0) {
        // Who wrote it may have been killed before it was durable: what is removed by it must not come to lie above it again.
        if ((await this.#journal.writeBoundary(kept.boundary, kept.version)) === 'stale') {
          return;
        }
        await this.#trim(await this.#firstLeft(kept.boundary), kept.boundary);
      }
      this.#clean = true;
    }
  }

  async #advance(made: MadeSnapshot): Promise<void> {
    let former: string | undefined;
    for (;;) {
      const kept = await this.#journal.readBoundary();
      const before: Boundary = kept?.boundary ?? { format: 1, revision: 0, snapshots: [], terms: [] };
      if ((before.snapshots.at(-1)?.revision ?? 0) >= made.revision) {
        return;
      }
      const snapshots = [...before.snapshots, made].slice(-SNAPSHOTS_KEPT);
      const dropped = before.snapshots.filter((snapshot) => !snapshots.includes(snapshot));
      const revision = dropped.length === 0 ? before.revision : snapshots[0]!.revision;
      const newTerms = await this.#termsBetween(before.revision, revision);
      if (newTerms === undefined) {
        if (kept?.version === former) {
          throw new JournalBroken(`the journal has a gap above the boundary at ${before.revision}`);
        }
        former = kept?.version;
        continue;
      }
      const boundary: Boundary = { format: 1, revision, snapshots, terms: [...before.terms, ...newTerms] };
      if ((await this.#journal.writeBoundary(boundary, kept?.version)) === 'written') {
        this.#log.info({ revision, snapshot: made.revision }, 'The boundary advanced');
        for (const { revision: gone } of dropped) {
          await this.#journal.removeSnapshot(gone);
        }
        await this.#trim(before.revision + 1, boundary);
        return;
      }
    }
  }

  /** `BecomeLeader` revisions in (after, until]: every entry names the one that it stands under. Undefined: trimmed by another meanwhile. */
  async #termsBetween(after: number, until: number): Promise<number[] | undefined> {
    const terms: number[] = [];
    for (let at = until; at > after; ) {
      const bytes = await this.#journal.read(at);
      if (bytes === undefined) {
        return undefined;
      }
      const { term } = decodeEntry(bytes);
      if (term > after) {
        terms.unshift(term);
      }
      at = term - 1;
    }
    return terms;
  }

  async #trim(first: number, boundary: Boundary): Promise<void> {
    const terms = new Set(boundary.terms);
    this.#clean = false;
    for (let at = first; at <= boundary.revision; at += this.#settings.trimSliceEntries) {
      const slice: Promise<void>[] = [];
      for (let slot = at; slot < at + this.#settings.trimSliceEntries && slot <= boundary.revision; slot++) {
        if (!terms.has(slot)) {
          slice.push(this.#journal.remove(slot));
        }
      }
      await Promise.all(slice);
      await new Promise<void>((resolve) => this.#world.timers.soon(resolve));
    }
    this.#clean = true;
  }

  /** Slots go in ascending order, a slice at a time: what is left is everything from some slot on, and perhaps holes in one slice before it. */
  async #firstLeft(boundary: Boundary): Promise<number> {
    const terms = new Set(boundary.terms);
    let low = 1;
    let high = boundary.revision + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      let probe = middle;
      while (probe < high && terms.has(probe)) {
        probe += 1;
      }
      if (probe === high || (await this.#journal.read(probe)) !== undefined) {
        high = middle;
      } else {
        low = probe + 1;
      }
    }
    return Math.max(1, low - this.#settings.trimSliceEntries);
  }
}
