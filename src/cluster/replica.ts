import { createHash } from 'node:crypto';
import type { Journal } from '../journal/journal.js';
import { JournalBroken } from '../journal/journal-broken.js';
import { decodeEntry, EntryRefused } from '../metadata/entry.js';
import type { Entry } from '../metadata/journal.wire.js';
import { Metadata } from '../metadata/metadata.js';
import type { Changes, Outcome } from '../metadata/outcomes.js';
import { SnapshotRefused } from '../metadata/snapshot-format.js';

export interface Applied {
  readonly entry: Entry;
  readonly outcomes: readonly Outcome[];
  readonly changes: Changes;
}

/** Tries of the same snapshots: a damaged read passes, a damaged object does not. */
const LOADS_MAX = 5;
/** Slots that are read at once when the journal is long, and somebody waits for what is in it. */
const READS_MAX = 64;
/** Reading a slot takes about as long as this much of a snapshot. */
export const SLOT_BYTES = 4096;
/** A pass ends here even if the journal goes on, so that entries in memory stay few. */
const PASS_BYTES_MAX = 8 << 20;

/** The metadata and its place in the chain of entries. */
export class Replica {
  readonly metadata: Metadata;
  /** SHA-256 of the entry at `revision`; empty at 0. */
  headDigest: Uint8Array;
  /** Of the newest kept snapshot when this replica was loaded, and the size of the journal since then. */
  snapshotRevision = 0;
  snapshotTimeMs = 0;
  snapshotBytes = 0;
  /** Each entry counts `SLOT_BYTES` beside its own: what a start pays for one more slot to read. */
  tailBytes = 0;

  constructor(metadata: Metadata = new Metadata(), headDigest: Uint8Array = new Uint8Array(0)) {
    this.metadata = metadata;
    this.headDigest = headDigest;
  }

  get revision(): number {
    return this.metadata.revision;
  }

  /** Applies the entry of slot `revision + 1`. Throws `JournalBroken`, having changed nothing, when it does not fit. */
  apply(bytes: Uint8Array): Applied {
    try {
      const entry = decodeEntry(bytes);
      if (!equal(entry.previousDigest, this.headDigest)) {
        throw new JournalBroken(`journal entry ${entry.revision} does not continue entry ${this.revision}`);
      }
      const applied = this.metadata.apply(entry);
      this.headDigest = sha256(bytes);
      this.tailBytes += bytes.length + SLOT_BYTES;
      return { entry, ...applied };
    } catch (error) {
      if (error instanceof EntryRefused) {
        throw new JournalBroken(error.message, { cause: error });
      }
      throw error;
    }
  }
}

/** The newest snapshot that can be read, or an empty replica. The journal after it is not read yet. */
export async function loadReplica(journal: Journal): Promise<Replica> {
  let version: string | undefined;
  let failures = 0;
  for (;;) {
    const kept = await journal.readBoundary();
    if (kept === undefined) {
      return new Replica();
    }
    for (const snapshot of kept.boundary.snapshots.toReversed()) {
      const bytes = await journal.readSnapshot(snapshot.revision);
      if (bytes !== undefined && equal(sha256(bytes), snapshot.objectDigest)) {
        const replica = new Replica(decodeSnapshot(bytes), snapshot.entryDigest);
        replica.snapshotRevision = snapshot.revision;
        replica.snapshotTimeMs = replica.metadata.timeMs;
        replica.snapshotBytes = bytes.length;
        return replica;
      }
    }
    if (kept.boundary.revision === 0) {
      return new Replica();
    }
    failures = kept.version === version ? failures + 1 : 0;
    if (failures === LOADS_MAX) {
      throw new JournalBroken(`no snapshot named by the boundary at ${kept.boundary.revision} can be read`);
    }
    // They may have been replaced while they were read; then the boundary has moved.
    version = kept.version;
  }
}

/** Without it, all of the tail. */
export interface TailPart {
  /** Slots that are read at once. */
  readonly readsMax?: number;
  /** The last revision that is wanted. */
  readonly last?: number;
}

/**
 * The entries after `revision`, as far as they go or one pass reads. A slot at or below a boundary read after it says
 * nothing, present or absent: then the answer is 'void', and a snapshot must be loaded. `end`: the slot after the last
 * of `entries` was absent.
 */
export async function readTail(
  journal: Journal,
  revision: number,
  { readsMax = READS_MAX, last = Number.POSITIVE_INFINITY }: TailPart = {},
): Promise<{ readonly entries: readonly Uint8Array[]; readonly end: boolean } | 'void'> {
  const entries: Uint8Array[] = [];
  let bytes = 0;
  let end = false;
  for (let reads = 1; !end && bytes < PASS_BYTES_MAX; reads = Math.min(2 * reads, readsMax)) {
    const first = revision + entries.length + 1;
    if (first > last) break;
    const length = Math.min(reads, last - first + 1);
    const slots = await Promise.all(Array.from({ length }, (_, index) => journal.read(first + index)));
    const absent = slots.indexOf(undefined);
    end = absent !== -1;
    for (const slot of end ? slots.slice(0, absent) : slots) {
      entries.push(slot!);
      bytes += slot!.length;
    }
  }
  const kept = await journal.readBoundary();
  return (kept?.boundary.revision ?? 0) > revision ? 'void' : { entries, end };
}

function decodeSnapshot(bytes: Uint8Array): Metadata {
  try {
    return Metadata.fromSnapshot(bytes);
  } catch (error) {
    if (error instanceof SnapshotRefused) {
      throw new JournalBroken(error.message, { cause: error });
    }
    throw error;
  }
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
