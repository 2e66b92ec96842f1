import { describe, expect, it, vi } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { LocalMember, stableGroup } from './local-member.js';

const NO_SUCH_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';

async function agentWithTopic() {
  const agent = await LocalAgent.start();
  await agent.connect().call(apis.metadata, 4, { topics: [{ name: 't' }] });
  return { agent, topicId: agent.metadata.view.topicByName('t')!.topicId };
}

describe('every version', () => {
  for (let version = apis.offsetCommit.min; version <= apis.offsetCommit.max; version += 1) {
    it(`v${version} commits for a member`, async () => {
      const { agent, topicId } = await agentWithTopic();
      const [member] = await stableGroup(agent, 1);
      const partitions = [
        { partitionIndex: 0, committedOffset: 42, committedLeaderEpoch: 3, committedMetadata: 'note' },
        { partitionIndex: 9, committedOffset: 1, committedMetadata: null },
      ];
      const answer = await agent.connect().call(apis.offsetCommit, version, {
        groupId: 'g',
        generationIdOrMemberEpoch: member!.generation,
        memberId: member!.memberId,
        topics: [version >= 10 ? { topicId, partitions } : { name: 't', partitions }],
      });
      expect(answer.topics[0]!.partitions).toEqual([
        { partitionIndex: 0, errorCode: 0 },
        { partitionIndex: 9, errorCode: 3 },
      ]);
      expect(agent.metadata.view.committedOffset('g', 't', 0)).toMatchObject({
        offset: 42,
        leaderEpoch: version >= 6 ? 3 : -1,
        metadata: 'note',
      });
    });
  }
});

describe('errors', () => {
  it('by topic', async () => {
    const { agent } = await agentWithTopic();
    const member = new LocalMember(agent);
    expect(await member.commit('nope', 1)).toBe(3);
    const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }];
    const byId = { groupId: 'g', memberId: '', topics: [{ topicId: NO_SUCH_ID, partitions }] };
    const answer = await agent.connect().call(apis.offsetCommit, 10, byId);
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(100);
  });

  it('by member', async () => {
    const { agent } = await agentWithTopic();
    const [member] = await stableGroup(agent, 1);
    expect(await member!.commit('t', 1, { generationIdOrMemberEpoch: 9 })).toBe(22);
    expect(await member!.commit('t', 1, { memberId: 'stranger' })).toBe(25);
    expect(await member!.commit('t', 1, { generationIdOrMemberEpoch: -1, memberId: '' })).toBe(25);
    const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: 'x'.repeat(4_097) }];
    expect(await member!.commit('t', 1, { topics: [{ name: 't', partitions }] })).toBe(12);
    expect(agent.metadata.view.committedOffset('g', 't', 0)).toBeUndefined();
    agent.metadata.leaderKnown = false;
    expect(await member!.commit('t', 1)).toBe(14);
  });

  it('an outcome that does not come within 5 s: 15', async () => {
    const { agent } = await agentWithTopic();
    agent.metadata.submit = () => new Promise(() => {});
    const startMs = agent.time.nowMs;
    expect(await new LocalMember(agent, { group: 'simple' }).commit('t', 1)).toBe(15);
    expect(agent.time.nowMs - startMs).toBeGreaterThanOrEqual(5_000);
  });
});

it('a generation of a group that does not exist: 69, before v9 22', async () => {
  const { agent } = await agentWithTopic();
  for (const [version, error] of [
    [8, 22],
    [9, 69],
  ] as const) {
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }] }];
    const request = { groupId: 'nobody', generationIdOrMemberEpoch: 1, memberId: 'x', topics };
    const answer = await agent.connect().call(apis.offsetCommit, version, request);
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(error);
  }
  expect([...agent.metadata.view.groups()]).toEqual([]);
});

it('the empty group id takes commits without a generation, as in Kafka', async () => {
  const { agent } = await agentWithTopic();
  expect(await new LocalMember(agent, { group: '' }).commit('t', 7)).toBe(0);
  expect(agent.metadata.view.committedOffset('', 't', 0)).toMatchObject({ offset: 7 });
});

it('a group without members takes commits without a generation', async () => {
  const { agent } = await agentWithTopic();
  expect(await new LocalMember(agent, { group: 'simple' }).commit('t', 7)).toBe(0);
  expect(agent.metadata.view.committedOffset('simple', 't', 0)).toMatchObject({ offset: 7 });
});

it('commits sent behind one another are under way together, the last one counts, and what follows them waits for all', async () => {
  const { agent } = await agentWithTopic();
  const client = agent.connect();
  const go: (() => void)[] = [];
  const submit = agent.metadata.submit.bind(agent.metadata);
  agent.metadata.submit = async (command) => {
    await new Promise<void>((resolve) => go.push(resolve));
    return submit(command);
  };
  const commits = [1, 2, 3].map((committedOffset) => {
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: null }];
    return client.send(apis.offsetCommit, 8, { groupId: 'g', memberId: '', topics: [{ name: 't', partitions }] });
  });
  const topics = [{ name: 't', partitionIndexes: [0] }];
  const fetched = client.send(apis.offsetFetch, 7, { groupId: 'g', topics });
  await agent.pass(10);
  expect(go).toHaveLength(3);
  for (const one of go) one();
  await agent.pass(10);
  for (const commit of commits) {
    const answer = client.take(apis.offsetCommit, 8, commit)!;
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(0);
  }
  const offsets = client.take(apis.offsetFetch, 7, fetched)!;
  expect(offsets.topics[0]!.partitions[0]!.committedOffset).toBe(3);
});

it('a commit is a sign of life of a member unless it is refused', async () => {
  const { agent } = await agentWithTopic();
  const [member] = await stableGroup(agent, 1);
  const alive = vi.spyOn(agent.metadata, 'membersAlive');
  const signs = async (by: LocalMember, more: object = {}) => {
    alive.mockClear();
    return [await by.commit('t', 1, more), alive.mock.calls.length > 0];
  };
  expect(await signs(member!)).toEqual([0, true]);
  expect(await signs(member!, { groupInstanceId: 'other' })).toEqual([25, false]);
  expect(await signs(member!, { generationIdOrMemberEpoch: member!.generation - 1 })).toEqual([22, false]);
  const newcomer = new LocalMember(agent, { group: 'g2' });
  await newcomer.join();
  expect(await signs(newcomer)).toEqual([27, false]);
});
