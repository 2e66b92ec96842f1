import { describe, expect, it } from 'vitest';
import { JournalUnavailable } from '../../src/cluster/metadata-client.js';
import { apis } from '../../src/protocol/apis.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { LocalAgent } from './local-agent.js';

async function agentWithRecords(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  await client.call(apis.metadata, 4, { topics: [{ name: 't' }] });
  const records = makeBatch({ values: ['a', 'b', 'c'] });
  await client.call(apis.produce, 9, {
    acks: -1,
    timeoutMs: 1_000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: { slices: [records], bytes: records.length } }] }],
  });
  const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset: 1 }] }];
  await client.call(apis.deleteRecords, 2, { topics, timeoutMs: 1_000 });
  return agent;
}

const ask = (leaderEpoch: number, topic = 't', partition = 0) => ({
  topics: [{ topic, partitions: [{ partition, currentLeaderEpoch: 5, leaderEpoch }] }],
});

describe('every version', () => {
  for (let version = apis.offsetForLeaderEpoch.min; version <= apis.offsetForLeaderEpoch.max; version += 1) {
    for (const [name, request, errorCode, leaderEpoch, endOffset] of [
      ['ours', ask(0), 0, 0, 3],
      ['a later one', ask(1), 0, -1, -1],
      ['none', ask(-1), 0, -1, -1],
      ['one before the first', ask(-2), 0, -2, 1],
      ['unknown topic', ask(0, 'nope'), 3, -1, -1],
      ['unknown partition', ask(0, 't', 7), 3, -1, -1],
    ] as const) {
      it(`v${version} ${name}`, async () => {
        const answer = await (await agentWithRecords()).connect().call(apis.offsetForLeaderEpoch, version, request);
        expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode, leaderEpoch, endOffset });
      });
    }
  }
});

it('waits for a fresh read; without one: 6', async () => {
  const agent = await agentWithRecords();
  const { freshReads } = agent.metadata;
  await agent.connect().call(apis.offsetForLeaderEpoch, 4, ask(0));
  expect(agent.metadata.freshReads).toBe(freshReads + 1);
  await agent.metadata.close();
  const answer = await agent.connect().call(apis.offsetForLeaderEpoch, 4, ask(0));
  expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: 6 });
});

it('a journal that does not answer: 6, and the connection stays', async () => {
  const agent = await agentWithRecords();
  const client = agent.connect();
  agent.metadata.freshGate = Promise.reject(new JournalUnavailable('the journal does not answer'));
  const answer = await client.call(apis.offsetForLeaderEpoch, 4, ask(0));
  expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: 6 });
  agent.metadata.freshGate = undefined;
  expect((await client.call(apis.offsetForLeaderEpoch, 4, ask(0))).topics[0]!.partitions[0]).toMatchObject({
    errorCode: 0,
  });
});
