import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { LocalAgent } from './local-agent.js';
import { makeTopics, produceTo } from './local-topics.js';

const batch = makeBatch({ values: ['a', 'b'] });

/** Two batches in t-0, one in t-1, none in u. */
async function agentWithRecords(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  await makeTopics(agent, { t: { partitions: 2 }, u: {} });
  await produceTo(agent, 't', 0, [batch, batch]);
  await produceTo(agent, 't', 1, [batch]);
  return agent;
}

const row = (partitionIndex: number, batches: number) => ({
  partitionIndex,
  partitionSize: batches * batch.length,
  offsetLag: 0,
  isFutureKey: false,
});

describe('every version', () => {
  for (let version = apis.describeLogDirs.min; version <= apis.describeLogDirs.max; version += 1) {
    it(`v${version} tells the bytes of what was asked for, once, and leaves out what is not here`, async () => {
      const agent = await agentWithRecords();
      const topics = [
        { topic: 't', partitions: [0, 9, 0] },
        { topic: 'nope', partitions: [0] },
        { topic: 'u', partitions: [] },
      ];
      const answer = await agent.connect().call(apis.describeLogDirs, version, { topics });
      expect(answer).toEqual({
        throttleTimeMs: 0,
        errorCode: 0,
        results: [
          {
            errorCode: 0,
            logDir: 's3://test-bucket/some/where',
            topics: [{ name: 't', partitions: [row(0, 2)] }],
            totalBytes: -1,
            usableBytes: -1,
            isCordoned: false,
          },
        ],
      });
    });

    it(`v${version} null: all partitions`, async () => {
      const agent = await agentWithRecords();
      const answer = await agent.connect().call(apis.describeLogDirs, version, { topics: null });
      expect(answer.results[0]!.topics).toEqual([
        { name: 't', partitions: [row(0, 2), row(1, 1)] },
        { name: 'u', partitions: [row(0, 0)] },
      ]);
    });
  }
});

it("another agent's partitions are left out: tools add up what every broker tells", async () => {
  const agent = await LocalAgent.start();
  await makeTopics(agent, { t: { partitions: 50 } });
  const listeners = ['inside', 'outside'].map((name) => ({ name, host: 'other.test', port: 1 }));
  const other = { name: 'other', incarnation: new Uint8Array(16).fill(7), zone: '', listeners };
  agent.metadata.lead({ kind: { $case: 'registerAgent', value: other } });
  const client = agent.connect();
  const { results } = await client.call(apis.describeLogDirs, 5, { topics: null });
  const { topics } = await client.call(apis.metadata, 12, { topics: [{ name: 't' }] });
  const led = topics[0]!.partitions.filter(({ leaderId }) => leaderId === agent.metadata.self.nodeId);
  const told = results[0]!.topics[0]!.partitions.map(({ partitionIndex }) => partitionIndex);
  expect(told).toEqual(led.map(({ partitionIndex }) => partitionIndex));
  expect(told.length).toBeGreaterThan(0);
  expect(told.length).toBeLessThan(50);
});

it('no topics: the directory alone', async () => {
  const answer = await (await agentWithRecords()).connect().call(apis.describeLogDirs, 4, { topics: [] });
  expect(answer.results).toMatchObject([{ errorCode: 0, topics: [] }]);
});

it('a bucket on disk is named by its folder', async () => {
  const agent = await LocalAgent.start({ bucket: { kind: 'file', folder: './weft-data' } });
  const answer = await agent.connect().call(apis.describeLogDirs, 4, { topics: [] });
  expect(answer.results[0]!.logDir).toBe('file:./weft-data');
});
