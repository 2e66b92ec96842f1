/** A descriptor of a Produce request through the ring to an ingest worker and out again, both ends on this thread. */
import { createRing, RingReader, RingWriter } from '../../src/threads/ring.js';
import type { Subject } from './subject.js';

const RECORDS = 100;

export const ring: Subject = {
  name: 'ring',
  tasks: () =>
    [48, 512].map((bytes) => {
      const memory = createRing(1 << 20);
      const writer = new RingWriter(memory);
      const reader = new RingReader(memory);
      const record = new Uint8Array(bytes).fill(7);
      return {
        name: `a record of ${bytes} bytes, in and out`,
        count: RECORDS,
        run() {
          for (let i = 0; i < RECORDS; i += 1) writer.write(record);
          for (let i = 0; i < RECORDS; i += 1) {
            if (reader.peek()?.length !== bytes) throw new Error('not what was written');
            reader.advance();
          }
        },
      };
    }),
};
