import { describe, expect, it } from 'vitest';
import { ZERO_UUID } from '../../../src/bytes/uuid.js';
import { apis } from '../../../src/protocol/apis.js';
import { encodeResponseFrame, decodeResponse, joined } from '../../../src/protocol/frames.js';
import { setThrottleTime } from '../../../src/server/throttle.js';
import { LocalAgent, type LocalClient } from '../../conformance/local-agent.js';
import { makeBatch } from '../ingest/make-batch.js';

type Values = Readonly<Record<string, number>>;

const BIG = makeBatch({ values: ['x'.repeat(2_000)] });

async function started(clientId: string | null, values: Values) {
  const agent = await LocalAgent.start({ defaultPartitions: 1 });
  const admin = named(agent, 'admin');
  await admin.call(apis.metadata, 4, { topics: [{ name: 't' }] });
  await set(agent, clientId, values);
  return { agent, client: named(agent, 'c'), neighbour: named(agent, 'n'), admin };
}

function named(agent: LocalAgent, clientId: string): LocalClient {
  const client = agent.connect();
  client.clientId = clientId;
  return client;
}

async function set(agent: LocalAgent, clientId: string | null, values: Values): Promise<void> {
  const { entries } = await named(agent, 'admin').call(apis.alterClientQuotas, 1, {
    entries: [
      {
        entity: [{ entityType: 'client-id', entityName: clientId }],
        ops: Object.entries(values).map(([key, value]) => ({ key, value, remove: false })),
      },
    ],
    validateOnly: false,
  });
  expect(entries).toMatchObject([{ errorCode: 0 }]);
}

const produce = (records: Uint8Array, acks = -1) => ({
  acks,
  timeoutMs: 1_000,
  topicData: [{ name: 't', partitionData: [{ index: 0, records: { slices: [records], bytes: records.length } }] }],
});
const fetch = (fetchOffset = 0) => ({
  maxWaitMs: 0,
  minBytes: 1,
  sessionEpoch: 0,
  topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }] }],
});
const topics = (...names: readonly string[]) => ({
  timeoutMs: 1_000,
  validateOnly: false,
  topics: names.map((name) => ({ name, numPartitions: 4, replicationFactor: 1, assignments: [], configs: [] })),
});

describe('throttle_time_ms is set in what a lane made, and nothing else changes', () => {
  for (let version = apis.produce.min; version <= apis.produce.max; version += 1) {
    it(`Produce v${version}`, () => {
      const responses = [{ name: 't', partitionResponses: [{ index: 1, errorCode: 6, baseOffset: 7 }] }];
      const answer = joined(encodeResponseFrame(apis.produce, version, 5, { responses }));
      const before = decodeResponse(apis.produce, version, answer, 4);
      setThrottleTime(answer, version, 0x0102_0304);
      const after = decodeResponse(apis.produce, version, answer, 4);
      expect(after).toEqual({ ...before, response: { ...before.response, throttleTimeMs: 0x0102_0304 } });
    });
  }
});

describe('Produce', () => {
  it('over the quota is answered at once with the time for which the connection is then not read; a neighbour is not delayed', async () => {
    // A request of some 2,100 bytes where 1,000 may come at once.
    const { agent, client, neighbour } = await started('c', { producer_byte_rate: 100 });
    const startMs = agent.time.nowMs;
    const { throttleTimeMs, responses } = await client.call(apis.produce, 9, produce(BIG));
    expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(0);
    expect(agent.time.nowMs - startMs).toBeLessThan(5);
    expect(throttleTimeMs).toBeGreaterThan(10_000);
    expect(throttleTimeMs).toBeLessThan(13_000);

    const next = client.send(apis.apiVersions, 0, {});
    const second = client.send(apis.produce, 9, produce(makeBatch()));
    for (let asked = 0; asked < 5; asked += 1) {
      const beforeMs = agent.time.nowMs;
      expect(await neighbour.call(apis.produce, 9, produce(BIG))).toMatchObject({ throttleTimeMs: 0 });
      expect(await neighbour.call(apis.fetch, 9, fetch())).toMatchObject({ throttleTimeMs: 0, errorCode: 0 });
      expect(agent.time.nowMs - beforeMs).toBeLessThan(5);
    }
    await agent.pass(startMs + throttleTimeMs - 5 - agent.time.nowMs);
    expect(client.take(apis.apiVersions, 0, next)).toBeUndefined();
    await agent.pass(10);
    expect(client.take(apis.apiVersions, 0, next)).toBeDefined();
    expect(client.take(apis.produce, 9, second)).toMatchObject({ responses: [{}] });
    // Held once, though the answer told what was left of it.
    expect(countOf(agent, 'produce')).toBe(1);
  });

  it('below the quota, or without one, is not touched', async () => {
    const { client, neighbour } = await started('c', { producer_byte_rate: 1_000 });
    for (let i = 0; i < 4; i += 1) expect((await client.call(apis.produce, 9, produce(BIG))).throttleTimeMs).toBe(0);
    for (let i = 0; i < 20; i += 1)
      expect((await neighbour.call(apis.produce, 9, produce(BIG))).throttleTimeMs).toBe(0);
  });

  it('at a rate is let through at about that rate', async () => {
    const { agent, client } = await started('c', { producer_byte_rate: 1_000 });
    const startMs = agent.time.nowMs;
    for (let i = 0; i < 60; i += 1) await client.call(apis.produce, 9, produce(BIG), 600_000);
    // 60 requests of 2.1 kB, ten seconds of which may come at once.
    const seconds = (agent.time.nowMs - startMs) / 1_000;
    expect(seconds).toBeGreaterThan(90);
    expect(seconds).toBeLessThan(180);
  });

  it('with acks=0 there is no answer, and the connection is held all the same', async () => {
    const { agent, client } = await started('c', { producer_byte_rate: 100 });
    client.send(apis.produce, 9, produce(BIG, 0));
    const next = client.send(apis.apiVersions, 0, {});
    await agent.pass(9_000);
    expect(client.take(apis.apiVersions, 0, next)).toBeUndefined();
    await agent.pass(5_000);
    expect(client.take(apis.apiVersions, 0, next)).toBeDefined();
  });

  it('that used much of a lane is held for a second at most, but not with acks=0', async () => {
    const { agent, client } = await started('c', { request_percentage: 1 });
    agent.intake.busyMs = 500;
    expect((await client.call(apis.produce, 9, produce(BIG))).throttleTimeMs).toBe(1_000);
    const startMs = agent.time.nowMs;
    client.send(apis.produce, 9, produce(BIG, 0));
    expect(
      (await client.call(apis.apiVersions, 3, { clientSoftwareName: 'c', clientSoftwareVersion: '1' })).throttleTimeMs,
    ).toBe(1_000);
    expect(agent.time.nowMs - startMs).toBeGreaterThanOrEqual(999);
    expect(agent.time.nowMs - startMs).toBeLessThan(1_100);
  });
});

describe('a held connection', () => {
  it('finishes reading a frame that holds memory, and then reads nothing', async () => {
    const { agent, client } = await started('c', { request_percentage: 1 });
    agent.intake.busyMs = 500;
    agent.intake.parked = [];
    const first = client.send(apis.produce, 9, produce(BIG));
    const [parked] = agent.intake.parked;
    // Half of a frame has come when the hold begins.
    const { bytes, correlationId } = frameOf(client);
    client.socket.send(bytes.slice(0, 100));
    expect(agent.budget.heldBytes).toBeGreaterThan(2_000);
    agent.intake.parked = undefined;
    agent.intake.produce(parked!);
    await agent.pass(1);
    expect(client.take(apis.produce, 9, first)).toMatchObject({ throttleTimeMs: 1_000 });
    agent.intake.busyMs = 0;
    client.socket.send(bytes.slice(100));
    const last = client.send(apis.produce, 9, produce(BIG));
    await agent.pass(1);
    expect(client.take(apis.produce, 9, correlationId)).toBeDefined();
    expect(agent.budget.heldBytes).toBe(0);
    await agent.pass(900);
    expect(client.take(apis.produce, 9, last)).toBeUndefined();
    await agent.pass(1_100);
    expect(client.take(apis.produce, 9, last)).toBeDefined();
  });

  it('starts nothing that was read before', async () => {
    const { agent, client, neighbour } = await started('c', { consumer_byte_rate: 100 });
    const waiting = client.send(apis.fetch, 9, { ...fetch(), maxWaitMs: 60_000 });
    const next = client.send(apis.apiVersions, 0, {});
    expect(client.socket.unreadBytes).toBe(0);
    await neighbour.call(apis.produce, 9, produce(BIG));
    await agent.pass(1);
    const { throttleTimeMs } = client.take(apis.fetch, 9, waiting)!;
    expect(throttleTimeMs).toBeGreaterThan(5_000);
    await agent.pass(throttleTimeMs - 10);
    expect(client.take(apis.apiVersions, 0, next)).toBeUndefined();
    await agent.pass(20);
    expect(client.take(apis.apiVersions, 0, next)).toBeDefined();
  });

  it('whose client leaves is forgotten, and stopping does not wait for it', async () => {
    const { agent, client } = await started('c', { producer_byte_rate: 1 });
    await client.call(apis.produce, 9, produce(BIG));
    const other = named(agent, 'c');
    other.send(apis.produce, 9, produce(BIG));
    client.socket.destroy();
    await agent.pass(1);
    let closed = false;
    void agent.server.close().then(() => {
      closed = true;
    });
    await agent.pass(100);
    expect(closed).toBe(true);
    expect(agent.budget.heldBytes).toBe(0);
  });
});

describe('Fetch', () => {
  async function withRecords(values: Values) {
    const all = await started('c', values);
    for (let i = 0; i < 5; i += 1) await all.neighbour.call(apis.produce, 9, produce(BIG));
    return all;
  }

  it('over the quota answers nothing and for how long; the session stays as it was, and the records come then', async () => {
    const { agent, client, neighbour } = await withRecords({ consumer_byte_rate: 500 });
    const read = async (request: object) => client.call(apis.fetch, 12, { ...fetch(), ...request }, 600_000);
    const first = await read({});
    // No more than ten seconds worth is asked for: two of five batches.
    expect(first).toMatchObject({ throttleTimeMs: 0, errorCode: 0 });
    expect(first.responses[0]!.partitions[0]!.records!.length).toBe(2 * BIG.length);
    const { sessionId } = first;
    const move = (fetchOffset: number) => ({ sessionId, topics: fetch(fetchOffset).topics });
    const second = await read({ ...move(2), sessionEpoch: 1 });
    expect(second).toMatchObject({ errorCode: 0, sessionId, responses: [] });
    expect(second.throttleTimeMs).toBeGreaterThan(0);
    const startMs = agent.time.nowMs;
    const third = await read({ sessionId, topics: [], sessionEpoch: 2 });
    expect(agent.time.nowMs - startMs).toBeGreaterThanOrEqual(second.throttleTimeMs - 1);
    let answer = third;
    for (let sessionEpoch = 3; answer.responses.length === 0; sessionEpoch += 1) {
      expect(answer.throttleTimeMs).toBeGreaterThan(0);
      answer = await read({ sessionId, topics: [], sessionEpoch });
    }
    expect(answer.responses[0]!.partitions[0]!.records!.length).toBe(2 * BIG.length);
    expect((await neighbour.call(apis.fetch, 12, fetch())).responses[0]!.partitions[0]!.records!.length).toBe(
      5 * BIG.length,
    );
  });

  it('a full request over the quota begins no session', async () => {
    const { agent, client } = await withRecords({ consumer_byte_rate: 500 });
    await client.call(apis.fetch, 12, fetch());
    const { count } = agent.fetchSessions;
    expect(await client.call(apis.fetch, 12, fetch(), 600_000)).toMatchObject({ sessionId: 0, responses: [] });
    expect(agent.fetchSessions.count).toBe(count);
  });

  it('nothing stays pinned', async () => {
    const { agent, client } = await withRecords({ consumer_byte_rate: 100 });
    for (let i = 0; i < 6; i += 1) await client.call(apis.fetch, 12, fetch(), 600_000);
    await agent.pass(1);
    expect(agent.intake.pins).toBe(0);
  });
});

describe('mutations', () => {
  it('CreateTopics v6+ refuses with 89 what is over the quota and says for how long; v5 makes it and is held', async () => {
    const { agent, client } = await started('c', { controller_mutation_rate: 1 });
    // Eleven partitions may be made at once, and the last ones may be more than are left.
    const first = await client.call(apis.createTopics, 7, topics('a', 'b', 'c', 'd', 'e'));
    expect(first.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 0],
      ['d', 89],
      ['e', 89],
    ]);
    expect(first.topics[3]!.errorMessage).toBe('The throttling quota has been exceeded.');
    expect(first.throttleTimeMs).toBe(1_000);
    const startMs = agent.time.nowMs;
    const second = await client.call(apis.createTopics, 5, topics('d', 'e'));
    expect(agent.time.nowMs - startMs).toBeGreaterThanOrEqual(999);
    expect(second.topics.map(({ errorCode }) => errorCode)).toEqual([0, 0]);
    expect(second.throttleTimeMs).toBeGreaterThan(7_000);
    const heldMs = agent.time.nowMs;
    expect((await client.call(apis.createTopics, 7, topics('f'))).topics).toMatchObject([{ errorCode: 0 }]);
    expect(agent.time.nowMs - heldMs).toBeGreaterThanOrEqual(second.throttleTimeMs - 1);
  });

  it('DeleteTopics v5+, CreatePartitions v3+ and topics that Metadata makes are refused, too; older versions are held', async () => {
    const { client, admin } = await started('c', { controller_mutation_rate: 1 });
    await admin.call(apis.createTopics, 7, topics('a', 'b', 'c', 'd'));
    const more = (name: string, count: number) => ({
      timeoutMs: 1_000,
      validateOnly: false,
      topics: [{ name, count, assignments: null }],
    });
    expect((await client.call(apis.createPartitions, 3, more('a', 20))).results).toMatchObject([{ errorCode: 0 }]);
    const refused = await client.call(apis.createPartitions, 3, more('b', 5));
    expect(refused).toMatchObject({ throttleTimeMs: 5_000, results: [{ errorCode: 89 }] });
    const held = await client.call(apis.createPartitions, 2, more('b', 14));
    expect(held.results).toMatchObject([{ errorCode: 0 }]);
    expect(held.throttleTimeMs).toBeGreaterThan(9_000);
    expect((await client.call(apis.deleteTopics, 5, { topicNames: ['c'], timeoutMs: 1_000 })).responses).toMatchObject([
      { errorCode: 0 },
    ]);
    const gone = await client.call(apis.deleteTopics, 6, {
      topics: [{ name: 'd', topicId: ZERO_UUID }],
      timeoutMs: 1_000,
    });
    expect(gone).toMatchObject({ responses: [{ errorCode: 89 }] });
    const made = await client.call(apis.metadata, 9, { topics: [{ name: 'd' }] });
    expect(made.topics).toMatchObject([{ errorCode: 0 }]);
    await client.call(apis.createTopics, 7, topics('f'));
    const auto = await client.call(apis.metadata, 9, { topics: [{ name: 'auto' }] });
    expect(auto.topics).toMatchObject([{ errorCode: 5 }]);
    expect((await client.call(apis.deleteTopics, 4, { topicNames: ['d'], timeoutMs: 1_000 })).responses).toMatchObject([
      { errorCode: 0 },
    ]);
  });
});

describe('connections', () => {
  it('beyond the quota of their address are never read and closed after the wait', async () => {
    const { agent, admin } = await started(null, {});
    const { entries } = await admin.call(apis.alterClientQuotas, 1, {
      entries: [
        {
          entity: [{ entityType: 'ip', entityName: '10.0.0.1' }],
          ops: [{ key: 'connection_creation_rate', value: 1, remove: false }],
        },
      ],
      validateOnly: false,
    });
    expect(entries).toMatchObject([{ errorCode: 0 }]);
    const before = agent.server.connectionsOpen;
    const many = Array.from({ length: 11 }, () => agent.connect(9092, '10.0.0.1'));
    for (const client of many.slice(0, 10)) await client.call(apis.apiVersions, 0, {});
    const turnedAway = many[10]!;
    turnedAway.send(apis.apiVersions, 0, {});
    await agent.pass(900);
    expect([turnedAway.socket.received.length, turnedAway.socket.closed]).toEqual([0, false]);
    await agent.connect(9092, '10.0.0.2').call(apis.apiVersions, 0, {});
    await agent.pass(200);
    expect([turnedAway.socket.received.length, turnedAway.socket.closed]).toEqual([0, true]);
    expect(agent.server.connectionsOpen).toBe(before + 11);
  });
});

/** How often a quota held somebody back, by the metric. */
function countOf(agent: LocalAgent, quota: string): number {
  const reading = agent.telemetry.read('throttled').find(({ labelValue }) => labelValue === quota);
  return reading?.kind === 'histogram' ? reading.buckets.reduce((sum, count) => sum + count, 0) : 0;
}

/** A Produce request that is not sent yet. */
function frameOf(client: LocalClient): { readonly bytes: Uint8Array; readonly correlationId: number } {
  const sent: Uint8Array[] = [];
  const { socket } = client;
  const send = socket.send.bind(socket);
  socket.send = (bytes) => {
    sent.push(bytes);
  };
  const correlationId = client.send(apis.produce, 9, produce(BIG));
  socket.send = send;
  return { bytes: sent[0]!, correlationId };
}
