import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import type { RequestIn } from '../../src/protocol/codec.js';
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

  it('a session that we never gave: 70', async () => {
    const { client } = await agentWithRecords();
    expect(await client.call(apis.fetch, 7, from(0, { sessionId: 5, sessionEpoch: 1 }))).toMatchObject({
      errorCode: 70,
      responses: [],
    });
  });
});

it('one unknown partition does not keep the others from being read', async () => {
  const { client } = await agentWithRecords();
  const partitions = [
    { partition: 7, fetchOffset: 0, partitionMaxBytes: 1_000 },
    { partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 },
  ];
  const answer = await client.call(apis.fetch, 12, from(0, { topics: [{ topic: 't', partitions }] }));
  expect(answer.responses[0]!.partitions.map(({ errorCode }) => errorCode)).toEqual([3, 0]);
  expect(answer.responses[0]!.partitions[1]!.records!.length).toBeGreaterThan(0);
});

it('read_committed has an empty list of aborted transactions', async () => {
  const { client } = await agentWithRecords();
  const answer = await client.call(apis.fetch, 12, from(0, { isolationLevel: 1 }));
  expect(answer.responses[0]!.partitions[0]!.abortedTransactions).toEqual([]);
});

it('at least one whole batch comes, whatever the limits', async () => {
  const { client, bytes } = await agentWithRecords();
  for (const request of [from(0, {}, 0, 1), from(0, { maxBytes: 1 }), from(0, {}, 0, bytes)]) {
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
