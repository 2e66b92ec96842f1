// What a connection sent behind a request that failed fails with it: nothing overtakes what has to be sent again.
import { expect, test } from 'vitest';
import { LaneHarness, TOPIC } from './lane-harness.js';
import { makeBatch } from './make-batch.js';

test('a failed segment spends its number, and its connections lose what they sent after it, nobody else', async () => {
  const lane = new LaneHarness({ batchBytes: 300 });
  const one = () => makeBatch({ values: ['v'.repeat(250)] });
  const early = lane.produce({ connection: 1, partitions: [[0, one()]] });
  const failing = lane.produce({ connection: 1, partitions: [[0, one()]] });
  const later = lane.produce({
    connection: 1,
    partitions: [
      [0, makeBatch()],
      [1, makeBatch()],
    ],
  });
  const neighbour = lane.produce({ connection: 2, partitions: [[0, makeBatch({ values: ['n'] })]] });
  await lane.world.pass(1);
  const open = lane.produce({ connection: 1, partitions: [[2, makeBatch()]] });
  await lane.world.pass(5);
  expect(lane.store.puts).toHaveLength(3);
  lane.store.puts[1]!.fail('full');
  await lane.world.pass(1);
  expect(lane.of('upload-failed').map(({ reason }) => reason)).toEqual(['the test said full']);
  expect([failing, later, open].map((request) => lane.outcome(request))).toEqual([
    [[56, -1]],
    [
      [56, -1],
      [56, -1],
    ],
    [[56, -1]],
  ]);
  expect(lane.outcome(early)).toBeUndefined();
  const retried = lane.produce({ connection: 1, partitions: [[0, one()]] });
  lane.store.open = true;
  lane.store.puts[0]!.accept();
  lane.store.puts[2]!.accept();
  await lane.world.pass(200);
  expect(lane.commands.map(({ kind }) => kind!.$case)).toEqual([
    'publishSegment',
    'skipNumber',
    'publishSegment',
    'publishSegment',
  ]);
  expect([early, neighbour, retried].map((request) => lane.outcome(request))).toEqual([[[0, 0]], [[0, 1]], [[0, 2]]]);
  // The dead batches lay in the neighbour's segment; only the neighbour's became visible.
  expect(lane.metadata.topicById(TOPIC.topicId)!.partitions.map((p) => p.highWatermark)).toEqual([3, 0, 0, 0]);
});

test('what a failed connection had sent before the failure fails even when it is taken afterwards', async () => {
  const lane = new LaneHarness({ batchBytes: 1 });
  const failing = lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(1);
  const behind = lane.produce({ topicsRevision: 3, partitions: [[0, makeBatch()]] });
  lane.store.puts[0]!.fail('denied');
  await lane.world.pass(1);
  lane.topics([], [], 3);
  await lane.world.pass(1);
  expect([failing, behind].map((request) => lane.outcome(request))).toEqual([[[56, -1]], [[56, -1]]]);
  expect(lane.store.puts).toHaveLength(1);
});

test('what came before the failure was heard of fails with it, though it came later by the clock', async () => {
  const lane = new LaneHarness({ batchBytes: 1 });
  const failing = lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(1);
  const turnsHeard = lane.turns.length;
  lane.store.puts[0]!.fail('denied');
  await lane.world.pass(5);
  lane.store.open = true;
  const late = lane.produce({ turnsHeard, partitions: [[0, makeBatch()]] });
  await lane.world.pass(1);
  const again = lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(200);
  const outcomes = [failing, late, again].map((request) => lane.outcome(request));
  expect(outcomes).toEqual([[[56, -1]], [[56, -1]], [[0, 0]]]);
});

test('a producer whose first batch is lost is disconnected: its second must not be taken for the first', async () => {
  const lane = new LaneHarness({ batchBytes: 1 });
  const first = lane.produce({ partitions: [[0, makeBatch({ producerId: 5, baseSequence: 0 })]] });
  const other = lane.produce({ connection: 2, partitions: [[0, makeBatch({ producerId: 6, baseSequence: 4 })]] });
  await lane.world.pass(1);
  lane.store.failAll('full');
  await lane.world.pass(1);
  expect([first, other].map((request) => lane.answer(request))).toMatchObject([
    { close: true, partitions: [{ errorCode: 56 }] },
    { close: false, partitions: [{ errorCode: 56 }] },
  ]);
  // It comes before the connection is closed, long after the failure.
  lane.store.open = true;
  await lane.world.pass(50);
  const later = lane.produce({ partitions: [[0, makeBatch({ producerId: 5, baseSequence: 1 })]] });
  await lane.world.pass(100);
  expect(lane.outcome(later)).toEqual([[56, -1]]);
});

test('nor after the connection is closed, when what it had sent still lies in the ring', async () => {
  const lane = new LaneHarness({ batchBytes: 1 });
  const first = lane.produce({ partitions: [[0, makeBatch({ producerId: 5, baseSequence: 0 })]] });
  await lane.world.pass(1);
  // Cannot be taken before the lane knows of revision 3.
  const second = makeBatch({ producerId: 5, baseSequence: 1 });
  lane.produce({ topicsRevision: 3, partitions: [[0, second]] });
  lane.store.failAll('full');
  await lane.world.pass(1);
  expect(lane.answer(first)).toMatchObject({ close: true });
  lane.post({ type: 'connection-closed', connection: 1, turnsHeard: lane.turns.length });
  lane.store.open = true;
  await lane.world.pass(1);
  lane.topics([], [], 3);
  await lane.world.pass(200);
  expect(lane.metadata.topicById(TOPIC.topicId)!.partitions[0]!.highWatermark).toBe(0);
});

test('a request that is to fail with one before it is answered so and not stored, whatever lane it comes to', async () => {
  const lane = new LaneHarness();
  lane.store.open = true;
  const failing = lane.produce({ connection: 1, fails: true, partitions: [[0, makeBatch({ values: ['lost'] })]] });
  const later = lane.produce({ connection: 1, partitions: [[0, makeBatch()]] });
  await lane.world.pass(200);
  expect([failing, later].map((request) => lane.outcome(request))).toEqual([[[56, -1]], [[0, 0]]]);
  expect(lane.released).toContain(failing);
});
