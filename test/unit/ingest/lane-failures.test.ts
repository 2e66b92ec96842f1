import { expect, test } from 'vitest';
import { partAnswers } from '../../../src/ingest/messages.js';
import { encodeBatch } from '../../../src/records/encode.js';
import { TRANSACTIONAL } from '../../../src/records/header.js';
import { LaneHarness, TOPIC } from './lane-harness.js';
import { makeBatch } from './make-batch.js';

test('an upload of unknown outcome is repeated under a new key, an unavailable store under the same', async () => {
  const lane = new LaneHarness({ batchBytes: 1 });
  const request = lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(1);
  lane.store.puts[0]!.fail('unavailable');
  await lane.world.pass(5_000);
  expect(lane.store.puts.map(({ key }) => key)).toEqual(['test/data/1/1', 'test/data/1/1']);
  lane.store.puts[1]!.fail('unknown', true);
  await lane.world.pass(5_000);
  lane.store.objects.set('test/data/1/3', new Uint8Array(1));
  lane.store.puts[2]!.fail('precondition-failed');
  await lane.world.pass(5_000);
  lane.store.puts[3]!.accept();
  await lane.world.pass(1);
  expect(lane.store.puts.map(({ key }) => key)).toEqual([
    'test/data/1/1',
    'test/data/1/1',
    'test/data/1/2',
    'test/data/1/4',
  ]);
  expect(lane.outcome(request)).toEqual([[0, 0]]);
  expect(lane.of('publish')).toMatchObject([{ number: 1, segment: 4 }]);
});

test('a request times out as its client asked; before its publish was sent it certainly never becomes visible', async () => {
  const lane = new LaneHarness({ batchBytes: 1 });
  const request = lane.produce({ timeoutMs: 1_000, partitions: [[0, makeBatch()]] });
  const patient = lane.produce({ timeoutMs: 5_000, connection: 2, partitions: [[1, makeBatch()]] });
  await lane.world.pass(1_500);
  expect(lane.outcome(request)).toEqual([[7, -1]]);
  expect(lane.outcome(patient)).toBeUndefined();
  lane.store.acceptAll();
  await lane.world.pass(10);
  expect(lane.outcome(patient)).toEqual([[0, 0]]);
  expect(lane.metadata.topicById(TOPIC.topicId)!.partitions.map((p) => p.highWatermark)).toEqual([0, 1, 0, 0]);
  lane.holdPublishes = true;
  const posted = lane.produce({ timeoutMs: 1_000, partitions: [[0, makeBatch({ producerId: 9 })]] });
  await lane.world.pass(1);
  lane.store.puts.at(-1)!.accept();
  await lane.world.pass(1_500);
  expect(lane.outcome(posted)).toEqual([[7, -1]]);
  lane.releasePublishes();
  lane.holdPublishes = false;
  await lane.world.pass(10);
  // As in Kafka it was stored all the same; the retry is told where.
  lane.store.open = true;
  const retry = lane.produce({ partitions: [[0, makeBatch({ producerId: 9 })]] });
  await lane.world.pass(200);
  expect(lane.outcome(retry)).toEqual([[0, 0]]);
  expect(lane.metadata.topicById(TOPIC.topicId)!.partitions[0]!.highWatermark).toBe(1);
});

test('with acks 0 and 1 a publish that was sent is waited for: only what certainly never becomes visible is sent again', async () => {
  const lane = new LaneHarness({ batchBytes: 1 });
  lane.holdPublishes = true;
  const [none, one] = [0, 1].map((acks) => lane.produce({ acks, connection: acks, partitions: [[0, makeBatch()]] }));
  await lane.world.pass(1);
  lane.store.acceptAll();
  await lane.world.pass(60_000);
  expect([none, one].map((request) => lane.answer(request!))).toEqual([undefined, undefined]);
  lane.releasePublishes();
  lane.holdPublishes = false;
  await lane.world.pass(10);
  expect(lane.answer(none!)).toMatchObject({ close: false, partitions: undefined });
  expect(lane.outcome(one!)).toEqual([[0, 1]]);
});

test('with the store down nothing is acknowledged and every client gets its answer', async () => {
  const lane = new LaneHarness({ batchBytes: 1, uploadsMax: 1 });
  const requests = [1, 2, 3].map((connection) =>
    lane.produce({ connection, acks: connection - 2, partitions: [[0, makeBatch()]] }),
  );
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      await lane.world.pass(1_000);
      lane.store.failAll('unavailable');
    }
  };
  await pass(32);
  // Only acks=all has a timeout of its own; the others are waited for as long as any client waits.
  expect(requests.map((request) => lane.answer(request) === undefined)).toEqual([false, true, true]);
  await pass(60);
  expect(requests.map((request) => lane.answer(request))).toMatchObject([
    { partitions: [{ errorCode: 7 }] },
    { partitions: undefined, close: true },
    { partitions: [{ errorCode: 7 }] },
  ]);
  lane.store.open = true;
  const after = lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(1_000);
  expect(lane.outcome(after)).toEqual([[0, 0]]);
});

test('a refused publish fails its requests with the given error', async () => {
  const lane = new LaneHarness({ batchBytes: 1, agentEpoch: 1 });
  lane.store.open = true;
  lane.holdPublishes = true;
  const request = lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(1);
  lane.post({ type: 'publish-refused', number: 1, error: 6 });
  await lane.world.pass(1);
  expect(lane.outcome(request)).toEqual([[6, -1]]);
  expect(lane.of('readable')).toEqual([]);
});

test('acks=0 gets no frame, and a closed connection when a partition fails', async () => {
  const lane = new LaneHarness();
  lane.store.open = true;
  const good = lane.produce({ acks: 0, partitions: [[0, makeBatch()]] });
  const bad = lane.produce({
    acks: 0,
    connection: 2,
    partitions: [
      [0, makeBatch()],
      [9, makeBatch()],
    ],
  });
  const garbage = lane.send(Uint8Array.of(1, 2, 3), { connection: 3 });
  await lane.world.pass(200);
  expect([good, bad, garbage].map((request) => lane.answer(request))).toEqual([
    { request: good, partitions: undefined, close: false },
    { request: bad, partitions: undefined, close: true },
    { request: garbage, partitions: undefined, close: true },
  ]);
  expect(new Set(lane.released)).toEqual(new Set([good, bad, garbage]));
});

const flawed: readonly [string, Parameters<LaneHarness['produce']>[0], number][] = [
  ['acks 2', { acks: 2, partitions: [[0, makeBatch()]] }, 21],
  ['acks 2 in an unknown topic', { acks: 2, topic: 'nobody', partitions: [[0, makeBatch()]] }, 3],
  ['acks 2 with two batches', { acks: 2, partitions: [[0, Buffer.concat([makeBatch(), makeBatch()])]] }, 87],
  ['an unknown topic', { topic: 'nobody', partitions: [[0, makeBatch()]] }, 3],
  ['a partition out of range', { partitions: [[4, makeBatch()]] }, 3],
  ['a negative partition', { partitions: [[-1, makeBatch()]] }, 3],
  ['an unknown topic id', { version: 13, topicId: 'BBBBBBBBBBBBBBBBBBBBAQ', partitions: [[0, makeBatch()]] }, 100],
  ['null records', { partitions: [[0, null]] }, 87],
  ['empty records', { partitions: [[0, new Uint8Array(0)]] }, 87],
  ['a damaged batch', { partitions: [[0, damaged()]] }, 2],
  ['a transactional batch', { transactionalId: 't', partitions: [[0, transactional()]] }, 48],
  ['two batches', { partitions: [[0, Buffer.concat([makeBatch(), makeBatch()])]] }, 87],
];

test.each(flawed)('%s fails its partition and nothing else', async (_name, spec, error) => {
  const lane = new LaneHarness();
  lane.store.open = true;
  const bad = lane.produce(spec);
  const good = lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(200);
  expect(lane.outcome(bad)).toEqual([[error, -1]]);
  expect(lane.outcome(good)).toEqual([[0, 0]]);
});

test('a transactional batch without a transactional id fails the whole request, whatever else is wrong with it', async () => {
  const lane = new LaneHarness();
  lane.store.open = true;
  const request = lane.produce({
    partitions: [
      [0, makeBatch()],
      [1, transactional()],
      [9, makeBatch()],
    ],
  });
  await lane.world.pass(200);
  expect(lane.outcome(request)).toEqual([
    [53, -1],
    [53, -1],
    [53, -1],
  ]);
});

test('a transactional id beside batches of no transaction means nothing', async () => {
  const lane = new LaneHarness();
  lane.store.open = true;
  const request = lane.produce({ transactionalId: 't', partitions: [[0, makeBatch()]] });
  await lane.world.pass(200);
  expect(lane.outcome(request)).toEqual([[0, 0]]);
});

test('a partition that a request names twice fails both times: Kafka would silently drop one of them', async () => {
  const lane = new LaneHarness();
  lane.store.open = true;
  const request = lane.produce({
    partitions: [
      [0, makeBatch()],
      [1, makeBatch()],
      [0, makeBatch()],
    ],
  });
  await lane.world.pass(200);
  expect(lane.outcome(request)).toEqual([
    [87, -1],
    [0, 0],
    [87, -1],
  ]);
});

test('so is one that is named twice among many', async () => {
  const lane = new LaneHarness();
  const partitions = Array.from({ length: 20 }, (_, index) => [index === 19 ? 2 : index, makeBatch()] as const);
  const request = lane.produce({ partitions });
  lane.store.open = true;
  await lane.world.pass(500);
  const wanted = partitions.map(([index]) => (index === 2 ? 87 : index < 4 ? 0 : 3));
  expect(lane.outcome(request)?.map(([error]) => error)).toEqual(wanted);
});

test('with uploads held back, requests stay in the ring and memory stays bounded', async () => {
  const lane = new LaneHarness({ batchBytes: 1000, uploadsMax: 2 });
  const requests = Array.from({ length: 20 }, (_, i) =>
    lane.produce({ connection: i, partitions: [[0, makeBatch({ values: ['v'.repeat(400)] })]] }),
  );
  await lane.world.pass(1_000);
  // Two segments of two requests are on their way, two more requests fill the open one, the rest was not taken.
  expect(lane.store.puts).toHaveLength(2);
  expect(lane.released).toEqual([1, 2, 3, 4]);
  lane.store.open = true;
  lane.store.acceptAll();
  await lane.world.pass(1_000);
  expect(requests.map((request) => lane.outcome(request)![0])).toEqual(requests.map((_, i) => [0, i]));
});

test('an arena of pinned segments stops the lane until a reader lets go', async () => {
  const { pinSlot, unpinSlot } = await import('../../../src/threads/pins.js');
  const lane = new LaneHarness({ batchBytes: 1000, segmentBytes: 1500 });
  lane.store.open = true;
  const one = () => makeBatch({ values: ['v'.repeat(900)] });
  lane.produce({ partitions: [[0, one()]] });
  await lane.world.pass(200);
  const { slot, slotGeneration } = lane.of('readable')[0]!;
  const pins = new Int32Array(lane.init.pins);
  expect(pinSlot(pins, slot, slotGeneration)).toBe(true);
  const waiting = lane.produce({ partitions: [[0, one()]] });
  await lane.world.pass(500);
  expect(lane.outcome(waiting)).toBeUndefined();
  unpinSlot(pins, slot);
  await lane.world.pass(50);
  expect(lane.outcome(waiting)).toEqual([[0, 1]]);
  expect(pinSlot(pins, slot, slotGeneration)).toBe(false);
});

test('a request that no arena could hold is refused', async () => {
  const lane = new LaneHarness({ segmentBytes: 1000 });
  const request = lane.produce({ partitions: [[0, makeBatch({ values: ['v'.repeat(1000)] })]] });
  await lane.world.pass(200);
  expect(lane.outcome(request)).toEqual([[10, -1]]);
});

/** One bit of a record is wrong. */
function damaged(): Uint8Array {
  const batch = makeBatch();
  batch[batch.length - 2]! ^= 1;
  return batch;
}

function transactional(): Uint8Array {
  return encodeBatch({
    records: [{ value: Buffer.from('v') }],
    producer: { id: 1, epoch: 0, baseSequence: 0 },
    attributes: TRANSACTIONAL,
  });
}

test('answers say whether a request was stored, was not, or may yet be', async () => {
  const lane = new LaneHarness({ batchWindowMs: 10 });
  lane.holdPublishes = true;
  lane.store.open = true;
  const undecided = lane.produce({ connection: 1, timeoutMs: 100, partitions: [[0, makeBatch()]] });
  await lane.world.pass(500);
  lane.store.open = false;
  const failed = lane.produce({ connection: 2, timeoutMs: 100, partitions: [[0, makeBatch()]] });
  await lane.world.pass(500);
  lane.releasePublishes();
  lane.holdPublishes = false;
  lane.store.open = true;
  lane.store.acceptAll();
  const decided = lane.produce({ connection: 3, partitions: [[0, makeBatch()]] });
  await lane.world.pass(500);
  const fates = lane
    .of('answers')
    .flatMap(({ answers }) => partAnswers(answers).map(({ request, fate }) => [request, fate]));
  expect(fates).toEqual([
    [undecided, 'undecided'],
    [failed, 'failed'],
    [decided, 'decided'],
  ]);
});
