import { wrapPort } from '../../../src/threads/port.js';
import { RingReader } from '../../../src/threads/ring.js';
import type { WorkerStart } from '../../../src/threads/workers.js';

/**
 * A worker for the two-thread tests: sums the records' bytes, reports at an empty record, sleeps when the ring is
 * empty, crashes on 'crash'.
 */
export default function consume(start: WorkerStart): Promise<void> {
  const { ring } = start.init as { readonly ring: SharedArrayBuffer };
  const port = wrapPort(start.port);
  const reader = new RingReader(ring);
  let records = 0;
  let sum = 0;
  let wakes = 0;
  return new Promise((resolve) => {
    const drain = () => {
      do {
        for (let record = reader.peek(); record !== undefined; record = reader.peek()) {
          records += 1;
          for (const byte of record) {
            sum += byte;
          }
          if (record.length === 0) {
            port.post({ records, sum, wakes });
          }
          reader.advance();
        }
      } while (!reader.sleep(false));
    };
    port.onMessage((message: string) => {
      if (message === 'wake') {
        wakes += 1;
        drain();
      } else if (message === 'return') {
        port.close();
        resolve();
      } else {
        throw new Error('crash asked for');
      }
    });
    drain();
    port.post('ready');
  });
}
