import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { LocalAgent, type LocalClient } from './local-agent.js';
import { makeTopics, produceTo } from './local-topics.js';

/** Offsets 0 to 4 in t-0, in batches of 2, 2 and 1. */
async function agentWithRecords(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  await makeTopics(agent, {
    t: { partitions: 2 },
    compacted: { configs: { 'cleanup.policy': 'compact' } },
    both: { configs: { 'cleanup.policy': 'compact,delete' } },
    __consumer_offsets: {},
  });
  await produceTo(agent, 't', 0, [makeBatch({ values: ['a', 'b'] }), makeBatch({ values: ['c', 'd'] }), makeBatch()]);
  return agent;
}

type Row = readonly [partition: number, offset: number];

const request = (topics: readonly (readonly [string, readonly Row[]])[], timeoutMs = 1_000) => ({
  topics: topics.map(([name, rows]) => ({
    name,
    partitions: rows.map(([partitionIndex, offset]) => ({ partitionIndex, offset })),
  })),
  timeoutMs,
});

/** `[partition, low watermark, error]` each. */
async function remove(client: LocalClient, version: number, name: string, ...rows: readonly Row[]) {
  const { topics } = await client.call(apis.deleteRecords, version, request([[name, rows]]));
  return topics.flatMap(({ partitions }) =>
    partitions.map(({ partitionIndex, lowWatermark, errorCode }) => [partitionIndex, lowWatermark, errorCode]),
  );
}

describe('every version', () => {
  for (let version = apis.deleteRecords.min; version <= apis.deleteRecords.max; version += 1) {
    it(`v${version} moves the log start up, and never down`, async () => {
      const client = (await agentWithRecords()).connect();
      expect(await remove(client, version, 't', [0, 3])).toEqual([[0, 3, 0]]);
      expect(await remove(client, version, 't', [0, 1])).toEqual([[0, 3, 0]]);
      expect(await remove(client, version, 't', [0, -1], [1, -1])).toEqual([
        [0, 5, 0],
        [1, 0, 0],
      ]);
    });

    const rows: readonly (readonly [string, string, Row, number])[] = [
      ['above the high watermark', 't', [0, 6], 1],
      ['below -1', 't', [0, -2], 1],
      ['an unknown partition', 't', [9, 0], 3],
      ['a negative partition', 't', [-1, 0], 3],
      ['an unknown topic', 'nope', [0, 0], 3],
      ['not a topic name', 'a b', [0, 0], 3],
      ['a compacted topic', 'compacted', [0, 0], 44],
      ['a compacted topic above its end', 'compacted', [0, 99], 44],
      ['a topic that Kafka keeps for itself', '__consumer_offsets', [0, 0], 17],
    ];
    for (const [label, name, row, error] of rows) {
      it(`v${version} ${label}: ${error}`, async () => {
        expect(await remove((await agentWithRecords()).connect(), version, name, row)).toEqual([[row[0], -1, error]]);
      });
    }
  }
});

it('compacted and deleted: allowed', async () => {
  expect(await remove((await agentWithRecords()).connect(), 2, 'both', [0, 0])).toEqual([[0, 0, 0]]);
});

it("a topic that is compacted by its brokers' default: 44", async () => {
  const client = (await agentWithRecords()).connect();
  const configs = [{ name: 'log.cleanup.policy', value: 'compact' }];
  const resources = [{ resourceType: 4, resourceName: '1', configs }];
  await client.call(apis.alterConfigs, 2, { resources, validateOnly: false });
  expect(await remove(client, 2, 't', [0, 3])).toEqual([[0, -1, 44]]);
  expect(await remove(client, 2, 'both', [0, 0])).toEqual([[0, 0, 0]]);
  expect(await remove(client, 2, '__consumer_offsets', [0, 0])).toEqual([[0, -1, 17]]);
});

it('a partition named twice is answered once, by its last offset; one bad partition fails alone', async () => {
  const client = (await agentWithRecords()).connect();
  const topics = [
    [
      't',
      [
        [0, 4],
        [0, 99],
        [1, 0],
      ],
    ],
    ['t', [[1, 0]]],
    ['nope', [[0, 0]]],
    ['compacted', []],
  ] as const;
  const answer = await client.call(apis.deleteRecords, 2, request(topics));
  expect(answer.topics).toEqual([
    {
      name: 't',
      partitions: [
        { partitionIndex: 0, lowWatermark: -1, errorCode: 1 },
        { partitionIndex: 1, lowWatermark: 0, errorCode: 0 },
      ],
    },
    { name: 'nope', partitions: [{ partitionIndex: 0, lowWatermark: -1, errorCode: 3 }] },
  ]);
});

it('what was deleted is gone for readers at once: fetches below it are out of range, earliest is the log start', async () => {
  const agent = await agentWithRecords();
  const client = agent.connect();
  await remove(client, 2, 't', [0, 3]);
  const fetch = async (fetchOffset: number) => {
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }];
    const answer = await client.call(apis.fetch, 12, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic: 't', partitions }],
      forgottenTopicsData: [],
    });
    return answer.responses[0]!.partitions[0]!;
  };
  expect(await fetch(2)).toMatchObject({ errorCode: 1, highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 });
  expect(await fetch(3)).toMatchObject({ errorCode: 0, highWatermark: 5, logStartOffset: 3 });
  const { topics } = await client.call(apis.listOffsets, 5, {
    replicaId: -1,
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -2 }] }],
  });
  expect(topics[0]!.partitions[0]!.offset).toBe(3);
});

it('a request of more partitions than one command takes goes in several', async () => {
  const agent = await LocalAgent.start();
  await makeTopics(agent, { a: { partitions: 4_000 }, b: { partitions: 4_000 } });
  const before = agent.metadata.view.revision;
  const rows = Array.from({ length: 4_000 }, (_, partition) => [partition, 0] as const);
  const answer = await agent.connect().call(
    apis.deleteRecords,
    2,
    request([
      ['a', rows],
      ['b', rows],
    ]),
  );
  const codes = answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
  expect([codes.length, new Set(codes)]).toEqual([8_000, new Set([0])]);
  expect(agent.metadata.view.revision).toBe(before + 2);
});

it('an outcome that does not come within the timeout: 7; without a way to the leader: 6', async () => {
  const agent = await agentWithRecords();
  const client = agent.connect();
  const { submit } = agent.metadata;
  agent.metadata.submit = () => new Promise(() => {});
  expect((await client.call(apis.deleteRecords, 2, request([['t', [[0, 1]]]], 100))).topics).toMatchObject([
    { partitions: [{ lowWatermark: -1, errorCode: 7 }] },
  ]);
  agent.metadata.submit = submit;
  await agent.metadata.close();
  expect(await remove(client, 2, 't', [0, 1])).toEqual([[0, -1, 6]]);
});
