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

type KeptBoundary = NonNullable<Awaited<ReturnType<Journal['readBoundary']>>>;

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
  /**
   * The newest snapshot of the boundary behind which nothing is left that may be removed. It tells boundaries apart: each
   * names a newer one. Undefined: something may be left, by this worker or one before it.
   */
  #cleanBehind: number | undefined;
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
    return this.#inBackground(async () => {
      // It may also have left a snapshot that no boundary names yet: only one of this leader's own goes beyond that.
      this.#cleanBehind = undefined;
      const kept = await this.#journal.readBoundary();
      if (kept !== undefined) await this.#removeLeftOvers(kept);
    });
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
        this.#cleanBehind = undefined;
        this.#notBeforeMs = this.#world.clock.monotonicMs() + FAILED_PAUSE_MS;
      }
    });
    return this.#background;
  }

  /** Of a boundary that another may have written. */
  async #removeLeftOvers({ boundary, version }: KeptBoundary): Promise<void> {
    // Who wrote it may have been killed before it was durable: what is removed by it must not come to lie above it again.
    if ((await this.#journal.writeBoundary(boundary, version)) === 'written') {
      await this.#removeAllBehind(boundary);
    }
  }

  async #advance(made: MadeSnapshot): Promise<void> {
    let former: string | undefined;
    for (;;) {
      const kept = await this.#journal.readBoundary();
      const before: Boundary = kept?.boundary ?? { format: 1, revision: 0, snapshots: [], terms: [] };
      if (kept !== undefined && newestOf(before) >= made.revision) {
        await this.#removeLeftOvers(kept);
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
        // Another wrote the former one, or an own write that seemed to fail has landed: more is left than follows from it.
        await (newestOf(before) === this.#cleanBehind
          ? this.#removeBetween(before, boundary)
          : this.#removeAllBehind(boundary));
        this.#cleanBehind = made.revision;
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

  /** What `boundary` lets go, and the one `before` it did not. */
  async #removeBetween(before: Boundary, boundary: Boundary): Promise<void> {
    await this.#removeUnnamed(
      before.snapshots.map(({ revision }) => revision),
      boundary,
    );
    await this.#trim(before.revision + 1, boundary);
  }

  /** What `boundary` lets go, by a look at what is there. */
  async #removeAllBehind(boundary: Boundary): Promise<void> {
    await this.#removeUnnamed(await this.#journal.listSnapshots(), boundary);
    await this.#trim(await this.#firstLeft(boundary), boundary);
  }

  /** Those up to the newest that it names: no later boundary can name them. One above may be about to be named. */
  async #removeUnnamed(revisions: readonly number[], boundary: Boundary): Promise<void> {
    const named = new Set(boundary.snapshots.map(({ revision }) => revision));
    for (const revision of revisions) {
      if (revision < newestOf(boundary) && !named.has(revision)) {
        await this.#journal.removeSnapshot(revision);
      }
    }
  }

  async #trim(first: number, boundary: Boundary): Promise<void> {
    const terms = new Set(boundary.terms);
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

/** The revision of its newest snapshot, 0 when it has none. */
function newestOf({ snapshots }: Boundary): number {
  return snapshots.at(-1)?.revision ?? 0;
}
