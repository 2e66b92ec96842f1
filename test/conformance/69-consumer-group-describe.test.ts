import { expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { errors } from '../../src/protocol/errors.js';
import { ConsumerGroupMember } from './consumer-member.js';
import { LocalAgent } from './local-agent.js';
import { LocalMember } from './local-member.js';
import { makeTopics } from './local-topics.js';

const ALL_GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);

for (let version = apis.consumerGroupDescribe.min; version <= apis.consumerGroupDescribe.max; version += 1) {
  it(`v${version}: members with what they have, what they are about to have, and their subscriptions`, async () => {
    const agent = await LocalAgent.start();
    await makeTopics(agent, { t: { partitions: 2 } });
    const topicId = agent.metadata.view.topicByName('t')!.topicId;
    const first = new ConsumerGroupMember(agent, { memberId: 'm1', instanceId: 'i', assignor: 'range' });
    const second = new ConsumerGroupMember(agent, { memberId: 'm2', regex: 't' });
    await first.join({ rackId: 'r' });
    await second.join();
    await first.beat();
    const { groups } = await first.client.call(apis.consumerGroupDescribe, version, {
      groupIds: ['g'],
      includeAuthorizedOperations: true,
    });
    const row = (...partitions: number[]) => ({ topicPartitions: [{ topicId, topicName: 't', partitions }] });
    const memberType = version >= 1 ? 1 : -1;
    expect(groups).toEqual([
      {
        errorCode: 0,
        errorMessage: null,
        groupId: 'g',
        groupState: 'Reconciling',
        groupEpoch: 2,
        assignmentEpoch: 2,
        assignorName: 'range',
        members: [
          {
            memberId: 'm1',
            instanceId: 'i',
            rackId: 'r',
            memberEpoch: 1,
            clientId: 'test-client',
            clientHost: expect.stringMatching(/^\/|^\d/),
            subscribedTopicNames: ['t'],
            subscribedTopicRegex: '',
            // What it has yet to give up is still its own.
            assignment: row(0, 1),
            targetAssignment: row(0),
            memberType,
          },
          {
            memberId: 'm2',
            instanceId: null,
            rackId: null,
            memberEpoch: 2,
            clientId: 'test-client',
            clientHost: expect.any(String),
            subscribedTopicNames: [],
            subscribedTopicRegex: 't',
            assignment: { topicPartitions: [] },
            targetAssignment: row(1),
            memberType,
          },
        ],
        authorizedOperations: ALL_GROUP_OPERATIONS,
      },
    ]);
  });
}

it('a group that is not there, a classic one, no group', async () => {
  const agent = await LocalAgent.start();
  await new LocalMember(agent, { group: 'old' }).join();
  const { groups } = await agent
    .connect()
    .call(apis.consumerGroupDescribe, 1, { groupIds: ['none', 'old', ''], includeAuthorizedOperations: false });
  expect(groups.map(({ errorCode, errorMessage }) => [errorCode, errorMessage])).toEqual([
    [errors.GROUP_ID_NOT_FOUND.code, 'Group none not found.'],
    [errors.GROUP_ID_NOT_FOUND.code, 'Group old is not a consumer group.'],
    [errors.INVALID_GROUP_ID.code, null],
  ]);
});

it('the other calls about groups: listed with its type, unknown to DescribeGroups, deleted when empty', async () => {
  const agent = await LocalAgent.start();
  await makeTopics(agent, { t: {} });
  const member = new ConsumerGroupMember(agent, { memberId: 'm1' });
  await member.join();
  await new LocalMember(agent, { group: 'old' }).join();
  const { client } = member;
  const list = async (typesFilter: string[], statesFilter: string[] = []) =>
    (await client.call(apis.listGroups, 5, { statesFilter, typesFilter })).groups;
  expect(await list(['Consumer'])).toEqual([
    { groupId: 'g', protocolType: 'consumer', groupState: 'Stable', groupType: 'consumer' },
  ]);
  expect((await list([])).map(({ groupId }) => groupId).sort()).toEqual(['g', 'old']);
  expect(await list(['consumer'], ['empty'])).toEqual([]);
  for (const [version, errorCode] of [
    [5, 0],
    [6, errors.GROUP_ID_NOT_FOUND.code],
  ] as const) {
    const { groups } = await client.call(apis.describeGroups, version, { groups: ['g'] });
    expect(groups[0]).toMatchObject({ errorCode, groupState: 'Dead' });
    expect(groups[0]!.errorMessage).toBe(version === 6 ? 'Group g is not a classic group.' : null);
  }
  const remove = async () => (await client.call(apis.deleteGroups, 2, { groupsNames: ['g'] })).results[0]!.errorCode;
  expect(await remove()).toBe(errors.NON_EMPTY_GROUP.code);
  await member.leave();
  expect(await list(['consumer'], ['Empty'])).toHaveLength(1);
  expect(await remove()).toBe(0);
  expect(agent.metadata.view.consumerGroup('g')).toBeUndefined();
});
