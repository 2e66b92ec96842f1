/** How fast a replica applies the journal. What a million extents cost: metadata-large.ts. */
import { decodeEntry } from '../../src/metadata/entry.js';
import { Entry } from '../../src/metadata/journal.wire.js';
import { BATCHES, PARTITIONS, Replica } from './replica.js';
import type { Subject } from './subject.js';

/** A replica begins anew before it holds so many extents that growing shows. */
const SEGMENTS_MAX = 2_000;

function renewed(run: (replica: Replica) => void): () => void {
  let replica = new Replica();
  let segments = 0;
  return () => {
    if (segments === SEGMENTS_MAX) {
      replica = new Replica();
      segments = 0;
    }
    segments += 1;
    run(replica);
  };
}

export const metadata: Subject = {
  name: 'metadata',
  tasks() {
    const encoder = new Replica();
    const published = encoder.entry(encoder.publish());
    const bytes = Entry.encode(published).finish();
    const what = `an entry of ${PARTITIONS} partitions x ${BATCHES} batches`;
    return [
      { name: `apply ${what}`, run: renewed((replica) => void replica.apply(replica.publish())) },
      { name: `encode ${what}`, bytes: bytes.length, run: () => void Entry.encode(published).finish() },
      { name: `decode ${what}`, bytes: bytes.length, run: () => void decodeEntry(bytes) },
    ];
  },
};
