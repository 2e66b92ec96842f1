import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { makeTopics } from './local-topics.js';

async function agentWithTopic(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  await makeTopics(agent, { t: { partitions: 3 } });
  return agent;
}

const single = (name: string, partitionIndex: number, replicas: readonly number[] | null) => ({
  timeoutMs: 1_000,
  topics: [{ name, partitions: [{ partitionIndex, replicas }] }],
});

describe('every version', () => {
  for (let version = 0; version <= apis.alterPartitionReassignments.max; version += 1) {
    const rows: readonly (readonly [string, string, number, readonly number[] | null, number])[] = [
      ['a broker', 't', 0, [1], 0],
      ['a broker twice', 't', 1, [1, 1], 39],
      ['no broker', 't', 1, [], 39],
      ['an unknown broker', 't', 1, [1, 7], 39],
      ['an unknown partition', 't', 9, [1], 3],
      ['an unknown topic', 'nope', 0, [1], 3],
      ['a cancellation', 't', 0, null, 85],
      ['a cancellation for an unknown partition', 't', 9, null, 3],
    ];
    for (const [label, name, partition, replicas, error] of rows) {
      it(`v${version} ${label}: ${error}`, async () => {
        const agent = await agentWithTopic();
        const request = single(name, partition, replicas);
        const answer = await agent.connect().call(apis.alterPartitionReassignments, version, request);
        expect(answer).toMatchObject({ errorCode: 0, errorMessage: null, allowReplicationFactorChange: true });
        expect(answer.responses).toMatchObject([
          { name, partitions: [{ partitionIndex: partition, errorCode: error }] },
        ]);
        expect(answer.responses[0]!.partitions[0]!.errorMessage === null).toBe(error === 0 || error === 85);
      });
    }
  }
});

it('v1 forbids another number of replicas when asked to', async () => {
  const agent = await agentWithTopic();
  const listeners = [{ name: 'inside', host: 'other.test', port: 1 }];
  const other = { name: 'other', incarnation: new Uint8Array(16).fill(7), zone: '', listeners };
  const registered = agent.metadata.lead({ kind: { $case: 'registerAgent', value: other } });
  if (registered.kind !== 'registered') throw new Error(registered.kind);
  const both = [agent.metadata.self.nodeId, registered.nodeId];
  for (const [allowReplicationFactorChange, error] of [
    [true, 0],
    [false, 38],
  ] as const) {
    const request = { ...single('t', 0, both), allowReplicationFactorChange };
    const answer = await agent.connect().call(apis.alterPartitionReassignments, 1, request);
    expect(answer.allowReplicationFactorChange).toBe(allowReplicationFactorChange);
    expect(answer.responses[0]!.partitions[0]!.errorCode).toBe(error);
  }
});

it.each([0, 1])('v%i without topics: nothing is looked at', async (version) => {
  const request = { timeoutMs: 1_000, allowReplicationFactorChange: false, topics: [] };
  const answer = await (await agentWithTopic()).connect().call(apis.alterPartitionReassignments, version, request);
  expect(answer).toMatchObject({ allowReplicationFactorChange: true, errorCode: 0, errorMessage: '', responses: [] });
});

it('one bad partition does not fail its neighbours, and nothing is under way afterwards', async () => {
  const client = (await agentWithTopic()).connect();
  const partitions = [
    { partitionIndex: 0, replicas: [7] },
    { partitionIndex: 1, replicas: [1] },
  ];
  const answer = await client.call(apis.alterPartitionReassignments, 1, {
    timeoutMs: 1_000,
    topics: [{ name: 't', partitions }],
  });
  expect(answer.responses[0]!.partitions.map(({ errorCode }) => errorCode)).toEqual([39, 0]);
  const list = await client.call(apis.listPartitionReassignments, 0, { timeoutMs: 1_000, topics: null });
  expect(list.topics).toEqual([]);
});
