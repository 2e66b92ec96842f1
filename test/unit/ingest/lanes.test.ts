import { expect, test, vi } from 'vitest';
import { LaneConnection } from '../../../src/ingest/lane-connection.js';
import { Lanes, type Place } from '../../../src/ingest/lanes.js';
import { EngineHarness, type Sent, TOPIC_ID } from './engine-harness.js';
import { makeBatch } from './make-batch.js';
import { VirtualWorld } from './virtual-world.js';

const CONNECTIONS = [1, 2, 3, 4];

/** A lane whose thread is as busy as can be from now on, until the result is called. */
function keepBusy(agent: EngineHarness, worker: number): () => void {
  let busy = true;
  let busyMs = agent.workers[worker]!.busyMs();
  const tick = () => {
    if (!busy) return;
    busyMs += 10;
    agent.workers[worker]!.busy = busyMs;
    agent.world.timers.after(10, tick);
  };
  tick();
  return () => {
    busy = false;
  };
}

/** Each connection has one request in flight, and sends the next one with its answer, until `untilMs` have passed. */
async function produceFor(agent: EngineHarness, durationMs: number, connections = CONNECTIONS) {
  const sent = new Map<number, Sent[]>(connections.map((connection) => [connection, []]));
  for (let passedMs = 0; passedMs < durationMs; passedMs += 5) {
    for (const [connection, all] of sent) {
      if (all.filter(({ answers }) => answers.length === 0).length < 2)
        all.push(agent.produce(connection, makeBatch()));
    }
    await agent.world.pass(5);
  }
  return sent;
}

const streams = (agent: EngineHarness) => [...new Set(agent.metadata.forwarded.map(([stream]) => stream))].sort();

async function grown(settings: ConstructorParameters<typeof EngineHarness>[0] = {}) {
  const agent = new EngineHarness({ batchBytes: 1_000_000, laneBytes: 4 * 1024 * 1024, ...settings });
  agent.store.open = true;
  await agent.createTopic('orders');
  const relax = keepBusy(agent, 0);
  const sent = await produceFor(agent, 400);
  return { agent, relax, sent };
}

test('a lane that is busy all the time gives half of its connections to a second one; their order holds', async () => {
  const { agent, sent } = await grown();
  expect(agent.workers).toHaveLength(2);
  agent.metadata.forwarded.length = 0;
  const more = await produceFor(agent, 400);
  expect(streams(agent)).toEqual([1, 2]);
  await agent.world.pass(200);
  for (const connection of CONNECTIONS) {
    const answers = [...sent.get(connection)!, ...more.get(connection)!].flatMap((request) => request.answers);
    const offsets = answers.map(({ baseOffset }) => baseOffset!);
    expect(answers.every(({ error }) => error === 0)).toBe(true);
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
    expect(new Set(offsets).size).toBe(offsets.length);
  }
});

test('one that has a quiet spell between does not grow, nor does one with a single connection, nor beyond the most', async () => {
  const spells = new EngineHarness({ batchBytes: 1_000_000, laneBytes: 4 * 1024 * 1024 });
  spells.store.open = true;
  await spells.createTopic('orders');
  for (let i = 0; i < 10; i += 1) {
    spells.workers[0]!.busy = (i + 1) * 20;
    await produceFor(spells, 40);
  }
  expect(spells.workers).toHaveLength(1);
  keepBusy(spells, 0);
  await produceFor(spells, 400, [1]);
  expect(spells.workers).toHaveLength(1);
  const { agent } = await grown({ lanesMax: 1 });
  expect(agent.workers).toHaveLength(1);
});

test('after a quiet while all connections share the first lane, then the second worker ends, and it starts again when needed', async () => {
  const { agent, relax } = await grown();
  const ended: unknown[] = [];
  agent.workers[1]!.onExit((error) => ended.push(error));
  relax();
  await produceFor(agent, 700);
  agent.metadata.forwarded.length = 0;
  await produceFor(agent, 400);
  expect(streams(agent)).toEqual([1]);
  expect(ended).toEqual([]);
  const former = agent.telemetry.total('workersCrashed');
  await produceFor(agent, 1_000);
  expect(ended).toEqual([undefined]);
  expect(agent.telemetry.total('workersCrashed')).toBe(former);
  keepBusy(agent, 0);
  await produceFor(agent, 400);
  agent.metadata.forwarded.length = 0;
  await produceFor(agent, 400);
  expect(agent.workers).toHaveLength(3);
  expect(streams(agent)).toEqual([1, 2]);
});

test('a lane that rests is taken again before a new one starts', async () => {
  const { agent, relax } = await grown();
  relax();
  await produceFor(agent, 900);
  keepBusy(agent, 0);
  await produceFor(agent, 400);
  agent.metadata.forwarded.length = 0;
  await produceFor(agent, 400);
  expect(agent.workers).toHaveLength(2);
  expect(streams(agent)).toEqual([1, 2]);
});

/** Two requests of each connection are unanswered in the first lane; half of the connections are about to leave it. */
async function moving(settings: ConstructorParameters<typeof EngineHarness>[0] = {}, timeoutMs = 30_000) {
  const agent = new EngineHarness({
    batchBytes: 1_000_000,
    laneBytes: 4 * 1024 * 1024,
    batchWindowMs: 10,
    ...settings,
  });
  await agent.createTopic('orders');
  await agent.world.pass(1);
  keepBusy(agent, 0);
  const produce = (connection: number) => agent.produce(connection, makeBatch(), 'orders', 0, timeoutMs);
  const first = CONNECTIONS.map(produce);
  await agent.world.pass(30);
  const second = CONNECTIONS.map(produce);
  await agent.world.pass(40);
  expect(agent.workers).toHaveLength(2);
  const held = CONNECTIONS.map(produce);
  await agent.world.pass(5);
  return { agent, first, second, held };
}

test('what a moving connection sends waits until all before it is answered, then goes to the other lane', async () => {
  const { agent, first, second, held } = await moving();
  expect(agent.metadata.forwarded).toEqual([]);
  agent.store.open = true;
  agent.store.acceptAll();
  await agent.world.pass(200);
  expect(streams(agent)).toEqual([1, 2]);
  const all = [...first, ...second, ...held].map(({ answers }) => answers[0]?.baseOffset);
  expect(all.slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(all.slice(8).toSorted()).toEqual([10, 11, 8, 9]);
});

test('what was held back fails with what failed before it, in whatever lane', async () => {
  const { agent, first, second, held } = await moving();
  agent.store.failAll('denied');
  agent.store.open = true;
  await agent.world.pass(200);
  const errors = [...first, ...second, ...held].map(({ answers }) => answers[0]?.error);
  expect(errors).toEqual(errors.map(() => 56));
  expect(agent.metadata.view.topicById(TOPIC_ID)!.partitions[0]!.highWatermark).toBe(0);
  const again = CONNECTIONS.map((connection) => agent.produce(connection, makeBatch()));
  await agent.world.pass(200);
  expect(again.every(({ answers }) => answers[0]?.error === 0)).toBe(true);
});

test('when the lane crashes, what was held back is closed and let go of as well', async () => {
  const { agent, first, second, held } = await moving();
  agent.workers[0]!.crash(new Error('a bug'));
  const all = [...first, ...second, ...held];
  expect(all).toEqual(all.map(() => ({ released: 1, answers: [{ close: true }] })));
});

test('a closed connection lets go of what was held back', async () => {
  const { agent, held } = await moving();
  for (const connection of CONNECTIONS) agent.engine.connectionClosed(connection);
  agent.store.open = true;
  agent.store.acceptAll();
  await agent.world.pass(200);
  expect(held).toEqual(held.map(() => ({ released: 1, answers: [] })));
});

test('a drain takes what was held back along', async () => {
  const { agent, held } = await moving();
  let drained = false;
  void agent.engine.drain().then(() => {
    drained = true;
  });
  agent.store.open = true;
  agent.store.acceptAll();
  await agent.world.pass(200);
  expect(drained).toBe(true);
  expect(held.every(({ answers }) => answers[0]?.error === 0)).toBe(true);
});

/** Connection 2 has a lane of its own, the second, whose publish is under way although its request has timed out. */
async function undecided(publishMs: number) {
  const agent = new EngineHarness({ batchBytes: 500, batchWindowMs: 10 });
  agent.store.open = true;
  await agent.createTopic('orders');
  await agent.world.pass(1);
  agent.store.open = false;
  agent.produce(1, makeBatch({ values: ['v'.repeat(600)] }));
  agent.store.open = true;
  agent.metadata.delayMs = publishMs;
  const timedOut = agent.produce(2, makeBatch(), 'orders', 0, 100);
  await agent.world.pass(1_000);
  expect(timedOut.answers).toMatchObject([{ error: 7 }]);
  const ended: unknown[] = [];
  agent.workers[1]!.onExit((error) => ended.push(error));
  return { agent, ended };
}

test('a connection whose publish timed out undecided stays at its lane, which then does not rest, until it has an outcome', async () => {
  const { agent, ended } = await undecided(8_000);
  agent.metadata.forwarded.length = 0;
  const later = agent.produce(2, makeBatch());
  await agent.world.pass(6_000);
  expect(later.answers).toEqual([]);
  expect(streams(agent)).toEqual([2]);
  expect(ended).toEqual([]);
  agent.metadata.delayMs = 5;
  await agent.world.pass(6_000);
  expect(later.answers).toMatchObject([{ error: 0 }]);
  // Free again, it has left its lane, which had no other use.
  expect(ended).toEqual([undefined]);
  agent.metadata.forwarded.length = 0;
  const last = agent.produce(2, makeBatch());
  await agent.world.pass(1_000);
  expect(last.answers).toMatchObject([{ error: 0 }]);
  expect(streams(agent)).toEqual([1]);
});

test('neither does it stay for good when its lane crashes meanwhile', async () => {
  const { agent, ended } = await undecided(3_000);
  agent.workers[1]!.crash(new Error('a bug'));
  await agent.world.pass(1_000);
  expect(agent.workers).toHaveLength(3);
  const successor: unknown[] = [];
  agent.workers[2]!.onExit((error) => successor.push(error));
  expect(ended).toHaveLength(1);
  agent.metadata.delayMs = 5;
  await agent.world.pass(6_000);
  expect(successor).toEqual([undefined]);
});

test('lanes that come and go with the load use up no streams: each goes on with the numbers of one that ended', async () => {
  const { agent, relax } = await grown();
  await produceFor(agent, 400);
  relax();
  const sent: Sent[] = [];
  for (let round = 0; round < 3; round += 1) {
    await agent.world.pass(2_500);
    const relaxAgain = keepBusy(agent, 0);
    for (const all of (await produceFor(agent, 800)).values()) sent.push(...all);
    relaxAgain();
  }
  await agent.world.pass(200);
  expect(agent.workers).toHaveLength(5);
  expect(streams(agent)).toEqual([1, 2]);
  const numbers = agent.metadata.forwarded.filter(([stream]) => stream === 2).map(([, number]) => number);
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  expect(sent.every(({ answers }) => answers[0]?.error === 0)).toBe(true);
});

/** The second lane was told to end while its first publish is under way, and the first lane has much to do. */
async function ending() {
  const { agent } = await undecided(10_000);
  agent.engine.connectionClosed(2);
  await agent.world.pass(3_000);
  agent.metadata.delayMs = 5;
  keepBusy(agent, 0);
  return agent;
}

test('a lane that still has a publish under way leaves its stream to nobody before it has the outcome', async () => {
  const agent = await ending();
  await produceFor(agent, 800);
  expect(agent.workers).toHaveLength(3);
  expect(streams(agent)).toEqual([1, 2, 3]);
  expect(agent.metadata.forwarded.filter(([stream]) => stream === 2)).toHaveLength(1);
});

test('a lane that crashes before it has drained leaves its stream to nobody', async () => {
  const agent = await ending();
  agent.workers[1]!.crash(new Error('a bug'));
  await agent.world.pass(10_000);
  await produceFor(agent, 800);
  expect(agent.workers).toHaveLength(3);
  expect(streams(agent)).toEqual([1, 2, 3]);
  expect(agent.metadata.forwarded.filter(([stream]) => stream === 2)).toHaveLength(1);
});

test('one that ends before its worker has started leaves the stream that it was given', async () => {
  const { agent, relax } = await grown();
  relax();
  // It rests by now, and is about to end when it crashes: sooner than its successor starts.
  await produceFor(agent, 1_400);
  agent.workers[1]!.crash(new Error('a bug'));
  await produceFor(agent, 1_000);
  expect(agent.workers).toHaveLength(2);
  keepBusy(agent, 0);
  await produceFor(agent, 800);
  expect(agent.workers).toHaveLength(3);
  expect(streams(agent)).toEqual([1, 2, 3]);
});

test('a lane that rests spreads its connections by walking over all of them a few times, not once for each', async () => {
  const world = new VirtualWorld();
  const link = () => ({ pendingBytes: 0, isIdle: true });
  const lanes = new Lanes({
    world,
    lanesMax: 3,
    batchBytes: 1,
    times: { look: 100, quiet: 1000, rest: 60_000 },
    start: () => ({ link: link(), crowdedLooks: 0, busyMs: 0 }) as unknown as Place,
    end: () => {},
  });
  const connections = Array.from({ length: 300 }, (_, id) => lanes.connection(id));
  const lookAt = async (pendingBytes: number) => {
    for (const { link } of lanes.places) link.pendingBytes = pendingBytes;
    for (const connection of connections) connection.bytes = 1;
    await world.pass(100);
  };
  for (let look = 0; lanes.places.length < 3 && look < 10; look += 1) await lookAt(1);
  const countAt = (place: Place) => connections.filter((connection) => connection.place === place).length;
  const [first, second, last] = lanes.places as [Place, Place, Place];
  const moving = countAt(last);
  expect(moving).toBeGreaterThan(50);
  const asked = vi.spyOn(LaneConnection.prototype, 'place', 'get');
  let most = 0;
  for (let look = 0; last.restsSinceMs === undefined && look < 20; look += 1) {
    asked.mockClear();
    await lookAt(0);
    most = Math.max(most, asked.mock.calls.length);
  }
  asked.mockRestore();
  expect(countAt(last)).toBe(0);
  expect(Math.abs(countAt(first) - countAt(second))).toBeLessThanOrEqual(150 - moving / 2);
  expect(most).toBeLessThan(10 * connections.length);
  lanes.close();
});
