import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { stableGroup } from './local-member.js';

describe('every version', () => {
  for (let version = apis.leaveGroup.min; version <= apis.leaveGroup.max; version += 1) {
    it(`v${version} removes the member`, async () => {
      const agent = await LocalAgent.start();
      const memberId = (await stableGroup(agent, 1))[0]!.memberId;
      const request = { groupId: 'g', memberId, members: [{ memberId }] };
      const answer = await agent.connect().call(apis.leaveGroup, version, request);
      expect(answer.errorCode).toBe(0);
      expect(answer.members).toEqual(version >= 3 ? [{ memberId, groupInstanceId: null, errorCode: 0 }] : []);
      expect(agent.metadata.view.group('g')!.state).toBe('Empty');
    });
  }
});

it('before v3 the one error is the answer, later each member has its own', async () => {
  const agent = await LocalAgent.start();
  const [member, other] = await stableGroup(agent, 2);
  const client = agent.connect();
  expect(await client.call(apis.leaveGroup, 2, { groupId: 'g', memberId: 'stranger' })).toMatchObject({
    errorCode: 25,
  });
  const members = [{ memberId: 'stranger' }, { memberId: member!.memberId }];
  const answer = await client.call(apis.leaveGroup, 4, { groupId: 'g', members });
  expect(answer).toMatchObject({ errorCode: 0, members: [{ errorCode: 25 }, { errorCode: 0 }] });
  expect(await other!.heartbeat()).toBe(27);
});

it('an administrator removes a static member by its instance id alone', async () => {
  const agent = await LocalAgent.start();
  await stableGroup(agent, 1, { instanceId: 'one' });
  const members = [{ memberId: '', groupInstanceId: 'one' }];
  const answer = await agent.connect().call(apis.leaveGroup, 5, { groupId: 'g', members });
  expect(answer.members).toEqual([{ memberId: '', groupInstanceId: 'one', errorCode: 0 }]);
  expect(agent.metadata.view.group('g')!.state).toBe('Empty');
});

it('an empty group id: 24', async () => {
  const agent = await LocalAgent.start();
  const request = { groupId: '', memberId: 'x', members: [{ memberId: 'x' }] };
  for (const version of [2, 5]) {
    expect((await agent.connect().call(apis.leaveGroup, version, request)).errorCode).toBe(24);
  }
});

it('of more members than one command takes, each has its answer, in order', async () => {
  const agent = await LocalAgent.start();
  const [one, last] = await stableGroup(agent, 2);
  const strangers = Array.from({ length: 9_000 }, (_, at) => ({ memberId: `stranger-${at}` }));
  const members = [{ memberId: one!.memberId }, ...strangers, { memberId: last!.memberId }];
  const answer = await agent.connect().call(apis.leaveGroup, 5, { groupId: 'g', members });
  expect(answer.errorCode).toBe(0);
  expect(answer.members.map(({ memberId }) => memberId)).toEqual(members.map(({ memberId }) => memberId));
  expect(answer.members.map(({ errorCode }) => errorCode)).toEqual([0, ...strangers.map(() => 25), 0]);
  expect(agent.metadata.view.group('g')!.state).toBe('Empty');
});
