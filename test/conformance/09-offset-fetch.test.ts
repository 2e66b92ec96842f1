import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { LocalMember } from './local-member.js';

const NO_SUCH_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';

/** Group g has committed 42 for partition 0 of t, which has two partitions. */
async function agentWithOffset() {
  const agent = await LocalAgent.start();
  await agent.connect().call(apis.metadata, 4, { topics: [{ name: 't' }] });
  expect(await new LocalMember(agent).commit('t', 42)).toBe(0);
  return { agent, topicId: agent.metadata.view.topicByName('t')!.topicId };
}

const committed = (version: number) => ({
  partitionIndex: 0,
  committedOffset: 42,
  committedLeaderEpoch: -1,
  metadata: version >= 0 ? 'm' : '',
  errorCode: 0,
});
const none = { partitionIndex: 1, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: 0 };

describe('every version', () => {
  for (let version = apis.offsetFetch.min; version <= apis.offsetFetch.max; version += 1) {
    it(`v${version}`, async () => {
      const { agent, topicId } = await agentWithOffset();
      const partitionIndexes = [0, 1];
      const topics = [version >= 10 ? { topicId, partitionIndexes } : { name: 't', partitionIndexes }];
      const request =
        version >= 8
          ? { groups: [{ groupId: 'g', topics }] }
          : { groupId: 'g', topics: [{ name: 't', partitionIndexes }] };
      const answer = await agent.connect().call(apis.offsetFetch, version, request);
      const group = version >= 8 ? answer.groups[0]! : answer;
      expect(group.errorCode).toBe(0);
      expect(group.topics[0]!.partitions).toEqual([committed(version), none]);
    });

    if (version >= 2) {
      it(`v${version} all topics`, async () => {
        const { agent } = await agentWithOffset();
        const request = version >= 8 ? { groups: [{ groupId: 'g', topics: null }] } : { groupId: 'g', topics: null };
        const answer = await agent.connect().call(apis.offsetFetch, version, request);
        const { topics } = version >= 8 ? answer.groups[0]! : answer;
        expect(topics.map(({ partitions }) => partitions)).toEqual([[committed(version)]]);
      });
    }
  }
});

it('several groups, one of which does not exist', async () => {
  const { agent } = await agentWithOffset();
  const topics = [{ name: 't', partitionIndexes: [0] }];
  const groups = [
    { groupId: 'g', topics },
    { groupId: 'nobody', topics },
  ];
  const answer = await agent.connect().call(apis.offsetFetch, 8, { groups });
  expect(answer.groups.map((group) => [group.errorCode, group.topics[0]!.partitions[0]!.committedOffset])).toEqual([
    [0, 42],
    [0, -1],
  ]);
});

it('an unknown topic id: 100', async () => {
  const { agent } = await agentWithOffset();
  const groups = [{ groupId: 'g', topics: [{ topicId: NO_SUCH_ID, partitionIndexes: [0] }] }];
  const answer = await agent.connect().call(apis.offsetFetch, 10, { groups });
  expect(answer.groups[0]!.topics[0]).toMatchObject({ topicId: NO_SUCH_ID, partitions: [{ errorCode: 100 }] });
});

it('waits for a fresh read; without one the coordinator is asked for again', async () => {
  const { agent } = await agentWithOffset();
  const { freshReads } = agent.metadata;
  const request = { groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] };
  await agent.connect().call(apis.offsetFetch, 7, request);
  expect(agent.metadata.freshReads).toBe(freshReads + 1);
  await agent.metadata.close();
  expect(await agent.connect().call(apis.offsetFetch, 7, request)).toMatchObject({ errorCode: 16, topics: [] });
  const first = await agent.connect().call(apis.offsetFetch, 1, request);
  expect(first.topics[0]!.partitions[0]).toMatchObject({ errorCode: 16, committedOffset: -1 });
});
