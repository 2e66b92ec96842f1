import { describe, expect, it } from 'vitest';
import { apis } from '../../../src/protocol/apis.js';
import { encodeRequestFrame } from '../../../src/protocol/frames.js';
import type { Dispatch } from '../../../src/server/dispatch.js';
import { LocalAgent, type LocalClient } from '../../conformance/local-agent.js';
import { makeBatch } from '../ingest/make-batch.js';

const MiB = 1 << 20;

/** What a well-behaved neighbour does the whole time. */
async function expectServed(agent: LocalAgent, neighbour: LocalClient): Promise<void> {
  const versions = await neighbour.call(apis.apiVersions, 3, {
    clientSoftwareName: 'test',
    clientSoftwareVersion: '1',
  });
  expect(versions.errorCode).toBe(0);
  const { topics } = await neighbour.call(apis.metadata, 9, { topics: [{ name: 'neighbour' }] });
  expect(topics[0]!.errorCode).toBe(0);
  const records = makeBatch({ values: ['still here'] });
  const { responses } = await neighbour.call(apis.produce, 9, {
    acks: -1,
    timeoutMs: 1_000,
    topicData: [
      {
        name: 'neighbour',
        partitionData: [{ index: 0, records: { slices: [records], bytes: records.length } }],
      },
    ],
  });
  expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(0);
  expect(agent.logged.filter(({ level }) => level === 'error')).toEqual([]);
}

function framed(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return new Uint8Array(Buffer.concat([length, body]));
}

const header = (key: number, version: number): readonly number[] => [0, key, 0, version, 0, 0, 0, 7, 0, 1, 0x63];

describe('a connection that misbehaves is closed with a log line, its neighbour is served', () => {
  const cases: readonly (readonly [name: string, bytes: Uint8Array, log: RegExp])[] = [
    ['unknown API', framed(header(77, 0)), /api key 77 version 0 is not served/],
    ['negative API', framed([0xff, 0xff, 0, 0, 0, 0, 0, 7, 0, 0]), /api key -1 version 0 is not served/],
    ['an API that Kafka has and we have not', framed(header(36, 2)), /api key 36 version 2 is not served/],
    ['version above', framed(header(3, 99)), /api key 3 version 99 is not served/],
    ['version below', framed(header(0, 2)), /api key 0 version 2 is not served/],
    ['client id longer than the frame', framed([0, 3, 0, 1, 0, 0, 0, 7, 0x7f, 0xff, 1, 2]), /header: /],
    ['client id longer than a Produce frame', framed([0, 0, 0, 3, 0, 0, 0, 7, 0x7f, 0xff, 1, 2]), /header: /],
    ['body truncated', framed(header(3, 1), [0, 0, 0, 2, 0, 5, 0x61]), /body of Metadata v1/],
    ['array count of 2^31 - 1', framed(header(3, 1), [0x7f, 0xff, 0xff, 0xff]), /body of Metadata v1/],
    ['string longer than the body', framed(header(10, 0), [0x7f, 0xff, 0x61]), /body of FindCoordinator v0/],
    ['null where none may be', framed(header(10, 0), [0xff, 0xff]), /body of FindCoordinator v0/],
    [
      'varint without an end',
      framed(header(3, 9), [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      /header: |body of Metadata v9/,
    ],
    ['empty frame', framed(), /a frame of 0 bytes/],
    ['negative length', Uint8Array.of(0x80, 0, 0, 1, 0, 3, 0, 1), /a frame of -2147483647 bytes/],
    ['2 GiB declared', Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 9), /a frame of 2147483647 bytes/],
    ['TLS', Uint8Array.of(0x16, 3, 3, 0, 200, 1, 0, 0, 196, 3, 3), /speaks TLS/],
    ['HTTP', new TextEncoder().encode('POST /topics HTTP/1.1\r\n\r\n'), /speaks HTTP/],
  ];
  for (const [name, bytes, log] of cases) {
    it(name, async () => {
      const agent = await LocalAgent.start();
      const neighbour = agent.connect();
      const client = agent.connect();
      client.socket.send(bytes, 5);
      await agent.pass(10);
      expect(client.socket.closed).toBe(true);
      expect(agent.logged.map(({ fields }) => String(fields['detail'])).join('\n')).toMatch(log);
      expect(agent.logged.length).toBe(1);
      expect(agent.budget.heldBytes).toBe(0);
      await expectServed(agent, neighbour);
    });
  }
});

it('an ApiVersions request of a future version is answered with v0 and error 35, whatever its body', async () => {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  client.socket.send(framed(header(18, 9), [1, 2, 3]));
  await agent.pass(10);
  expect(client.take(apis.apiVersions, 0, 7)).toMatchObject({
    errorCode: 35,
    apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }],
  });
  await expectServed(agent, client);
});

it('300 connections that declare 8 MB and send 20 bytes hold neither memory nor their neighbours up', async () => {
  const agent = await LocalAgent.start();
  const neighbour = agent.connect();
  await expectServed(agent, neighbour);
  const before = process.memoryUsage();
  const stallers = Array.from({ length: 300 }, () => {
    const client = agent.connect();
    const start = Buffer.alloc(20);
    start.writeInt32BE(8 * MiB - 100);
    start.writeInt16BE(9, 6);
    client.socket.send(new Uint8Array(start));
    return client;
  });
  await expectServed(agent, neighbour);
  const after = process.memoryUsage();
  expect(agent.budget.heldBytes).toBeLessThanOrEqual(12 * MiB);
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 * MiB);
  // One holds the common share; each that stalls is closed and the next one's turn comes.
  await agent.pass(60_000);
  await expectServed(agent, neighbour);
  expect(stallers.filter(({ socket }) => socket.closed).length).toBeGreaterThan(5);
  expect(agent.logged.every(({ fields }) => fields['reason'] === 'stalled')).toBe(true);
});

it('half-sent requests are closed when the connection is idle for long', async () => {
  const agent = await LocalAgent.start({ connectionIdleMs: 60_000 });
  const client = agent.connect();
  const frame = encodeRequestFrame(apis.metadata, 9, 1, 'half', { topics: null });
  client.socket.send(new Uint8Array(Buffer.concat(frame.slices)).subarray(0, 15));
  await agent.pass(59_000);
  expect(client.socket.closed).toBe(false);
  await agent.pass(3_000);
  expect(client.socket.closed).toBe(true);
  expect(agent.budget.heldBytes).toBe(0);
  expect(agent.logged[0]!.fields['reason']).toBe('idle');
});

it('a client that never reads is not read any more, and closed when idle', async () => {
  const agent = await LocalAgent.start({ connectionIdleMs: 60_000 });
  const neighbour = agent.connect();
  await neighbour.call(apis.createTopics, 2, {
    topics: [{ name: 'wide', numPartitions: 1_000, replicationFactor: 1, assignments: [], configs: [] }],
  });
  const client = agent.connect();
  client.socket.clientReads = false;
  for (let at = 0; at < 5_000; at += 1) {
    client.send(apis.metadata, 1, { topics: null });
  }
  await agent.pass(1_000);
  // A response is about 26 KB: the queue ends with the one that crossed 1 MiB.
  expect(client.socket.queuedBytes).toBeLessThan(MiB + 100_000);
  expect(client.socket.unreadBytes).toBeGreaterThan(50_000);
  await expectServed(agent, neighbour);
  await agent.pass(62_000);
  expect(client.socket.closed).toBe(true);
  await expectServed(agent, agent.connect());
});

it('a client that vanishes while its fetch waits leaves nothing pinned', async () => {
  const agent = await LocalAgent.start();
  const neighbour = agent.connect();
  await expectServed(agent, neighbour);
  const client = agent.connect();
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }];
  const fetch = { maxWaitMs: 30_000, minBytes: 1, topics: [{ topic: 'neighbour', partitions }] };
  client.socket.clientReads = false;
  client.send(apis.fetch, 11, fetch);
  client.send(apis.fetch, 11, { ...fetch, minBytes: 1 << 20 });
  await agent.pass(10);
  expect(agent.intake.pins).toBeGreaterThan(0);
  client.socket.destroy();
  await agent.pass(10);
  expect(agent.intake.pins).toBe(0);
  expect(agent.budget.heldBytes).toBe(0);
  expect(agent.intake.closed.length).toBe(1);
});

it('connections above --connections-max are closed at once', async () => {
  const agent = await LocalAgent.start({ connectionsMax: 2 });
  const [first, , third] = [agent.connect(), agent.connect(), agent.connect()];
  expect(third!.socket.closed).toBe(true);
  first!.socket.destroy();
  await agent.pass(1);
  await expectServed(agent, agent.connect());
});

it('connections of one address above --connections-per-ip-max are closed at once, others are served', async () => {
  const agent = await LocalAgent.start({ connectionsPerIpMax: 2 });
  const [first, second, third] = [1, 2, 3].map(() => agent.connect(9092, '192.0.2.7'));
  expect([first, second, third].map((client) => client!.socket.closed)).toEqual([false, false, true]);
  await expectServed(agent, agent.connect(9092, '192.0.2.8'));
  first!.socket.destroy();
  await agent.pass(1);
  await expectServed(agent, agent.connect(9092, '192.0.2.7'));
});

it('a client that is refused again and again does not fill the log', async () => {
  const agent = await LocalAgent.start({ connectionsMax: 2 });
  for (let n = 0; n < 1_000; n += 1) {
    agent.connect().socket.send(framed(header(77, 0)));
    if (n % 2 === 0) await agent.pass(1);
  }
  agent.connect();
  for (let n = 0; n < 1_000; n += 1) agent.connect();
  expect(agent.logged.length).toBeLessThanOrEqual(40);
  expect(agent.logged.map(({ message }) => message)).toContain('connection closed');
  await agent.pass(10_000);
  for (let n = 0; n < 3; n += 1) agent.connect();
  expect(agent.logged.at(-2)!.fields['linesLeftOut']).toBeGreaterThan(900);
});

it('a handler that throws closes its own connection and is logged as an error', async () => {
  const broken = (dispatch: Dispatch): Dispatch => ({
    ...dispatch,
    handlerOf: (apiKey) =>
      apiKey === apis.listGroups.key
        ? { api: apis.listGroups, answer: async () => Promise.reject(new TypeError('a mistake of ours')) }
        : dispatch.handlerOf(apiKey),
  });
  const agent = await LocalAgent.start({}, broken);
  const neighbour = agent.connect();
  const client = agent.connect();
  await expect(client.call(apis.listGroups, 0, {})).rejects.toThrow('connection closed');
  expect(agent.logged.map(({ level }) => level)).toContain('error');
  agent.logged.length = 0;
  await expectServed(agent, neighbour);
});
