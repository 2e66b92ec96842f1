import { loadReplica, readTail } from '../../src/cluster/replica.js';
import type { MetadataClient } from '../../src/cluster/metadata-client.js';
import type { Journal } from '../../src/journal/journal.js';
import type { Metadata } from '../../src/metadata/metadata.js';

/** Invariant 12: every replica has the same digest at a revision, and so has what is read back from the store. */
export class Replicas {
  readonly digests = new Map<number, string>();
  readonly #violation: (sentence: string) => void;

  constructor(violation: (sentence: string) => void) {
    this.#violation = violation;
  }

  /** A new agent's replica, from now on. */
  watch(metadata: MetadataClient, alive: () => boolean): void {
    // The agent's own replica; its readers get less of it to see.
    const view = metadata.view as Metadata;
    const note = () => {
      if (alive()) this.note(view.revision, view.digest, 'an agent');
    };
    note();
    metadata.onApplied(note);
  }

  note(revision: number, digest: string, who: string): void {
    const former = this.digests.get(revision);
    if (former === undefined) this.digests.set(revision, digest);
    else if (former !== digest) {
      this.#violation(`invariant 12: at revision ${revision} ${who} has the digest ${digest}, another had ${former}`);
    }
  }

  /** What a newcomer makes of the journal: the newest snapshot and the entries after it. */
  async readBack(journal: Journal): Promise<void> {
    const replica = await loadReplica(journal);
    this.note(replica.revision, replica.metadata.digest, 'a snapshot');
    for (let end = false; !end; ) {
      const tail = await readTail(journal, replica.revision);
      if (tail === 'void') return this.#violation('invariant 12: the journal after the newest snapshot is gone');
      for (const bytes of tail.entries) {
        replica.apply(bytes);
        this.note(replica.revision, replica.metadata.digest, 'a replay from a snapshot');
      }
      end = tail.end;
    }
    const newest = Math.max(0, ...this.digests.keys());
    if (replica.revision < newest) {
      this.#violation(`invariant 12: the journal ends at ${replica.revision}, an agent has applied ${newest}`);
    }
  }
}
