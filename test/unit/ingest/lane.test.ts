import { expect, test } from 'vitest';
import { native } from '../../../native-bindings/bindings.js';
import { setMaxTimestamp } from '../../../src/records/stored.js';
import { decodeFooter } from '../../../src/segments/footer.js';
import { LaneHarness, TOPIC } from './lane-harness.js';
import { makeBatch } from './make-batch.js';

test('a lane that was quiet for a window seals at once; what comes within a window of a seal waits for its end', async () => {
  const lane = new LaneHarness();
  for (const passedMs of [0, 100, 250]) {
    await lane.world.pass(passedMs);
    lane.produce({ partitions: [[0, makeBatch()]] });
    await lane.world.pass(0);
    expect(lane.store.puts).toHaveLength(1);
    lane.store.acceptAll();
  }
  await lane.world.pass(60);
  lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(39);
  expect(lane.store.puts).toHaveLength(0);
  await lane.world.pass(1);
  expect(lane.store.puts).toHaveLength(1);
});

test('steady small requests make one segment a window, however fast the store is', async () => {
  const lane = new LaneHarness();
  lane.store.open = true;
  for (let passedMs = 0; passedMs < 1000; passedMs += 5) {
    lane.produce({ partitions: [[0, makeBatch()]] });
    await lane.world.pass(5);
  }
  // At 0, 100, 200 … and 1,000 ms.
  expect(lane.store.objects.size).toBe(11);
});

test('requests of one window land in one segment and are answered with dense offsets once it is published', async () => {
  const lane = new LaneHarness();
  await lane.beginWindow();
  const first = lane.produce({
    partitions: [
      [0, makeBatch({ values: ['a', 'b'] })],
      [1, makeBatch()],
    ],
  });
  const second = lane.produce({ connection: 2, partitions: [[0, makeBatch({ values: ['c'] })]] });
  await lane.world.pass(99);
  expect(lane.store.puts).toHaveLength(0);
  expect(lane.released).toEqual([]);
  await lane.world.pass(2);
  expect(lane.store.puts).toHaveLength(1);
  expect(lane.released).toEqual([first, second]);
  expect(lane.answers).toEqual([]);
  lane.holdPublishes = true;
  lane.store.puts[0]!.accept();
  await lane.world.pass(50);
  expect(lane.heldPublishes).toHaveLength(1);
  expect(lane.answers).toEqual([]);
  lane.releasePublishes();
  await lane.world.pass(1);
  expect(lane.outcome(first)).toEqual([
    [0, 0],
    [0, 0],
  ]);
  expect(lane.outcome(second)).toEqual([[0, 2]]);
  expect(lane.metadata.topicById(TOPIC.topicId)!.partitions.map((p) => p.highWatermark)).toEqual([3, 1, 0, 1]);
});

test('a segment lies in the store as its footer and command say, and what is readable is stamped', async () => {
  const lane = new LaneHarness();
  lane.store.open = true;
  lane.produce({
    partitions: [
      [1, makeBatch({ values: ['x'] })],
      [0, makeBatch({ values: ['a', 'b'] })],
    ],
  });
  lane.produce({ partitions: [[1, makeBatch({ values: ['y', 'z'] })]] });
  await lane.world.pass(200);
  expect([...lane.store.objects.keys()]).toEqual(['test/data/1/1']);
  const [readable] = lane.of('readable');
  expect(readable).toMatchObject({ segment: 1, position: 0 });
  const { baseOffsets, positions, lengths } = readable!.batches;
  // One of partition 0, two of partition 1.
  expect([...baseOffsets]).toEqual([0, 0, 1]);
  const memory = Buffer.from(lane.init.segments, readable!.position, readable!.length);
  expect(memory.readBigInt64BE(positions[2]!)).toBe(1n);
  expect(memory.readInt32BE(positions[2]! + 12)).toBe(0);
  expect(memory.readInt32BE(positions[2]! + 8)).toBe(lengths[2]! - 12);
  // What is stored is verbatim: stamping came after the upload.
  const stored = Buffer.from(lane.store.objects.get('test/data/1/1')!);
  expect(stored.readInt32BE(positions[2]! + 12)).toBe(-1);
  expect(stored.subarray(-8).toString()).toBe('WEFTSEG1');
  expect(stored.subarray(positions[2]! + 16, positions[2]! + lengths[2]!)).toEqual(
    memory.subarray(positions[2]! + 16, positions[2]! + lengths[2]!),
  );
  const extents: unknown[] = [];
  lane.metadata.scanExtents(TOPIC.topicId, 1, 0, (extent) => extents.push(extent) > 0);
  expect(extents).toMatchObject([{ segment: 1, segmentBytes: stored.length, position: positions[1], records: 3 }]);
});

test('a segment is sealed by size at once, and a request never straddles two', async () => {
  const lane = new LaneHarness({ batchBytes: 2000 });
  const large = () => makeBatch({ values: ['v'.repeat(800)] });
  lane.produce({
    partitions: [
      [0, large()],
      [1, large()],
    ],
  });
  lane.produce({
    partitions: [
      [0, large()],
      [1, large()],
    ],
  });
  lane.produce({
    partitions: [
      [0, large()],
      [1, large()],
      [2, large()],
      [3, large()],
    ],
  });
  await lane.world.pass(6);
  // The first was pushed out by the second, that by the over-large third, which is full by itself.
  expect(lane.store.puts).toHaveLength(3);
  expect(lane.of('released').flatMap(({ requests }) => requests)).toEqual([1, 2, 3]);
});

test('a segment is sealed by its batches at once, however small; the request that fills it goes into it whole', async () => {
  const lane = new LaneHarness({
    topic: { partitions: 4096 },
    batchBytes: 4 * 1024 * 1024,
    segmentBytes: 16 * 1024 * 1024,
  });
  await lane.beginWindow();
  lane.store.open = true;
  const batch = makeBatch();
  const send = (partitions: number) =>
    lane.produce({ partitions: Array.from({ length: partitions }, (_, index) => [index, batch] as const) });
  const requests = [4096, 4096, 4096, 4095, 4096, 4096].map(send);
  await lane.world.pass(6);
  const answered = () => requests.map((request) => lane.outcome(request)?.every(([error]) => error === 0));
  expect(answered()).toEqual([true, true, true, true, true, undefined]);
  await lane.world.pass(100);
  expect(answered()).toEqual([true, true, true, true, true, true]);
  const batches = lane.of('readable').map(({ batches: { baseOffsets } }) => baseOffsets.length);
  expect(batches).toEqual([1, 20_479, 4096]);
});

test('uploads end in any order, publishes keep the order of seals', async () => {
  const lane = new LaneHarness({ batchBytes: 1 });
  const requests = [0, 1, 2].map((i) => lane.produce({ connection: i, partitions: [[0, makeBatch()]] }));
  await lane.world.pass(1);
  lane.store.puts[2]!.accept();
  lane.store.puts[1]!.accept();
  await lane.world.pass(1);
  expect(lane.commands).toEqual([]);
  lane.store.puts[0]!.accept();
  await lane.world.pass(1);
  expect(lane.of('publish').map(({ number, segment }) => [number, segment])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  expect(requests.map((request) => lane.outcome(request))).toEqual([[[0, 0]], [[0, 1]], [[0, 2]]]);
});

test('duplicates get their first offsets, gaps an error, and their neighbours are unharmed', async () => {
  const lane = new LaneHarness();
  lane.store.open = true;
  const batch = (baseSequence: number) => makeBatch({ producerId: 5, baseSequence, values: ['a', 'b'] });
  const first = lane.produce({ partitions: [[0, batch(0)]] });
  const again = lane.produce({ partitions: [[0, batch(0)]] });
  const gap = lane.produce({
    partitions: [
      [0, batch(7)],
      [1, makeBatch()],
    ],
  });
  const next = lane.produce({ partitions: [[0, batch(2)]] });
  await lane.world.pass(200);
  expect([first, again, gap, next].map((request) => lane.outcome(request))).toEqual([
    [[0, 0]],
    [[0, 0]],
    [
      [45, -1],
      [0, 0],
    ],
    [[0, 2]],
  ]);
  const [readable] = lane.of('readable');
  expect([...readable!.batches.baseOffsets]).toEqual([0, 2, 0]);
});

test.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])('version %i is answered in its own shape', async (version) => {
  const lane = new LaneHarness();
  lane.store.open = true;
  const request = lane.produce({ version, partitions: [[0, makeBatch()]] });
  await lane.world.pass(200);
  expect(lane.outcome(request)).toEqual([[0, 0]]);
});

test('LogAppendTime is the time of the seal, in the batch, its CRC, the metadata and the answer', async () => {
  const lane = new LaneHarness({ topic: { logAppendTime: true } });
  await lane.beginWindow();
  lane.store.open = true;
  const request = lane.produce({ partitions: [[0, makeBatch({ values: ['a', 'b'], timestampMs: 5 })]] });
  await lane.world.pass(200);
  const sealedMs = Date.UTC(2026, 0, 1) + 100;
  expect(lane.answer(request)!.partitions![0]!.logAppendTimeMs).toBe(sealedMs);
  const stored = Buffer.from(lane.store.objects.get('test/data/1/2')!);
  expect([stored.readInt16BE(21), stored.readBigInt64BE(35)]).toEqual([8, BigInt(sealedMs)]);
  expect(lane.metadata.extentWithMaxTimestamp(TOPIC.topicId, 0, 0)!.maxTimestamp).toBe(sealedMs);
});

test('a header whose greatest time is not its records’ is mended in the stored copy, under a right CRC', async () => {
  const lane = new LaneHarness();
  lane.store.open = true;
  const right = makeBatch({ values: ['a', 'b'], timestampMs: 5 });
  const wrong = right.slice();
  setMaxTimestamp(wrong, 0, 7_000);
  lane.produce({ partitions: [[0, wrong]] });
  await lane.world.pass(200);
  const stored = lane.store.objects.get('test/data/1/1')!;
  expect(Buffer.compare(stored.subarray(0, right.length), right)).toBe(0);
  expect(lane.metadata.extentWithMaxTimestamp(TOPIC.topicId, 0, 0)!.maxTimestamp).toBe(5);
  // The footer's checksum of the extent is of the bytes as stored.
  const footer = decodeFooter(stored, stored.length);
  expect(footer.extents[0]!.crc32c).toBe(native.crc32c(right, 0, right.length, 0));
});

test('checksums of extents and of the object are of their bytes, however long the batches and whoever compressed them', async () => {
  const lane = new LaneHarness({ batchBytes: 200_000, topic: { compression: { codec: 1, level: 6 } } });
  await lane.beginWindow();
  const noise = Buffer.from(Uint8Array.from({ length: 30_000 }, (_, i) => (i * i * 2_654_435_761) >>> 13)).toString(
    'base64',
  );
  for (const value of ['a', noise, noise.slice(0, 9_000)]) {
    lane.produce({ partitions: [0, 1].map((partition) => [partition, makeBatch({ values: [value] })] as const) });
  }
  await lane.world.pass(200);
  const [put] = lane.store.puts;
  const object = put!.bytes();
  expect(put!.crc32c).toBe(native.crc32c(object, 0, object.length, 0));
  const { extents } = decodeFooter(object, object.length);
  expect(extents.map(({ batches }) => batches)).toEqual([3, 3]);
  for (const { position, length, crc32c } of extents) {
    expect(crc32c).toBe(native.crc32c(object, position, length, 0));
  }
  expect(object.length).toBeGreaterThan(2 * 30_000);
});

test('requests wait for the topics that they were sent after', async () => {
  const lane = new LaneHarness();
  lane.store.open = true;
  const request = lane.produce({ topic: 'new', topicsRevision: 3, partitions: [[0, makeBatch()]] });
  await lane.world.pass(500);
  expect(lane.answers).toEqual([]);
  lane.apply(3, 0, {
    kind: {
      $case: 'createTopic',
      value: { name: 'new', topicId: new Uint8Array(16).fill(2), partitions: 1, configs: [] },
    },
  });
  lane.topics([{ ...TOPIC, name: 'new', topicId: Buffer.alloc(16, 2).toString('base64url') }]);
  await lane.world.pass(200);
  expect(lane.outcome(request)).toEqual([[0, 0]]);
});

test('a drain seals at once and ends when everything is answered', async () => {
  const lane = new LaneHarness({ batchWindowMs: 10_000 });
  const request = lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(10);
  lane.post({ type: 'drain' });
  await lane.world.pass(10);
  expect(lane.store.puts).toHaveLength(1);
  expect(lane.of('drained')).toHaveLength(0);
  lane.store.puts[0]!.accept();
  await lane.world.pass(10);
  expect(lane.outcome(request)).toEqual([[0, 0]]);
  expect(lane.of('drained')).toHaveLength(1);
});

test('what a vanished connection sent is stored, and nobody is answered', async () => {
  const lane = new LaneHarness();
  await lane.beginWindow();
  lane.store.open = true;
  lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(1);
  lane.post({ type: 'connection-closed', connection: 1, turnsHeard: lane.turns.length });
  await lane.world.pass(200);
  expect(lane.answers).toEqual([]);
  expect(lane.metadata.topicById(TOPIC.topicId)!.partitions[0]!.highWatermark).toBe(1);
});

test('a window that becomes longer while a segment is open is kept to, and to the millisecond', async () => {
  const lane = new LaneHarness();
  await lane.beginWindow();
  lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(50);
  lane.worker.post({ type: 'window', batchWindowMs: 130 });
  await lane.world.pass(79);
  expect(lane.store.puts).toHaveLength(0);
  await lane.world.pass(2);
  expect(lane.store.puts).toHaveLength(1);
});

test('an upload slower than usual is sent once more under a new key; what was stored first is published, the other let go', async () => {
  const lane = new LaneHarness({ batchBytes: 1 });
  for (let i = 0; i < 40; i += 1) {
    lane.produce({ partitions: [[0, makeBatch()]] });
    await lane.world.pass(2);
    lane.store.acceptAll();
    await lane.world.pass(1);
  }
  const request = lane.produce({ partitions: [[1, makeBatch()]] });
  await lane.world.pass(2);
  const [slow] = lane.store.puts;
  await lane.world.pass(2);
  expect(lane.store.puts.map(({ key }) => key)).toEqual(['test/data/1/41', 'test/data/1/42']);
  lane.store.puts[1]!.accept();
  await lane.world.pass(1);
  expect(lane.outcome(request)).toEqual([[0, 0]]);
  expect(slow!.givenUp()).toBe(true);
  const segments: number[] = [];
  lane.metadata.scanExtents(TOPIC.topicId, 1, 0, ({ segment }) => segments.push(segment) > 0);
  expect(segments).toEqual([42]);
});
