import { describe, expect, it, vi } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { errors } from '../../src/protocol/errors.js';
import { ConsumerGroupMember } from './consumer-member.js';
import { LocalAgent } from './local-agent.js';
import { makeTopics } from './local-topics.js';

async function agentWith(topics: Readonly<Record<string, number>> = { t: 4 }): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  await makeTopics(
    agent,
    Object.fromEntries(Object.entries(topics).map(([name, partitions]) => [name, { partitions }])),
  );
  return agent;
}

const partitionsOf = (member: ConsumerGroupMember) => [...member.owned.values()].flat().sort((a, b) => a - b);

for (let version = apis.consumerGroupHeartbeat.min; version <= apis.consumerGroupHeartbeat.max; version += 1) {
  it(`v${version}: a member joins, owns everything, beats and leaves`, async () => {
    const agent = await agentWith();
    const member = new ConsumerGroupMember(agent, { version, memberId: version === 0 ? '' : 'm1' });
    const joined = await member.join();
    expect(joined).toMatchObject({ errorCode: 0, memberEpoch: 1, heartbeatIntervalMs: 5_000 });
    expect(joined.memberId).toMatch(version === 0 ? /^[\w-]{22}$/ : /^m1$/);
    expect(partitionsOf(member)).toEqual([0, 1, 2, 3]);
    const { revision } = agent.metadata.view;
    expect(await member.send()).toMatchObject({ errorCode: 0, memberEpoch: 1, assignment: null });
    expect(agent.metadata.view.revision).toBe(revision);
    expect(await member.leave()).toMatchObject({ errorCode: 0, memberId: joined.memberId, memberEpoch: -1 });
    expect(agent.metadata.view.consumerGroup('g')).toMatchObject({ state: 'Empty', groupEpoch: 2 });
  });
}

it('partitions go from one member to the other only after they were given up', async () => {
  const agent = await agentWith();
  const [first, second] = [
    new ConsumerGroupMember(agent, { memberId: 'm1' }),
    new ConsumerGroupMember(agent, { memberId: 'm2' }),
  ];
  await first.join();
  const joined = await second.join();
  expect(joined).toMatchObject({ memberEpoch: 2, assignment: { topicPartitions: [] } });
  // What it must give up is missing from its assignment; it stays in its epoch until it says that it has no more of it.
  const had = first.reported;
  expect(await first.beat()).toMatchObject({
    memberEpoch: 1,
    assignment: { topicPartitions: [{ partitions: [0, 1] }] },
  });
  expect(await second.beat()).toMatchObject({ memberEpoch: 2, assignment: null });
  expect(await first.send({ topicPartitions: had })).toMatchObject({ memberEpoch: 1, assignment: null });
  expect(await first.send()).toMatchObject({ memberEpoch: 1, assignment: null });
  expect(await second.beat()).toMatchObject({ memberEpoch: 2, assignment: null });
  expect(agent.metadata.view.consumerGroup('g')!.state).toBe('Reconciling');
  expect(await first.beat()).toMatchObject({ memberEpoch: 2, assignment: null });
  await second.beat();
  expect([partitionsOf(first), partitionsOf(second)]).toEqual([
    [0, 1],
    [2, 3],
  ]);
  expect(agent.metadata.view.consumerGroup('g')!.state).toBe('Stable');
});

describe('a request that is wrong in itself', () => {
  const wrong: readonly [string, object, RegExp][] = [
    ['no member id', { memberId: '' }, /^MemberId can't be empty.$/],
    ['no group id', { groupId: ' ' }, /^GroupId can't be empty.$/],
    ['an empty instance id', { instanceId: '' }, /^InstanceId can't be empty.$/],
    ['an empty rack', { rackId: '' }, /^RackId can't be empty.$/],
    ['a join without a rebalance timeout', { rebalanceTimeoutMs: -1 }, /^RebalanceTimeoutMs must be/],
    ['a join that does not say that it owns nothing', { topicPartitions: null }, /^TopicPartitions must be empty/],
    ['a join without a subscription', { subscribedTopicNames: null }, /^Either SubscribedTopicNames/],
    ['a static leave without instance id', { memberEpoch: -2 }, /^InstanceId can't be null.$/],
    ['an epoch below -2', { memberEpoch: -3 }, /^MemberEpoch is invalid.$/],
  ];
  for (const [name, more, message] of wrong) {
    it(`${name}: INVALID_REQUEST`, async () => {
      const member = new ConsumerGroupMember(await agentWith(), { memberId: 'm1' });
      const answer = await member.join(more);
      expect(answer).toMatchObject({ errorCode: errors.INVALID_REQUEST.code, memberId: null });
      expect(answer.errorMessage).toMatch(message);
    });
  }

  it('an unknown assignor: UNSUPPORTED_ASSIGNOR', async () => {
    const member = new ConsumerGroupMember(await agentWith(), { memberId: 'm1', assignor: 'best' });
    const answer = await member.join();
    expect(answer.errorCode).toBe(errors.UNSUPPORTED_ASSIGNOR.code);
    expect(answer.errorMessage).toBe('ServerAssignor best is not supported. Supported assignors: uniform, range.');
  });
});

describe('who may speak', () => {
  it('not a member of a group that is not there, nor an unknown one', async () => {
    const agent = await agentWith();
    const stranger = new ConsumerGroupMember(agent, { memberId: 'x' });
    expect((await stranger.send({ memberEpoch: 1 })).errorCode).toBe(errors.GROUP_ID_NOT_FOUND.code);
    await new ConsumerGroupMember(agent, { memberId: 'm1' }).join();
    for (const memberEpoch of [1, -1]) {
      const answer = await stranger.send({ memberEpoch });
      expect(answer.errorCode).toBe(errors.UNKNOWN_MEMBER_ID.code);
      expect(answer.errorMessage).toBe('Member x is not a member of group g.');
    }
  });

  it('not at a greater epoch; at the one before only while the answer may have been lost', async () => {
    const agent = await agentWith();
    const member = new ConsumerGroupMember(agent, { memberId: 'm1' });
    await member.join();
    expect((await member.send({ memberEpoch: 2 })).errorCode).toBe(errors.FENCED_MEMBER_EPOCH.code);
    await makeTopics(agent, { u: {} });
    await member.send({ subscribedTopicNames: ['t', 'u'] });
    await member.beat();
    expect(member.epoch).toBe(2);
    const before = { memberEpoch: 1, topicPartitions: member.reported };
    expect((await member.send(before)).errorCode).toBe(0);
    expect((await member.send({ memberEpoch: 1 })).errorCode).toBe(errors.FENCED_MEMBER_EPOCH.code);
    const others = [{ topicId: agent.metadata.view.topicByName('u')!.topicId, partitions: [7] }];
    expect((await member.send({ memberEpoch: 1, topicPartitions: others })).errorCode).toBe(
      errors.FENCED_MEMBER_EPOCH.code,
    );
  });

  it('not one more than the group holds', async () => {
    const agent = await agentWith();
    for (let count = 0; count < 5; count++) {
      expect((await new ConsumerGroupMember(agent, { memberId: `m${count}` }).join()).errorCode).toBe(0);
    }
    const answer = await new ConsumerGroupMember(agent, { memberId: 'm5' }).join();
    expect(answer.errorCode).toBe(errors.GROUP_MAX_SIZE_REACHED.code);
    expect(answer.errorMessage).toBe('The consumer group has reached its maximum capacity of 5 members.');
  });
});

it('a heartbeat is a sign of life when it is accepted and does not leave', async () => {
  const agent = await agentWith();
  const alive = vi.spyOn(agent.metadata, 'membersAlive');
  const member = new ConsumerGroupMember(agent, { memberId: 'm1', instanceId: 'i' });
  await member.join();
  await new ConsumerGroupMember(agent, { memberId: 'm2' }).join();
  await member.settle();
  expect(alive).toHaveBeenCalledWith('g', ['m1']);
  const { epoch } = member;
  expect(epoch).toBeGreaterThan(1);
  const signs = async (more: Parameters<typeof member.send>[0]) => {
    alive.mockClear();
    const { errorCode } = await member.send({ instanceId: 'i', ...more });
    return [errorCode, alive.mock.calls.length > 0];
  };
  expect(await signs({ memberEpoch: epoch })).toEqual([0, true]);
  expect(await signs({ memberEpoch: epoch, rackId: 'elsewhere' })).toEqual([0, true]);
  const fenced = errors.FENCED_MEMBER_EPOCH.code;
  expect(await signs({ memberEpoch: epoch - 1 })).toEqual([fenced, false]);
  expect(await signs({ memberEpoch: epoch - 1, rackId: 'anywhere' })).toEqual([fenced, false]);
  expect(await signs({ memberEpoch: epoch + 1 })).toEqual([fenced, false]);
  expect(await signs({ memberEpoch: epoch, instanceId: 'j' })).toEqual([errors.UNKNOWN_MEMBER_ID.code, false]);
  expect(await signs({ memberEpoch: -2 })).toEqual([0, false]);
});

describe('static members', () => {
  it('come back under another id after -2 and have everything again; before that the instance id is taken', async () => {
    const agent = await agentWith();
    const first = new ConsumerGroupMember(agent, { memberId: 'm1', instanceId: 'i' });
    await first.join();
    const second = new ConsumerGroupMember(agent, { memberId: 'm2', instanceId: 'i' });
    expect((await second.join()).errorCode).toBe(errors.UNRELEASED_INSTANCE_ID.code);
    expect(await first.leave(-2)).toMatchObject({ errorCode: 0, memberEpoch: -2 });
    const { groupEpoch } = agent.metadata.view.consumerGroup('g')!;
    expect(await second.join()).toMatchObject({ errorCode: 0, memberEpoch: 1 });
    expect(partitionsOf(second)).toEqual([0, 1, 2, 3]);
    expect(agent.metadata.view.consumerGroup('g')).toMatchObject({ groupEpoch, state: 'Stable' });
    expect((await first.send({ memberEpoch: 1, instanceId: 'i' })).errorCode).toBe(errors.FENCED_INSTANCE_ID.code);
    expect((await first.send({ memberEpoch: 1, instanceId: 'j' })).errorCode).toBe(errors.UNKNOWN_MEMBER_ID.code);
  });

  it('that leave for good give their partitions to others', async () => {
    const agent = await agentWith();
    const first = new ConsumerGroupMember(agent, { memberId: 'm1', instanceId: 'i' });
    const second = new ConsumerGroupMember(agent, { memberId: 'm2' });
    await first.join();
    await second.join();
    await first.leave(-1);
    await second.settle();
    expect(partitionsOf(second)).toEqual([0, 1, 2, 3]);
  });
});

describe('subscriptions', () => {
  it('follow topics that come, grow and go', async () => {
    const agent = await agentWith({});
    const member = new ConsumerGroupMember(agent, { memberId: 'm1', topics: ['later'] });
    await member.join();
    expect(member.owned.size).toBe(0);
    await makeTopics(agent, { later: { partitions: 2 } });
    await member.settle();
    expect(partitionsOf(member)).toEqual([0, 1]);
    await member.client.call(apis.createPartitions, 3, {
      topics: [{ name: 'later', count: 3, assignments: null }],
      timeoutMs: 1_000,
      validateOnly: false,
    });
    await member.settle();
    expect(partitionsOf(member)).toEqual([0, 1, 2]);
    await member.client.call(apis.deleteTopics, 4, { topicNames: ['later'], topics: [], timeoutMs: 1_000 });
    await member.settle();
    expect(member.owned.size).toBe(0);
    expect(agent.metadata.view.consumerGroup('g')!.state).toBe('Stable');
  });

  it('that shrink are given up at once', async () => {
    const agent = await agentWith({ t: 2, u: 2 });
    const member = new ConsumerGroupMember(agent, { memberId: 'm1', topics: ['t', 'u'] });
    await member.join();
    agent.metadata.assigns = false;
    const answer = await member.beat({ subscribedTopicNames: ['t'] });
    expect(answer.assignment!.topicPartitions.map(({ topicId }) => topicId)).toEqual([
      agent.metadata.view.topicByName('t')!.topicId,
    ]);
  });

  it('by regular expression follow the topics that match as a whole', async () => {
    const agent = await agentWith({ 'logs-a': 1, 'logs-b': 1, 'old-logs-a': 1 });
    const member = new ConsumerGroupMember(agent, { memberId: 'm1', regex: 'logs-.*' });
    await member.join();
    const names = () => [...member.owned.keys()].map((id) => agent.metadata.view.topicById(id)!.name).sort();
    expect(names()).toEqual(['logs-a', 'logs-b']);
    await makeTopics(agent, { 'logs-c': {}, other: {} });
    await member.settle();
    expect(names()).toEqual(['logs-a', 'logs-b', 'logs-c']);
    await member.beat({ subscribedTopicRegex: '' });
    await member.settle();
    expect(names()).toEqual([]);
  });

  for (const [regex, why] of [
    ['(', /missing closing \)/],
    ['(?=a)b', /invalid or unsupported Perl syntax/],
    ['a{1001}', /invalid repeat count/],
    ['a'.repeat(1025), /longer than 1024 characters/],
    ['((a{30}){30}){2}', /invalid repeat count|more than 1024 steps/],
    ['\\pL'.repeat(17), /more than 16 Unicode classes/],
  ] as const) {
    it(`by ${regex.slice(0, 20)} are refused: INVALID_REGULAR_EXPRESSION`, async () => {
      const answer = await new ConsumerGroupMember(await agentWith(), { memberId: 'm1', regex }).join();
      expect(answer.errorCode).toBe(errors.INVALID_REGULAR_EXPRESSION.code);
      expect(answer.errorMessage).toMatch(why);
    });
  }
});

it('members of the range assignor get the same partitions of topics of one size', async () => {
  const agent = await agentWith({ t: 3, u: 3 });
  const members = ['m1', 'm2'].map(
    (memberId) => new ConsumerGroupMember(agent, { memberId, topics: ['t', 'u'], assignor: 'range' }),
  );
  for (const member of members) await member.join();
  for (let round = 0; round < 3; round++) for (const member of members) await member.beat();
  expect(members.map(({ owned }) => [...owned.values()])).toEqual([
    [
      [0, 1],
      [0, 1],
    ],
    [[2], [2]],
  ]);
});

it('without a leader, a heartbeat that changes nothing is answered and a join is put off', async () => {
  const agent = await agentWith();
  const member = new ConsumerGroupMember(agent, { memberId: 'm1' });
  await member.join();
  agent.metadata.leaderKnown = false;
  expect((await member.send()).errorCode).toBe(0);
  const other = new ConsumerGroupMember(agent, { memberId: 'm2' });
  expect((await other.join()).errorCode).toBe(errors.COORDINATOR_LOAD_IN_PROGRESS.code);
});

it('a join whose group is not assigned in time is put off when it has no epoch, and goes on later', async () => {
  const agent = await agentWith();
  agent.metadata.assigns = false;
  const member = new ConsumerGroupMember(agent, { memberId: 'm1', instanceId: 'i' });
  expect((await member.join()).errorCode).toBe(errors.COORDINATOR_LOAD_IN_PROGRESS.code);
  agent.metadata.assign();
  expect(await member.join()).toMatchObject({ errorCode: 0, memberEpoch: 1 });
  expect(partitionsOf(member)).toEqual([0, 1, 2, 3]);
});

it('an empty classic group becomes a consumer group and keeps its offsets; one of another protocol does not', async () => {
  const agent = await agentWith();
  const admin = agent.connect();
  const commit = (groupId: string) =>
    admin.call(apis.offsetCommit, 8, {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 7, committedMetadata: '' }] }],
    });
  await commit('g');
  expect(agent.metadata.view.group('g')!.state).toBe('Empty');
  await new ConsumerGroupMember(agent, { memberId: 'm1' }).join();
  expect(agent.metadata.view.group('g')).toBeUndefined();
  expect(agent.metadata.view.committedOffset('g', 't', 0)!.offset).toBe(7);
});
