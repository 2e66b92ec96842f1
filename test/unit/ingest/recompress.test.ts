import { expect, test } from 'vitest';
import { encodeBatch } from '../../../src/records/encode.js';
import { BatchHeader, CODEC_MASK, LOG_APPEND_TIME } from '../../../src/records/header.js';
import { recordsOf } from '../../../src/records/read.js';
import { storedBatchFault } from '../../../src/records/stored.js';
import { LaneHarness, TOPIC } from './lane-harness.js';
import { makeBatch } from './make-batch.js';

const UNCOMPRESSED = { compression: { codec: 0, level: 0 } };
const GZIP = { compression: { codec: 1, level: 9 } };

const filler = (codec: 'none' | 'zstd', bytes: number, timestampMs = 1_700_000_000_000) =>
  encodeBatch({
    records: [{ value: Buffer.alloc(bytes, 'abcdefgh') }],
    codec,
    baseTimestampMs: timestampMs,
    producer: { id: 5, epoch: 0, baseSequence: 0 },
  });

/** The batches of the newest readable segment. */
function storedBatches(lane: LaneHarness): Uint8Array[] {
  const { position, batches } = lane.of('readable').at(-1)!;
  const arena = new Uint8Array(lane.init.segments);
  const { positions, lengths } = batches;
  return Array.from(positions, (at, i) => arena.slice(position + at, position + at + lengths[i]!));
}

test('a batch of another codec is stored in that of its topic, one of the same codec as it came', async () => {
  const lane = new LaneHarness({ topic: GZIP });
  lane.store.open = true;
  const same = encodeBatch({ records: [{ value: Buffer.from('as it came') }], codec: 'gzip' });
  const request = lane.produce({
    partitions: [
      [0, filler('none', 10_000)],
      [1, same],
      [2, filler('zstd', 10_000)],
    ],
  });
  await lane.world.pass(200);
  expect(lane.outcome(request)).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  const stored = storedBatches(lane);
  for (const batch of stored) {
    expect(storedBatchFault(batch, 0, batch.length)).toBeUndefined();
    expect(new BatchHeader(batch).attributes & CODEC_MASK).toBe(1);
    expect(new BatchHeader(batch).producerId).toBe(batch === stored[1] ? -1 : 5);
  }
  expect(stored[0]!.length).toBeLessThan(300);
  expect(Buffer.from(stored[1]!).subarray(21)).toEqual(Buffer.from(same).subarray(21));
  expect([...recordsOf(stored[2]!, 0)][0]!.value).toEqual(Buffer.alloc(10_000, 'abcdefgh'));
});

test('LogAppendTime and a wrong greatest time are set in what was compressed anew', async () => {
  const lane = new LaneHarness({ topic: { ...UNCOMPRESSED, logAppendTime: true } });
  lane.store.open = true;
  lane.produce({ partitions: [[0, filler('zstd', 100)]] });
  await lane.world.pass(200);
  const [batch] = storedBatches(lane);
  expect(storedBatchFault(batch!, 0, batch!.length)).toBeUndefined();
  expect(new BatchHeader(batch!).attributes).toBe(LOG_APPEND_TIME);
});

test('what grows beyond max.message.bytes fails alone, what shrinks below it does not help', async () => {
  const lane = new LaneHarness({ topic: { ...UNCOMPRESSED, maxMessageBytes: 5_000 } });
  lane.store.open = true;
  const request = lane.produce({
    partitions: [
      [0, filler('zstd', 4_000)],
      [1, filler('zstd', 5_000)],
    ],
  });
  await lane.world.pass(200);
  expect(lane.outcome(request)).toEqual([
    [0, 0],
    [10, -1],
  ]);
  lane.topics([{ ...TOPIC, ...GZIP, maxMessageBytes: 5_000 }]);
  const large = lane.produce({ partitions: [[0, filler('none', 5_000)]] });
  await lane.world.pass(200);
  expect(lane.outcome(large)).toEqual([[10, -1]]);
});

test('records at fault fail their own partition, whatever codec they come in', async () => {
  const lane = new LaneHarness({ topic: { ...UNCOMPRESSED, compacted: true } });
  lane.store.open = true;
  const keyed = encodeBatch({ records: [{ key: Buffer.from('k'), value: null }], codec: 'zstd' });
  const request = lane.produce({
    partitions: [
      [0, filler('zstd', 100)],
      [1, keyed],
    ],
  });
  await lane.world.pass(200);
  expect(lane.outcome(request)).toEqual([
    [87, -1],
    [0, 0],
  ]);
});

test("a request that would grow beyond half of the lane's memory fails from there on, and says why", async () => {
  const lane = new LaneHarness({ segmentBytes: 256 * 1024, topic: UNCOMPRESSED });
  lane.store.open = true;
  const request = lane.produce({
    partitions: [
      [0, filler('zstd', 60_000)],
      [1, filler('zstd', 60_000)],
      [2, filler('zstd', 60_000)],
    ],
  });
  await lane.world.pass(200);
  expect(lane.outcome(request)).toEqual([
    [0, 0],
    [0, 0],
    [10, -1],
  ]);
  expect(lane.answer(request)!.partitions![2]!.errorMessage).toContain('an agent of this memory');
});

test('requests that grow are stored in many segments, and their own bytes are free at once', async () => {
  const lane = new LaneHarness({ segmentBytes: 256 * 1024, topic: UNCOMPRESSED, batchWindowMs: 10_000 });
  await lane.beginWindow();
  const requests = Array.from({ length: 40 }, () => lane.produce({ partitions: [[0, filler('zstd', 30_000)]] }));
  await lane.world.pass(11);
  // Taken until the open segment is full; the others wait in the ring with their bytes.
  expect(lane.released.length).toBeGreaterThan(1);
  expect(lane.released.length).toBeLessThan(20);
  lane.store.open = true;
  lane.store.acceptAll();
  await lane.world.pass(30_000);
  expect(lane.released).toEqual(requests);
  // One producer, one sequence: the first is appended, the others are its duplicates.
  expect(requests.map((request) => lane.outcome(request))).toEqual(requests.map(() => [[0, 0]]));
});

test('what is only partly compressed anew keeps its bytes until the seal', async () => {
  const lane = new LaneHarness({ topic: UNCOMPRESSED });
  await lane.beginWindow();
  const request = lane.produce({
    partitions: [
      [0, filler('zstd', 100)],
      [1, makeBatch()],
    ],
  });
  await lane.world.pass(1);
  expect(lane.released).toEqual([]);
  lane.store.open = true;
  await lane.world.pass(200);
  expect(lane.released).toEqual([request]);
});
