import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { LocalMember, stableGroup } from './local-member.js';

const text = new TextDecoder();

describe('every version', () => {
  for (let version = apis.describeGroups.min; version <= apis.describeGroups.max; version += 1) {
    it(`v${version} tells of a stable group`, async () => {
      const agent = await LocalAgent.start();
      const [member] = await stableGroup(agent, 1, { instanceId: 'one' });
      const answer = await agent.connect().call(apis.describeGroups, version, { groups: ['g'] });
      expect(answer.groups).toMatchObject([
        { errorCode: 0, groupId: 'g', groupState: 'Stable', protocolType: 'consumer', protocolData: 'range' },
      ]);
      const [told] = answer.groups[0]!.members;
      expect(told).toMatchObject({
        memberId: member!.memberId,
        groupInstanceId: version >= 4 ? 'one' : null,
        clientId: 'test-client',
        clientHost: '/192.0.2.1',
      });
      expect(text.decode(told!.memberMetadata)).toBe('subscription');
      expect(text.decode(told!.memberAssignment)).toBe(`for ${member!.memberId}`);
    });

    it(`v${version} of an absent group`, async () => {
      const agent = await LocalAgent.start();
      const answer = await agent.connect().call(apis.describeGroups, version, { groups: ['nobody'] });
      const expected = version >= 6 ? { errorCode: 69, groupState: 'Dead' } : { errorCode: 0, groupState: 'Dead' };
      expect(answer.groups).toMatchObject([{ ...expected, groupId: 'nobody', members: [] }]);
    });
  }
});

it('while it rebalances, the protocol is not told, assignments are the last ones; reserved ids are never told', async () => {
  const agent = await LocalAgent.start();
  const [member] = await stableGroup(agent, 1);
  new LocalMember(agent, { joinVersion: 3 }).sendJoin();
  new LocalMember(agent).sendJoin();
  await agent.pass(10);
  const answer = await agent.connect().call(apis.describeGroups, 5, { groups: ['g'] });
  expect(answer.groups[0]).toMatchObject({ groupState: 'PreparingRebalance', protocolData: '' });
  const told = answer.groups[0]!.members.map(({ memberAssignment }) => text.decode(memberAssignment));
  expect(told).toEqual([`for ${member!.memberId}`, '']);
});

it('authorized operations when asked for', async () => {
  const agent = await LocalAgent.start();
  const request = { groups: ['g'], includeAuthorizedOperations: true };
  const answer = await agent.connect().call(apis.describeGroups, 3, request);
  expect(answer.groups[0]!.authorizedOperations).toBe(0b1101_0100_1000);
  const notFound = await agent.connect().call(apis.describeGroups, 6, request);
  expect(notFound.groups[0]!.authorizedOperations).toBe(-(2 ** 31));
});
