/**
 * What it costs to take batches in: walks by each native implementation, whole validations by codec, the layout of a segment.
 * MB are 1e6 bytes as stored; compressed batches also show MB/s of what they hold. Run: node dist/bench/micro/batch.js
 */
import { Bench } from 'tinybench';
import { implementations } from '../../native-bindings/bindings.js';
import { bytesCap, codecNames, decompress } from '../../native-bindings/codecs.js';
import { zstdImplementations } from '../../native-bindings/zstd.js';
import { encodeBatch } from '../../src/records/encode.js';
import { BATCH_OVERHEAD_BYTES } from '../../src/records/header.js';
import { validateProduceBatch } from '../../src/records/validate.js';
import { planSegment } from '../../src/segments/plan.js';

const RECORDS = 64;
const WORDS = ['order', 'paid', 'shipped', 'returned', 'customer', 'article', 'warehouse', 'invoice'];
/** Values of about 1 KiB that compress about as much as JSON does. */
const records = Array.from({ length: RECORDS }, (_, i) => ({
  key: Buffer.from(`key ${i}`),
  value: Buffer.from(
    Array.from({ length: 100 }, (__, at) => `${WORDS[(i * 31 + at * at) % 8]}:${(i * 7919 * at) % 997}`).join(),
  ),
}));
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

const bench = new Bench({ time: 200, warmupTime: 50 });
const sizes = new Map<string, { readonly stored: number; readonly held: number }>();
function add(name: string, stored: number, held: number, run: () => void): void {
  sizes.set(name, { stored, held });
  bench.add(name, run);
}

const plain = encodeBatch({ records });
const held = plain.length - BATCH_OVERHEAD_BYTES;
const found = new Float64Array(4);
for (const native of implementations()) {
  add(`walk ${RECORDS} records, ${native.name}`, held, held, () => {
    native.walkRecords(plain, BATCH_OVERHEAD_BYTES, held, RECORDS, found);
  });
}
for (const [number, codec] of codecNames.entries()) {
  const batch = encodeBatch({ records, codec });
  add(`validate, ${codec}`, batch.length, held, () => {
    if (validateProduceBatch(batch, 0, batch.length, rules).kind !== 'accepted') throw new Error(`${codec} refused`);
  });
  const packed = batch.subarray(BATCH_OVERHEAD_BYTES);
  if (codec !== 'none' && codec !== 'zstd') {
    add(`decompress, ${codec}`, packed.length, held, () => {
      decompress(number, packed);
    });
  }
  if (codec === 'zstd') {
    for (const zstd of zstdImplementations()) {
      const bytes = Buffer.from(packed);
      add(`decompress, zstd by ${zstd.name}`, bytes.length, held, () => {
        zstd.decompress(bytes, bytesCap(bytes.length));
      });
    }
  }
}
await bench.run();
for (const { name, result } of bench.tasks) {
  if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
  const { stored, held: plainBytes } = sizes.get(name)!;
  const rate = (bytes: number): number => Math.round((bytes * 1e3) / result.latency.p50 / 1e6);
  console.log(`${name}: ${rate(stored)} MB/s${stored === plainBytes ? '' : `, ${rate(plainBytes)} MB/s of records`}`);
}

const BATCHES = 50_000;
const waiting = Array.from({ length: BATCHES }, (_, i) => ({
  topicIdBytes: new Uint8Array(16).fill(i % 10),
  topicId: `${i % 10}`,
  partition: (i * 7) % 64,
  bytes: 1000,
}));
const planning = new Bench({ time: 500, warmupTime: 100 });
planning.add('plan', () => {
  planSegment(waiting);
});
await planning.run();
const { result } = planning.tasks[0]!;
if (result.state !== 'completed') throw new Error(`plan: ${result.state}`);
console.log(`plan a segment of ${BATCHES} batches: ${result.latency.p50.toFixed(2)} ms`);
