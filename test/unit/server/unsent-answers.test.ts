import { expect, it } from 'vitest';
import { apis } from '../../../src/protocol/apis.js';
import { Pipeline } from '../../../src/server/pipeline.js';
import { heapBytesOf, UnsentAnswers } from '../../../src/server/unsent-answers.js';
import { LocalAgent, type LocalClient } from '../../conformance/local-agent.js';
import { makeBatch } from '../ingest/make-batch.js';
import { MemoryConnection } from './memory-net.js';

const KiB = 1024;
const MiB = 1 << 20;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Connections that share 1,000 bytes; each asks for answers of 400 bytes and takes none until told. */
function connections(count: number) {
  const unsent = new UnsentAnswers(1_000, (run) => void setImmediate(run));
  return {
    unsent,
    clients: Array.from({ length: count }, () => {
      const socket = new MemoryConnection();
      socket.clientReads = false;
      const events = { hold: () => {}, continue: () => {}, sent: () => {}, soon: setImmediate };
      const pipeline = new Pipeline(socket, { requestsMax: 20, unsentBytesMax: 1_000_000 }, events, unsent);
      let started = 0;
      return {
        socket,
        pipeline,
        ask(slice: Uint8Array = new Uint8Array(400)) {
          pipeline.serial((place) => {
            started += 1;
            place.answer({ frame: { slices: [slice], bytes: slice.length }, close: false });
          });
        },
        get started() {
          return started;
        },
      };
    }),
  };
}

it('who has not taken its answer starts nothing more once all of them fill the memory; who has, until they fill it twice', async () => {
  const { unsent, clients } = connections(5);
  const [a, b, c, d, e] = clients;
  a!.ask();
  a!.ask();
  a!.ask();
  a!.ask();
  expect(a!.started).toBe(3);
  for (const client of [b, c, d, e]) client!.ask();
  expect([b, c, d, e].map((client) => client!.started)).toEqual([1, 1, 0, 0]);
  expect(unsent.bytes).toBe(2_000);
  // It has taken all and goes on; so do those that had nothing to take, until the memory is filled twice.
  e!.ask();
  a!.socket.takeQueued();
  expect(unsent.bytes).toBe(1_200);
  for (let turn = 0; turn < 5; turn += 1) await settle();
  expect(unsent.bytes).toBe(2_000);
  expect([a, d, e].map((client) => client!.started)).toEqual([4, 1, 1]);
  for (const client of clients) client!.socket.clientReads = true;
  for (const client of clients) client!.socket.takeQueued();
  for (let turn = 0; turn < 5; turn += 1) await settle();
  expect([a, d, e].map((client) => client!.started)).toEqual([4, 1, 2]);
  expect(unsent.bytes).toBe(0);
});

it('a connection that ends gives back what it did not take, answers before their turn included', async () => {
  const { unsent, clients } = connections(2);
  const [a, b] = clients;
  const first = a!.pipeline.concurrent();
  const second = a!.pipeline.concurrent();
  const third = a!.pipeline.concurrent();
  second.answer({ frame: { slices: [new Uint8Array(500)], bytes: 500 }, close: false });
  a!.ask(new Uint8Array(1_500));
  b!.ask();
  expect(unsent.bytes).toBe(2_000);
  expect(b!.started).toBe(0);
  a!.socket.destroy();
  a!.pipeline.end();
  first.answer({ frame: { slices: [new Uint8Array(9)], bytes: 9 }, close: false });
  third.answer({ frame: { slices: [new Uint8Array(9)], bytes: 9 }, close: false });
  expect(unsent.bytes).toBe(0);
  await settle();
  expect(b!.started).toBe(1);
});

it('long answers are written one at a time, once there is room among those that are; each counts from its first bytes on', async () => {
  const unsent = new UnsentAnswers(2 * MiB, (run) => void setImmediate(run));
  const here = new AbortController();
  const gone = new AbortController();
  const [a, b, c, d] = [here, here, gone, here].map(({ signal }) => unsent.begin(signal));
  const goOn: string[] = [];
  const wrote = (name: string, answer: typeof a, bytes: number): void => {
    const mayGoOn = answer!.wrote(bytes);
    if (mayGoOn === undefined) goOn.push(name);
    else void mayGoOn.then(() => goOn.push(name));
  };
  wrote('a', a, MiB);
  wrote('b', b, MiB - 1);
  wrote('b', b, MiB);
  wrote('c', c, MiB);
  wrote('d', d, MiB);
  expect(unsent.bytes).toBe(4 * MiB);
  expect([unsent.mayStart(true), unsent.waitingCount]).toEqual([false, 3]);
  wrote('a', a, 5 * MiB);
  expect(goOn).toEqual(['a', 'b', 'a']);
  // Written: it becomes an unsent one, and leaves no room.
  a!.end();
  unsent.add(5 * MiB);
  gone.abort();
  for (let turn = 0; turn < 5; turn += 1) await settle();
  expect(goOn).toEqual(['a', 'b', 'a', 'c']);
  c!.end();
  unsent.remove(5 * MiB);
  for (let turn = 0; turn < 5; turn += 1) await settle();
  expect(goOn).toEqual(['a', 'b', 'a', 'c', 'b']);
  b!.end();
  for (let turn = 0; turn < 5; turn += 1) await settle();
  expect(goOn).toEqual(['a', 'b', 'a', 'c', 'b', 'd']);
  d!.end();
  expect([unsent.bytes, unsent.waitingCount]).toEqual([0, 0]);
});

it('record batches in shared memory are not heap', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(5_000));
  expect(heapBytesOf([new Uint8Array(10), shared, Buffer.alloc(7)])).toBe(17);
  const { unsent, clients } = connections(1);
  const [client] = clients;
  client!.ask(shared);
  expect([client!.pipeline.unsentBytes, client!.pipeline.unsentHeapBytes, unsent.bytes]).toEqual([5_000, 0, 0]);
});

/** 40 topics of 500 partitions: an answer of about half a MiB to whoever asks for all. */
async function agentWithWideTopics(): Promise<{ readonly agent: LocalAgent; readonly neighbour: LocalClient }> {
  const agent = await LocalAgent.start({ answersBytes: MiB });
  const neighbour = agent.connect();
  for (let topic = 0; topic < 40; topic += 1) {
    await neighbour.call(apis.createTopics, 2, {
      topics: [{ name: `wide-${topic}`, numPartitions: 500, replicationFactor: 1, assignments: [], configs: [] }],
    });
  }
  return { agent, neighbour };
}

it('200 clients that ask for all topics and do not read cost a bounded memory, and their neighbour is served', async () => {
  const { agent, neighbour } = await agentWithWideTopics();
  const hostile: LocalClient[] = [];
  for (let count = 0; count < 200; count += 1) {
    const client = agent.connect();
    client.socket.clientReads = false;
    for (let request = 0; request < 3; request += 1) client.send(apis.metadata, 1, { topics: null });
    hostile.push(client);
    // As with real sockets, what comes from the next one is read in another turn.
    await agent.pass(1);
  }
  const answerBytes = Math.max(...hostile.map(({ socket }) => socket.queuedBytes));
  expect(answerBytes).toBeGreaterThan(300 * KiB);
  for (let second = 0; second < 240; second += 1) {
    await agent.pass(1_000);
    expect(agent.unsent.bytes).toBeLessThanOrEqual(2 * MiB + answerBytes);
  }
  const { topics } = await neighbour.call(apis.metadata, 9, { topics: null });
  expect(topics.length).toBe(40);
  expect(hostile.filter(({ socket }) => socket.closed).length).toBeGreaterThan(5);
  expect(agent.logged.every(({ fields }) => fields['reason'] === 'stalled')).toBe(true);
});

it('a client that does not read is closed when others wait for what it keeps, and not before', async () => {
  const { agent } = await agentWithWideTopics();
  const sleeper = agent.connect();
  sleeper.socket.clientReads = false;
  sleeper.send(apis.metadata, 1, { topics: null });
  await agent.pass(60_000);
  expect(sleeper.socket.closed).toBe(false);
  // Room in segments and blocks is not what it keeps.
  agent.isRoomWanted = true;
  await agent.pass(2_000);
  expect(sleeper.socket.closed).toBe(false);
  const others = Array.from({ length: 5 }, () => {
    const client = agent.connect();
    client.socket.clientReads = false;
    client.send(apis.metadata, 1, { topics: null });
    return client;
  });
  await agent.pass(2_000);
  expect(sleeper.socket.closed).toBe(true);
  expect(others.some(({ socket }) => socket.closed)).toBe(false);
});

/** Clients that ask for all topics, and take what the server sees as progress: a little more than 64 KiB every 20 s. */
async function drippers(agent: LocalAgent, count: number, requests = 3): Promise<readonly LocalClient[]> {
  const clients: LocalClient[] = [];
  for (let at = 0; at < count; at += 1) {
    const client = agent.connect();
    client.socket.clientReads = false;
    for (let request = 0; request < requests; request += 1) client.send(apis.metadata, 1, { topics: null });
    clients.push(client);
    await agent.pass(1);
  }
  return clients;
}

async function drip(agent: LocalAgent, clients: readonly LocalClient[], seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await agent.pass(1_000);
    if (second % 10 === 0) for (const { socket } of clients) socket.take(34 * KiB);
  }
}

it('clients that take their answers by drops keep them while nobody waits; else those that hold most for longest go', async () => {
  const { agent, neighbour } = await agentWithWideTopics();
  const [alone] = await drippers(agent, 1, 1);
  await drip(agent, [alone!], 120);
  expect(alone!.socket.closed).toBe(false);
  const others = await drippers(agent, 6);
  expect(agent.unsent.mayStart(true)).toBe(false);
  const asked = neighbour.send(apis.metadata, 9, { topics: null });
  await drip(agent, [alone!, ...others], 4);
  expect(others.some(({ socket }) => socket.closed)).toBe(false);
  expect(neighbour.take(apis.metadata, 9, asked)).toBeUndefined();
  await drip(agent, [alone!, ...others], 20);
  expect(alone!.socket.closed).toBe(true);
  // Only so many as had to.
  expect(others.filter(({ socket }) => socket.closed).length).toBeLessThan(others.length);
  expect(neighbour.take(apis.metadata, 9, asked)!.topics.length).toBe(40);
  expect(agent.logged.every(({ fields }) => fields['reason'] === 'stalled')).toBe(true);
});

/** Topic `long` has one record of 300 KiB. */
async function agentWithLongRecord(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  const neighbour = agent.connect();
  const records = makeBatch({ values: ['v'.repeat(300 * KiB)] });
  const partitionData = [{ index: 0, records: { slices: [records], bytes: records.length } }];
  await neighbour.call(apis.metadata, 1, { topics: [{ name: 'long' }] });
  await neighbour.call(apis.produce, 9, { acks: -1, timeoutMs: 1_000, topicData: [{ name: 'long', partitionData }] });
  return agent;
}

/** A client that asks for it and reads nothing. */
function askForLongRecord(agent: LocalAgent): LocalClient {
  const client = agent.connect();
  client.socket.clientReads = false;
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: MiB }];
  client.send(apis.fetch, 11, { maxWaitMs: 10, minBytes: 1, topics: [{ topic: 'long', partitions }] });
  return client;
}

it('who takes nothing of record batches gives way early enough that a produce waiting for their room keeps its 30 s', async () => {
  const agent = await agentWithLongRecord();
  const client = askForLongRecord(agent);
  await agent.pass(1_000);
  agent.isRoomWanted = true;
  await agent.pass(15_000);
  expect(client.socket.closed).toBe(false);
  await agent.pass(10_000);
  expect(client.socket.closed).toBe(true);
});

it('of those that keep room in segments by drops, one goes a second while it is wanted, the one with most for longest', async () => {
  const agent = await agentWithLongRecord();
  const clients: LocalClient[] = [];
  for (let count = 0; count < 3; count += 1) {
    clients.push(askForLongRecord(agent));
    await agent.pass(2_000);
  }
  expect(clients.map(({ socket }) => socket.queuedBytes > 300 * KiB)).toEqual([true, true, true]);
  await drip(agent, clients, 60);
  const closed = () => clients.map(({ socket }) => socket.closed);
  expect(closed()).toEqual([false, false, false]);
  agent.isRoomWanted = true;
  await agent.pass(1_000);
  expect(closed()).toEqual([true, false, false]);
  await agent.pass(1_000);
  expect(closed()).toEqual([true, true, false]);
  agent.isRoomWanted = false;
  await agent.pass(20_000);
  expect(closed()).toEqual([true, true, false]);
});
