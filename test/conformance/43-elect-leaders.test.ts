import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { makeTopics } from './local-topics.js';

async function agentWithTopics(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  await makeTopics(agent, { t: { partitions: 3 }, u: {} });
  return agent;
}

const some = [
  { topic: 't', partitions: [0, 2, 9, 0] },
  { topic: 'nope', partitions: [0] },
];

describe('every version', () => {
  for (let version = apis.electLeaders.min; version <= apis.electLeaders.max; version += 1) {
    for (const electionType of version === 0 ? [0] : [0, 1]) {
      it(`v${version} type ${electionType}: not needed, or unknown`, async () => {
        const request = { electionType, topicPartitions: some, timeoutMs: 1_000 };
        const answer = await (await agentWithTopics()).connect().call(apis.electLeaders, version, request);
        expect(answer.errorCode).toBe(0);
        const codes = answer.replicaElectionResults.map(({ topic, partitionResult }) => [
          topic,
          ...partitionResult.map(({ partitionId, errorCode }) => [partitionId, errorCode]),
        ]);
        expect(codes).toEqual([
          ['t', [0, 84], [2, 84], [9, 3], [0, 84]],
          ['nope', [0, 3]],
        ]);
        const [first] = answer.replicaElectionResults[0]!.partitionResult;
        expect(first!.errorMessage).toMatch(/leader/);
      });
    }

    it(`v${version} null: every topic, without partitions`, async () => {
      const request = { topicPartitions: null, timeoutMs: 1_000 };
      const answer = await (await agentWithTopics()).connect().call(apis.electLeaders, version, request);
      expect(answer).toMatchObject({
        errorCode: 0,
        replicaElectionResults: [
          { topic: 't', partitionResult: [] },
          { topic: 'u', partitionResult: [] },
        ],
      });
    });
  }
});

describe('an unknown election type', () => {
  const ask = async (topicPartitions: typeof some | null) => {
    const request = { electionType: 7, topicPartitions, timeoutMs: 1_000 };
    return (await agentWithTopics()).connect().call(apis.electLeaders, 2, request);
  };

  it('42 as a whole and for each partition', async () => {
    const answer = await ask(some);
    expect(answer.errorCode).toBe(42);
    const results = answer.replicaElectionResults.flatMap(({ partitionResult }) => partitionResult);
    expect(results.map(({ errorCode }) => errorCode)).toEqual([42, 42, 42, 42, 42]);
  });

  it('null: 42 without topics; nothing to elect: no error', async () => {
    expect(await ask(null)).toMatchObject({ errorCode: 42, replicaElectionResults: [] });
    expect(await ask([])).toMatchObject({ errorCode: 0, replicaElectionResults: [] });
  });
});
