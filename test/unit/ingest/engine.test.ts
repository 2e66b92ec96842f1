import { expect, test } from 'vitest';
import { MemoryReading } from '../../../src/cache/hot-segments.js';
import { EngineHarness, TOPIC_ID } from './engine-harness.js';
import { makeBatch } from './make-batch.js';

const acknowledged = (baseOffset: number) => ({ released: 1, answers: [{ error: 0, baseOffset, close: false }] });

test('a request goes through the lane to the metadata, is acknowledged once and can be read from memory', async () => {
  const agent = new EngineHarness();
  agent.store.open = true;
  await agent.createTopic('orders');
  await agent.world.pass(1);
  await agent.engine.ready();
  const sent = agent.produce(1, makeBatch({ values: ['a', 'b'] }));
  const second = agent.produce(2, makeBatch());
  await agent.world.pass(200);
  expect([sent, second]).toEqual([acknowledged(0), acknowledged(2)]);
  const reading = new MemoryReading(0);
  const request = { topicId: TOPIC_ID, partition: 0, offset: 0, bytesMax: 1000, atLeastOne: true };
  expect(agent.hot.readOn(agent.extent(0), request, reading)).toBe(true);
  expect(reading.nextOffset).toBe(3);
  reading.release();
  expect(agent.telemetry.total('producedRecords')).toBe(3);
});

test('a fetch that wakes on the entry waits for the stamp instead of going to the store', async () => {
  const agent = new EngineHarness();
  agent.store.open = true;
  await agent.createTopic('orders');
  let soon: Promise<void> | undefined;
  agent.metadata.onApplied((_revision, { advanced }) => {
    if (advanced.length > 0) {
      soon = agent.hot.soon(agent.extent(0));
    }
  });
  agent.produce(1, makeBatch());
  await agent.world.pass(200);
  expect(soon).toBeInstanceOf(Promise);
  await soon;
  expect(agent.hot.soon(agent.extent(0))).toBeUndefined();
});

test('a connection keeps its lane while it waits, however full the lane is', async () => {
  const agent = new EngineHarness({ batchBytes: 1000 });
  await agent.createTopic('orders');
  for (let i = 0; i < 5; i += 1) {
    agent.produce(1, makeBatch({ values: ['v'.repeat(600)] }));
  }
  expect(agent.workers).toHaveLength(1);
  agent.produce(2, makeBatch());
  expect(agent.workers).toHaveLength(2);
});

test('one lane at low load, a second when the first has a segment to seal', async () => {
  const agent = new EngineHarness({ batchBytes: 1000 });
  await agent.createTopic('orders');
  const quiet = [1, 2, 3].map((connection) => agent.produce(connection, makeBatch({ values: ['v'.repeat(100)] })));
  expect(agent.workers).toHaveLength(1);
  const busy = [4, 5, 6].map((connection) => agent.produce(connection, makeBatch({ values: ['v'.repeat(600)] })));
  expect(agent.workers).toHaveLength(2);
  const sticky = agent.produce(1, makeBatch());
  agent.store.open = true;
  await agent.world.pass(500);
  for (const { answers } of [...quiet, ...busy, sticky]) {
    expect(answers).toMatchObject([{ error: 0, close: false }]);
  }
  const lanes = new Set(agent.metadata.forwarded.map(([stream]) => stream));
  expect([...lanes].sort()).toEqual([1, 2]);
  // Segment numbers of all lanes are dense.
  const numbers = [...agent.store.objects.keys()].map((key) => Number(key.split('/').at(-1))).sort();
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  // Once it has been quiet for a while, everyone shares the first lane again.
  const later = [1, 4, 5, 6].map((connection) => agent.produce(connection, makeBatch()));
  agent.metadata.forwarded.length = 0;
  await agent.world.pass(500);
  expect(later.map(({ answers }) => answers.length)).toEqual([1, 1, 1, 1]);
  expect(new Set(agent.metadata.forwarded.map(([stream]) => stream))).toEqual(new Set([1]));
});

test('when a worker crashes its connections are closed, its memory is given back, and a new lane takes over', async () => {
  const agent = new EngineHarness({ batchBytes: 500, lanesMax: 1 });
  agent.store.open = true;
  await agent.createTopic('orders');
  const before = agent.produce(1, makeBatch());
  await agent.world.pass(200);
  agent.store.open = false;
  const uploading = agent.produce(1, makeBatch({ values: ['v'.repeat(600)] }));
  const buffered = agent.produce(2, makeBatch());
  await agent.world.pass(1);
  agent.workers[0]!.crash(new Error('a bug'));
  expect([uploading, buffered]).toMatchObject([
    { released: 1, answers: [{ close: true, error: undefined }] },
    { released: 1, answers: [{ close: true, error: undefined }] },
  ]);
  agent.engine.connectionClosed(1);
  agent.engine.connectionClosed(2);
  // Produced while there is no worker: it waits in the new lane's ring.
  const waiting = agent.produce(3, makeBatch());
  agent.store.open = true;
  await agent.world.pass(1_000);
  expect(agent.workers).toHaveLength(2);
  expect([before, waiting]).toEqual([acknowledged(0), acknowledged(1)]);
  expect(agent.metadata.forwarded.map(([stream, number]) => [stream, number])).toEqual([
    [1, 1],
    [2, 1],
  ]);
  expect(agent.telemetry.total('workersCrashed')).toBe(1);
});

test('a publish that was sent when its lane died is applied, and nobody waits for its stamp', async () => {
  const agent = new EngineHarness({ batchBytes: 1 });
  agent.store.open = true;
  await agent.createTopic('orders');
  const sent = agent.produce(1, makeBatch());
  await agent.world.pass(3);
  expect(agent.metadata.forwarded).toHaveLength(1);
  agent.workers[0]!.crash(new Error('a bug'));
  await agent.world.pass(10);
  expect(sent.answers).toEqual([{ error: undefined, baseOffset: undefined, close: true }]);
  expect(agent.metadata.view.topicById(TOPIC_ID)!.partitions[0]!.highWatermark).toBe(1);
  expect(agent.hot.soon(agent.extent(0))).toBeUndefined();
});

test('a closed epoch answers retriably that this agent is not the one to ask', async () => {
  const agent = new EngineHarness();
  agent.store.open = true;
  await agent.createTopic('orders');
  agent.metadata.unavailable = true;
  const sent = agent.produce(1, makeBatch());
  await agent.world.pass(200);
  expect(sent).toMatchObject({ released: 1, answers: [{ error: 6 }] });
});

test('a full ring holds requests back in order, and loses none', async () => {
  const agent = new EngineHarness({ lanesMax: 1, batchBytes: 1_000_000 });
  agent.store.open = true;
  await agent.createTopic('orders');
  const batch = makeBatch();
  const sent = Array.from({ length: 8_000 }, (_, i) => agent.produce(i % 100, batch));
  await agent.world.pass(1_000);
  expect(sent.map(({ answers }) => answers[0]!.baseOffset)).toEqual(sent.map((_, i) => i));
  expect(sent.every(({ released, answers }) => released === 1 && answers.length === 1)).toBe(true);
});

test('a request does not overtake those that were held back before it', async () => {
  const agent = new EngineHarness({ lanesMax: 1, batchBytes: 1_000_000, laneBytes: 4 * 1024 * 1024 });
  agent.store.open = true;
  await agent.createTopic('orders');
  const batch = makeBatch();
  const sent = Array.from({ length: 6_000 }, () => agent.produce(1, batch));
  // By now the worker has emptied the ring, and the held ones have not been moved yet.
  await agent.world.pass(1);
  sent.push(agent.produce(1, batch));
  await agent.world.pass(1_000);
  expect(sent.map(({ answers }) => answers[0]!.baseOffset)).toEqual(sent.map((_, i) => i));
});

test('a closed connection is not answered, and its bytes come back all the same', async () => {
  const agent = new EngineHarness();
  agent.store.open = true;
  await agent.createTopic('orders');
  const sent = agent.produce(1, makeBatch());
  const other = agent.produce(2, makeBatch());
  agent.engine.connectionClosed(1);
  await agent.world.pass(200);
  expect(sent).toEqual({ released: 1, answers: [] });
  expect(other).toEqual(acknowledged(1));
});

test('what was sent before an answer that closes its connection is answered, too', async () => {
  const agent = new EngineHarness();
  await agent.createTopic('orders');
  await agent.world.pass(1);
  const stored = agent.produce(1, makeBatch(), 'orders', 0, 30_000, 0);
  const refused = agent.produce(1, makeBatch(), 'nobody', 0, 30_000, 0);
  await agent.world.pass(200);
  expect(refused.answers).toEqual([{ error: undefined, baseOffset: undefined, close: true }]);
  expect(stored.answers).toEqual([]);
  agent.store.acceptAll();
  await agent.world.pass(200);
  expect(stored.answers).toEqual([{ error: undefined, baseOffset: undefined, close: false }]);
});

test('a drain answers what was taken and then resolves', async () => {
  const agent = new EngineHarness({ batchWindowMs: 10_000 });
  await agent.createTopic('orders');
  await agent.world.pass(1);
  const sent = agent.produce(1, makeBatch());
  let drained = false;
  void agent.engine.drain().then(() => {
    drained = true;
  });
  await agent.world.pass(100);
  expect(drained).toBe(false);
  agent.store.acceptAll();
  await agent.world.pass(100);
  expect([drained, sent]).toEqual([true, acknowledged(0)]);
  await agent.engine.close();
});

test('windows lengthen when extents come too fast', async () => {
  const agent = new EngineHarness({ batchWindowMs: 5 });
  // 2 MB spread over the horizon: eleven extents a second.
  await agent.metadata.submit({
    kind: { $case: 'setLimits', value: { metadataBytesMax: 2_000_000, producerRowsMax: 0 } },
  });
  agent.store.open = true;
  await agent.createTopic('orders');
  const readWindow = () => agent.telemetry.total('batchWindow') * 1000;
  expect(readWindow()).toBe(5);
  // A retried publish is not merged by the metadata here, so every window adds an extent.
  for (let i = 0; i < 1_000; i += 1) {
    agent.produce(1, makeBatch());
    await agent.world.pass(20);
  }
  expect(readWindow()).toBeGreaterThan(10);
});
