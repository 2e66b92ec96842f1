import type { MadeSnapshot } from '../../src/cluster/messages.js';
import { loadReplica, readTail, sha256 } from '../../src/cluster/replica.js';
import type { Journal } from '../../src/journal/journal.js';
import { JournalBroken } from '../../src/journal/journal-broken.js';

/** Slots that are read at once. A tail has thousands, and acknowledgements wait in the same store. */
const READS_MAX = 8;

/** The journal has moved on: this snapshot is no longer wanted, or another agent has trimmed under it. */
export class SnapshotOvertaken extends Error {
  override readonly name = 'SnapshotOvertaken';
}

/**
 * Replays the journal from the last snapshot to `revision` and writes the state as a snapshot object. Every snapshot
 * thereby checks the one before it, the chain of entries, and that the leader's state (`digest`) is what the journal says.
 * Rejects with `StoreError`, `SnapshotOvertaken`, or `JournalBroken` when the states differ.
 */
export async function makeSnapshot(journal: Journal, revision: number, digest: string): Promise<MadeSnapshot> {
  const replica = await loadReplica(journal);
  while (replica.revision < revision) {
    const tail = await readTail(journal, replica.revision, { readsMax: READS_MAX, last: revision });
    if (tail === 'void' || tail.entries.length === 0) {
      throw new SnapshotOvertaken(`the journal after ${replica.revision} is gone`);
    }
    for (const bytes of tail.entries) replica.apply(bytes);
  }
  if (replica.revision !== revision) {
    throw new SnapshotOvertaken(`there is a snapshot at ${replica.revision} already`);
  }
  if (replica.metadata.digest !== digest) {
    throw new JournalBroken(
      `at revision ${revision} the journal gives digest ${replica.metadata.digest}, the leader has ${digest}`,
    );
  }
  const bytes = replica.metadata.snapshot();
  await journal.writeSnapshot(revision, bytes);
  return { revision, objectDigest: sha256(bytes), bytes: bytes.length, entryDigest: replica.headDigest };
}
