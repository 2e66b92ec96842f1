import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import type { RequestIn } from '../../src/protocol/codec.js';
import { topicIdBytes } from '../../src/server/topic-creation.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { LocalAgent, type LocalClient } from './local-agent.js';

type Fetch = RequestIn<typeof apis.fetch>;

const NO_SUCH_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';

async function produce(client: LocalClient, values: readonly string[], topic = 't', partition = 0): Promise<number> {
  const records = makeBatch({ values });
  const { responses } = await client.call(apis.produce, 9, {
    acks: -1,
    timeoutMs: 1_000,
    topicData: [
      { name: topic, partitionData: [{ index: partition, records: { slices: [records], bytes: records.length } }] },
    ],
  });
  expect(responses[0]!.partitionResponses[0]!.errorCode).toBe(0);
  return records.length;
}

async function agentWithRecords() {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  await client.call(apis.metadata, 4, { topics: [{ name: 't' }] });
  const bytes = await produce(client, ['a', 'b', 'c']);
  await produce(client, ['d']);
  const topicId = agent.metadata.view.topicByName('t')!.topicId;
  return { agent, client, bytes, topicId };
}

function from(offset: number, more: Partial<Fetch> = {}, partition = 0, partitionMaxBytes = 1_000_000): Fetch {
  const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes }];
  return { maxWaitMs: 500, minBytes: 1, topics: [{ topic: 't', partitions }], ...more };
}

describe('every version', () => {
  for (let version = apis.fetch.min; version <= apis.fetch.max; version += 1) {
    it(`v${version} reads from the batch that holds the offset`, async () => {
      const { client, topicId } = await agentWithRecords();
      const partitions = [{ partition: 0, fetchOffset: 1, partitionMaxBytes: 1_000_000 }];
      const topics = [version >= 13 ? { topicId, partitions } : { topic: 't', partitions }];
      const answer = await client.call(apis.fetch, version, { maxWaitMs: 0, minBytes: 1, topics });
      expect(answer).toMatchObject({ errorCode: 0, sessionId: 0 });
      const found = answer.responses[0]!.partitions[0]!;
      expect(found).toMatchObject({ errorCode: 0, highWatermark: 4, lastStableOffset: 4, preferredReadReplica: -1 });
      expect(found.abortedTransactions).toBeNull();
      expect(found.records!.length).toBeGreaterThan(2 * 61);
    });
  }
});

describe('errors', () => {
  const cases: readonly (readonly [
    name: string,
    version: number,
    request: (topicId: string) => Fetch,
    error: number,
  ])[] = [
    ['unknown topic', 12, () => from(0, { topics: [{ topic: 'nope', partitions: from(0).topics[0]!.partitions }] }), 3],
    ['unknown partition', 12, () => from(0, {}, 9), 3],
    ['negative partition', 12, () => from(0, {}, -1), 3],
    [
      'unknown id',
      13,
      () => from(0, { topics: [{ topicId: NO_SUCH_ID, partitions: from(0).topics[0]!.partitions }] }),
      100,
    ],
    ['beyond the high watermark', 12, () => from(5), 1],
    ['below the log start', 12, () => from(-1), 1],
  ];
  for (const [name, version, request, error] of cases) {
    it(`${name}: ${error}, at once`, async () => {
      const { agent, client, topicId } = await agentWithRecords();
      const startMs = agent.time.nowMs;
      const answer = await client.call(apis.fetch, version, { ...request(topicId), maxWaitMs: 30_000 });
      expect(answer.responses[0]!.partitions[0]).toMatchObject({ errorCode: error, records: { length: 0 } });
      expect(agent.time.nowMs - startMs).toBeLessThan(100);
    });
  }

  it('out of range is told to a client that does not wait, too', async () => {
    const { client } = await agentWithRecords();
    for (const limits of [{ maxWaitMs: 0 }, { maxWaitMs: 500, minBytes: 0 }]) {
      const answer = await client.call(apis.fetch, 12, from(5, limits));
      expect(answer.responses[0]!.partitions[0]).toMatchObject({ errorCode: 1 });
    }
  });

  it('nothing is told of a partition beside its error; an unknown one has no aborted transactions, another none told', async () => {
    const { client } = await agentWithRecords();
    for (const isolationLevel of [0, 1]) {
      const partitions = [99, 0].map((partition) => ({ partition, fetchOffset: 5, partitionMaxBytes: 1_000 }));
      const request = { maxWaitMs: 0, minBytes: 1, isolationLevel, topics: [{ topic: 't', partitions }] };
      const answer = await client.call(apis.fetch, 12, request);
      const nothing = { highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 };
      expect(answer.responses[0]!.partitions).toMatchObject([
        { errorCode: 1, ...nothing, abortedTransactions: null },
        { errorCode: 3, ...nothing, abortedTransactions: [] },
      ]);
    }
  });
});

it('one unknown partition neither keeps the others from being read nor from waiting; it comes last', async () => {
  const { agent, client } = await agentWithRecords();
  const topics = (offset: number) => {
    const partitions = [7, 0].map((partition) => ({ partition, fetchOffset: offset, partitionMaxBytes: 1_000 }));
    return [{ topic: 't', partitions }];
  };
  const answer = await client.call(apis.fetch, 12, from(0, { topics: topics(0) }));
  expect(answer.responses[0]!.partitions.map(({ errorCode }) => errorCode)).toEqual([0, 3]);
  expect(answer.responses[0]!.partitions[0]!.records!.length).toBeGreaterThan(0);
  const waiting = client.send(apis.fetch, 12, from(0, { topics: topics(4), maxWaitMs: 700 }));
  await agent.pass(690);
  expect(client.take(apis.fetch, 12, waiting)).toBeUndefined();
  await agent.pass(20);
  expect(client.take(apis.fetch, 12, waiting)!.responses[0]!.partitions.map(({ errorCode }) => errorCode)).toEqual([
    0, 3,
  ]);
});

it('read_committed has an empty list of aborted transactions', async () => {
  const { client } = await agentWithRecords();
  const answer = await client.call(apis.fetch, 12, from(0, { isolationLevel: 1 }));
  expect(answer.responses[0]!.partitions[0]!.abortedTransactions).toEqual([]);
});

it('at least one whole batch comes, whatever the limits', async () => {
  const { client, bytes } = await agentWithRecords();
  for (const request of [
    from(0, {}, 0, 1),
    from(0, { maxBytes: 1 }),
    from(0, { maxBytes: 0 }, 0, 0),
    from(0, {}, 0, bytes),
  ]) {
    const answer = await client.call(apis.fetch, 12, request);
    expect(answer.responses[0]!.partitions[0]!.records!.length).toBe(bytes);
  }
});

it('waits for records until they come', async () => {
  const { agent, client } = await agentWithRecords();
  const waiting = client.send(apis.fetch, 12, from(4, { maxWaitMs: 30_000 }));
  await agent.pass(5_000);
  expect(client.take(apis.fetch, 12, waiting)).toBeUndefined();
  await produce(agent.connect(), ['e']);
  await agent.pass(1);
  expect(client.take(apis.fetch, 12, waiting)!.responses[0]!.partitions[0]).toMatchObject({ highWatermark: 5 });
});

it('gives up waiting at the end of the wait, empty', async () => {
  const { agent, client } = await agentWithRecords();
  const waiting = client.send(apis.fetch, 12, from(4, { maxWaitMs: 700 }));
  await agent.pass(690);
  expect(client.take(apis.fetch, 12, waiting)).toBeUndefined();
  await agent.pass(20);
  expect(client.take(apis.fetch, 12, waiting)!.responses[0]!.partitions[0]).toMatchObject({
    errorCode: 0,
    records: { length: 0 },
  });
});

it('what was sent is unpinned', async () => {
  const { agent, client } = await agentWithRecords();
  for (let at = 0; at < 5; at += 1) await client.call(apis.fetch, 12, from(0));
  await agent.pass(1);
  expect(agent.intake.pins).toBe(0);
});

it('an agent whose epoch was closed serves nothing: 6', async () => {
  const { agent, client } = await agentWithRecords();
  agent.metadata.lead({
    kind: { $case: 'closeAgentEpoch', value: { agentEpoch: agent.metadata.self.agentEpoch } },
  });
  const answer = await client.call(apis.fetch, 12, from(0, { maxWaitMs: 30_000 }));
  expect(answer.responses[0]!.partitions[0]).toMatchObject({ errorCode: 6, records: { length: 0 } });
});

describe('sessions', () => {
  /** A session over both partitions of `t`, the first with four records. */
  async function inSession(version: number) {
    const { agent, client, topicId } = await agentWithRecords();
    const topic = version >= 13 ? { topicId } : { topic: 't' };
    const at = (partition: number, fetchOffset: number) => ({ partition, fetchOffset, partitionMaxBytes: 1_000_000 });
    const full = {
      maxWaitMs: 0,
      minBytes: 1,
      sessionEpoch: 0,
      topics: [{ ...topic, partitions: [at(0, 0), at(1, 0)] }],
    };
    const first = await client.call(apis.fetch, version, full);
    const { sessionId } = first;
    let sessionEpoch = 0;
    const next = (more: Partial<Fetch> = {}) => {
      sessionEpoch += 1;
      return client.call(apis.fetch, version, {
        maxWaitMs: 0,
        minBytes: 1,
        sessionId,
        sessionEpoch,
        topics: [],
        ...more,
      });
    };
    return { agent, client, topicId, topic, at, full, first, sessionId, next };
  }

  const told = ({ responses }: Awaited<ReturnType<Awaited<ReturnType<typeof inSession>>['next']>>) =>
    responses.map(({ partitions }) => partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]));

  for (let version = 7; version <= apis.fetch.max; version += 1) {
    it(`v${version}: begins with everything, then tells changes only, and ends`, async () => {
      const { agent, client, topic, topicId, at, first, sessionId, next } = await inSession(version);
      expect(sessionId).toBeGreaterThan(0);
      expect(told(first)).toEqual([
        [
          [0, 0],
          [1, 0],
        ],
      ]);
      const moved = await next({ topics: [{ ...topic, partitions: [at(0, 4)] }] });
      expect(moved).toMatchObject({ errorCode: 0, sessionId, responses: [] });
      await produce(client, ['x'], 't', 1);
      const changed = await next();
      expect(changed.responses).toMatchObject([version >= 13 ? { topicId } : { topic: 't' }]);
      expect(told(changed)).toEqual([[[1, 0]]]);
      expect(changed.responses[0]!.partitions[0]).toMatchObject({ highWatermark: 1, logStartOffset: 0 });
      expect(agent.fetchSessions).toMatchObject({ count: 1, partitions: 2 });
      const forgottenTopicsData = [{ ...topic, partitions: [1] }];
      expect(await next({ forgottenTopicsData })).toMatchObject({ errorCode: 0, sessionId, responses: [] });
      expect(agent.fetchSessions.partitions).toBe(1);
      expect(await next({ sessionEpoch: -1 })).toMatchObject({ errorCode: 0, sessionId: 0, responses: [] });
      expect(agent.fetchSessions.count).toBe(0);
      expect(await next()).toMatchObject({ errorCode: 70, sessionId: 0, responses: [] });
    });
  }

  it('v6 and below have none', async () => {
    const { agent, client } = await agentWithRecords();
    await client.call(apis.fetch, 6, from(0));
    expect(agent.fetchSessions.count).toBe(0);
  });

  it('errors: an unknown id 70, a wrong epoch 71, an id where there were names 106', async () => {
    const { client, sessionId, next } = await inSession(12);
    expect(await client.call(apis.fetch, 7, from(0, { sessionId: 5, sessionEpoch: 1 }))).toMatchObject({
      errorCode: 70,
      responses: [],
    });
    expect(await next({ sessionEpoch: 9 })).toMatchObject({ errorCode: 71, sessionId: 0, responses: [] });
    const byId = { maxWaitMs: 0, minBytes: 1, sessionId, sessionEpoch: 1, topics: [] };
    expect(await client.call(apis.fetch, 13, byId)).toMatchObject({ errorCode: 106, sessionId: 0, responses: [] });
  });

  it('waits for whatever the session has', async () => {
    const { agent, client, topic, at, sessionId, next } = await inSession(13);
    await next({ topics: [{ ...topic, partitions: [at(0, 4)] }] });
    const request = { maxWaitMs: 30_000, minBytes: 1, sessionId, sessionEpoch: 2, topics: [] };
    const waiting = client.send(apis.fetch, 13, request);
    await agent.pass(5_000);
    expect(client.take(apis.fetch, 13, waiting)).toBeUndefined();
    await produce(agent.connect(), ['e']);
    await agent.pass(1);
    expect(told(client.take(apis.fetch, 13, waiting)!)).toEqual([[[0, 0]]]);
  });

  it('a duplicate that overtakes a waiting request ends it with 71 and the session id, and nothing stays pinned', async () => {
    const { agent, client, topic, at, sessionId, next } = await inSession(12);
    await next({ topics: [{ ...topic, partitions: [at(0, 4)] }] });
    const request = { maxWaitMs: 500, minBytes: 1, sessionId, topics: [] };
    const waiting = client.send(apis.fetch, 12, { ...request, sessionEpoch: 2 });
    await agent.pass(1);
    const other = agent.connect();
    expect(await other.call(apis.fetch, 12, { ...request, maxWaitMs: 0, sessionEpoch: 3 })).toMatchObject({
      errorCode: 0,
    });
    await produce(other, ['e']);
    await agent.pass(1);
    expect(client.take(apis.fetch, 12, waiting)).toMatchObject({ errorCode: 71, sessionId, responses: [] });
    await agent.pass(1);
    expect(agent.intake.pins).toBe(0);
  });

  it('what gave records comes last in the next answer, so that a limit starves nobody', async () => {
    const { client, next } = await inSession(12);
    await produce(client, ['x'], 't', 1);
    await next({ maxBytes: 1 });
    const given: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const { responses } = await next({ maxBytes: 1 });
      expect(responses[0]!.partitions[0]!.records!.length).toBeGreaterThan(0);
      given.push(responses[0]!.partitions[0]!.partitionIndex);
    }
    expect(given).toEqual([1, 0, 1, 0]);
  });

  it('an id that is not known yet is told with each answer, and read once it is', async () => {
    const { agent, client, next } = await inSession(13);
    const request = { ...from(0), maxWaitMs: 0, sessionEpoch: 0 };
    const topics = [{ topicId: NO_SUCH_ID, partitions: request.topics[0]!.partitions }];
    const first = await client.call(apis.fetch, 13, { ...request, topics });
    expect(told(first)).toEqual([[[0, 100]]]);
    const { sessionId } = first;
    const idle = { ...request, sessionId, topics: [] };
    expect(told(await client.call(apis.fetch, 13, { ...idle, sessionEpoch: 1 }))).toEqual([[[0, 100]]]);
    await agent.metadata.submit({
      kind: {
        $case: 'createTopic',
        value: { name: 'later', topicId: topicIdBytes(NO_SUCH_ID), partitions: 1, configs: [] },
      },
    });
    expect(told(await client.call(apis.fetch, 13, { ...idle, sessionEpoch: 2 }))).toEqual([[[0, 0]]]);
    expect(told(await client.call(apis.fetch, 13, { ...idle, sessionEpoch: 3 }))).toEqual([]);
    expect(told(await next())).toEqual([[[0, 0]]]);
  });

  it('a topic that is deleted is 3; made again it is 103 by its old id, and read by its name', async () => {
    const byId = await inSession(13);
    const deleteAndAgain = async ({ client }: { readonly client: LocalClient }, again: boolean) => {
      if (again) await client.call(apis.metadata, 4, { topics: [{ name: 't' }] });
      else await client.call(apis.deleteTopics, 4, { topicNames: ['t'], timeoutMs: 1_000 });
    };
    await deleteAndAgain(byId, false);
    expect(told(await byId.next())).toEqual([
      [
        [0, 3],
        [1, 3],
      ],
    ]);
    await deleteAndAgain(byId, true);
    expect(told(await byId.next())).toEqual([
      [
        [0, 103],
        [1, 103],
      ],
    ]);

    const byName = await inSession(12);
    await deleteAndAgain(byName, false);
    expect(told(await byName.next())).toEqual([
      [
        [0, 3],
        [1, 3],
      ],
    ]);
    await deleteAndAgain(byName, true);
    expect(told(await byName.next())).toEqual([
      [
        [0, 0],
        [1, 0],
      ],
    ]);
  });

  it('who finds no memory gets no session, and reads all the same', async () => {
    const { agent, client, full } = await inSession(12);
    const many = Array.from({ length: 6_000 }, (_, partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1 }));
    const answer = await client.call(apis.fetch, 12, { ...full, topics: [{ topic: 't', partitions: many }] });
    expect(answer).toMatchObject({ errorCode: 0, sessionId: 0 });
    expect(answer.responses[0]!.partitions[0]!.records!.length).toBeGreaterThan(0);
    expect(agent.fetchSessions.count).toBe(1);
  });
});

it('a topic with compression.type=zstd is refused before v10', async () => {
  const { client } = await agentWithRecords();
  const alter = (resourceType: number, resourceName: string, name: string, value: string) =>
    client.call(apis.incrementalAlterConfigs, 1, {
      resources: [{ resourceType, resourceName, configs: [{ name, configOperation: 0, value }] }],
      validateOnly: false,
    });
  const errorOf = async (version: number) => {
    const { responses } = await client.call(apis.fetch, version, from(0));
    const { errorCode, records } = responses[0]!.partitions[0]!;
    return [errorCode, records!.length > 0];
  };
  expect(await errorOf(9)).toEqual([0, true]);
  await alter(2, 't', 'compression.type', 'zstd');
  expect(await errorOf(9)).toEqual([76, false]);
  expect(await errorOf(10)).toEqual([0, true]);
  await alter(2, 't', 'compression.type', 'lz4');
  expect(await errorOf(9)).toEqual([0, true]);
});
