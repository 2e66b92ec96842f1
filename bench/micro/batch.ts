/** What it costs to take batches in: walks by each native implementation, whole validations and decompressions by codec. */
import { implementations } from '../../native-bindings/bindings.js';
import { bytesCap, codecNames, decompress } from '../../native-bindings/codecs.js';
import { zstdImplementations } from '../../native-bindings/zstd.js';
import { encodeBatch } from '../../src/records/encode.js';
import { BATCH_OVERHEAD_BYTES } from '../../src/records/header.js';
import { validateProduceBatches } from '../../src/records/validate.js';
import type { Subject, Task } from './subject.js';

const RECORDS = 64;
const WORDS = ['order', 'paid', 'shipped', 'returned', 'customer', 'article', 'warehouse', 'invoice'];
const rules = {
  maxMessageBytes: 2 ** 21,
  logAppendTime: false,
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  nowMs: 0,
  compacted: false,
  walkRecords: true,
  zstdAllowed: true,
  codec: undefined,
};

export const batch: Subject = {
  name: 'batch',
  tasks() {
    /** Values of about 1 KiB that compress about as much as JSON does. */
    const records = Array.from({ length: RECORDS }, (_, i) => ({
      key: Buffer.from(`key ${i}`),
      value: Buffer.from(
        Array.from({ length: 100 }, (__, at) => `${WORDS[(i * 31 + at * at) % 8]}:${(i * 7919 * at) % 997}`).join(),
      ),
    }));
    const plain = encodeBatch({ records });
    const held = plain.length - BATCH_OVERHEAD_BYTES;
    const found = new Float64Array(4);
    const walks = implementations().map(
      (native): Task => ({
        name: `scan of ${RECORDS} records, ${native.name}`,
        bytes: held,
        run: () => void native.walkRecords(plain, BATCH_OVERHEAD_BYTES, held, RECORDS, found),
      }),
    );
    const codecs = codecNames.flatMap((codec, number): Task[] => {
      const encoded = encodeBatch({ records, codec });
      const packed = Buffer.from(encoded.subarray(BATCH_OVERHEAD_BYTES));
      const sent = [{ position: 0, length: encoded.length, rules }];
      const whole: Task = {
        name: `validation, ${codec}`,
        bytes: encoded.length,
        heldBytes: held,
        run() {
          validateProduceBatches(encoded, sent, (_, { kind }) => {
            if (kind !== 'accepted') throw new Error(`${codec} refused`);
          });
        },
      };
      const sizes = { bytes: packed.length, heldBytes: held };
      if (codec === 'none') return [whole];
      if (codec !== 'zstd') {
        return [whole, { name: `decompression, ${codec}`, ...sizes, run: () => void decompress(number, packed) }];
      }
      const implemented = zstdImplementations().map((zstd) => ({
        name: `decompression, zstd by ${zstd.name}`,
        ...sizes,
        run: () => void zstd.decompress(packed, bytesCap(packed.length)),
      }));
      return [whole, ...implemented];
    });
    return [...walks, ...codecs];
  },
};
