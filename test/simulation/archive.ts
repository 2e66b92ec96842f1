import { sha256 } from '../../src/cluster/replica.js';
import { Boundary } from '../../src/journal/boundary.wire.js';
import { decodeEntry } from '../../src/metadata/entry.js';
import { Metadata } from '../../src/metadata/metadata.js';
import type { Outcome } from '../../src/metadata/outcomes.js';
import { MemoryStore } from '../../src/objects/drivers/memory.js';
import type { PutOptions } from '../../src/objects/store.js';

/**
 * A bucket that keeps every journal entry that ever was, whatever is trimmed, and holds the journal to its rules as they
 * are broken: a slot has one owner, the chain has no gap, the boundary only grows and comes before removal.
 */
export class Archive extends MemoryStore {
  readonly entries = new Map<number, Buffer>();
  readonly broken: string[] = [];
  readonly removed = new Set<number>();
  /** Creates that filled a slot whose entry had been trimmed. */
  voidLandings = 0;
  boundary: Boundary = { format: 1, revision: 0, snapshots: [], terms: [] };

  override async put(key: string, body: readonly Uint8Array[], options: PutOptions = {}) {
    const result = await super.put(key, body, options);
    const bytes = Buffer.concat(body);
    if (key.endsWith('/boundary')) {
      this.#noteBoundary(Boundary.decode(bytes));
    } else if (key.includes('/journal/')) {
      // Without the seal (src/journal/drivers/objects.ts).
      this.#noteEntry(Number(key.slice(key.lastIndexOf('/') + 1)), bytes.subarray(0, -5));
    }
    return result;
  }

  override async delete(key: string): Promise<void> {
    await super.delete(key);
    const number = Number(key.slice(key.lastIndexOf('/') + 1));
    if (key.includes('/journal/')) {
      this.removed.add(number);
      if (number > this.boundary.revision) {
        this.broken.push(`slot ${number} removed above the boundary at ${this.boundary.revision}`);
      }
      if (this.boundary.terms.includes(number)) {
        this.broken.push(`BecomeLeader entry ${number} removed`);
      }
    } else if (this.boundary.snapshots.some(({ revision }) => revision === number)) {
      this.broken.push(`snapshot ${number} removed while the boundary names it`);
    }
  }

  #noteBoundary(boundary: Boundary): void {
    const { revision, snapshots } = boundary;
    if (revision < this.boundary.revision) {
      this.broken.push(`the boundary went back from ${this.boundary.revision} to ${revision}`);
    }
    if (snapshots.length > 3 || snapshots.some((snapshot) => snapshot.revision < revision)) {
      this.broken.push(`the boundary at ${revision} names snapshots ${snapshots.map((snapshot) => snapshot.revision)}`);
    }
    this.boundary = boundary;
  }

  #noteEntry(slot: number, bytes: Buffer): void {
    const owner = this.entries.get(slot);
    if (owner !== undefined) {
      // What lands in a trimmed slot is void; a late copy of the owner's bytes is nothing new.
      if (!bytes.equals(owner)) {
        this.voidLandings += 1;
        if (slot > this.boundary.revision) {
          this.broken.push(`slot ${slot} was owned twice`);
        }
      }
      return;
    }
    const former = this.entries.get(slot - 1);
    const entry = decodeEntry(bytes);
    if (slot > 1 && (former === undefined || !sha256(former).equals(entry.previousDigest))) {
      this.broken.push(`slot ${slot} does not continue slot ${slot - 1}`);
    }
    if (former !== undefined && decodeEntry(former).timeMs > entry.timeMs) {
      this.broken.push(`time went back at ${slot}`);
    }
    this.entries.set(slot, bytes);
  }

  /** The whole journal applied from nothing: the state, its digest after each entry, and the outcome of each stream position. */
  replay(): {
    readonly metadata: Metadata;
    readonly digests: ReadonlyMap<number, string>;
    readonly outcomes: ReadonlyMap<string, Outcome>;
  } {
    const metadata = new Metadata();
    const digests = new Map<number, string>();
    const outcomes = new Map<string, Outcome>();
    for (let revision = 1; this.entries.has(revision); revision++) {
      const entry = decodeEntry(this.entries.get(revision)!);
      const applied = metadata.apply(entry);
      digests.set(revision, metadata.digest);
      for (const [index, { agentEpoch, stream, number }] of entry.commands.entries()) {
        const key = `${agentEpoch}/${stream}/${number}`;
        if (agentEpoch !== 0 && !outcomes.has(key)) {
          outcomes.set(key, applied.outcomes[index]!);
        }
      }
    }
    return { metadata, digests, outcomes };
  }
}
