import { describe, expect, it, vi } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { LocalMember, stableGroup } from './local-member.js';

const text = new TextDecoder();
const named = { protocolType: 'consumer', protocolName: 'range' };

describe('every version', () => {
  for (let version = apis.syncGroup.min; version <= apis.syncGroup.max; version += 1) {
    it(`v${version} brings the leader its own assignment`, async () => {
      const agent = await LocalAgent.start();
      const member = new LocalMember(agent);
      await member.join();
      const answer = await member.sync({ [member.memberId]: 'plan' }, version, version >= 5 ? named : {});
      expect(answer.errorCode).toBe(0);
      expect(text.decode(answer.assignment)).toBe('plan');
      expect([answer.protocolType, answer.protocolName]).toEqual(version >= 5 ? ['consumer', 'range'] : [null, null]);
    });
  }
});

it('followers wait for the leader, each gets its own; asked again, it gets the same', async () => {
  const agent = await LocalAgent.start();
  const members = await stableGroup(agent, 3);
  for (const member of members) {
    const { assignment, errorCode } = await member.sync();
    expect([errorCode, text.decode(assignment)]).toEqual([0, `for ${member.memberId}`]);
  }
});

it('a rebalance ends the wait: 27', async () => {
  const agent = await LocalAgent.start();
  const members = await stableGroup(agent, 2);
  const [leader, follower] = members;
  // The leader asks for a rebalance; both join, the follower waits for its assignment.
  const join = leader!.sendJoin();
  await agent.pass(1);
  expect((await follower!.join()).errorCode).toBe(0);
  await agent.pass(1);
  expect(leader!.takeJoin(join)).toMatchObject({ errorCode: 0 });
  const waiting = follower!.sendSync();
  await agent.pass(10);
  expect(follower!.takeSync(waiting)).toBeUndefined();
  new LocalMember(agent, { joinVersion: 3 }).sendJoin();
  await agent.pass(10);
  expect(follower!.takeSync(waiting)).toMatchObject({ errorCode: 27 });
});

it('v5 without a protocol type or name: 23', async () => {
  const agent = await LocalAgent.start();
  const [member] = await stableGroup(agent, 1);
  expect(await member!.sync({}, 5, { protocolType: null })).toMatchObject({ errorCode: 23 });
  expect(await member!.sync({}, 5, { protocolName: null, groupId: '' })).toMatchObject({ errorCode: 23 });
  expect(await member!.sync({}, 5, { protocolName: '' })).toMatchObject({ errorCode: 23 });
});

it('errors', async () => {
  const agent = await LocalAgent.start();
  const [member] = await stableGroup(agent, 1);
  expect(await member!.sync({}, 5, { protocolName: 'sticky' })).toMatchObject({ errorCode: 23 });
  expect(await member!.sync({}, 5, { protocolType: 'connect' })).toMatchObject({ errorCode: 23 });
  expect(await member!.sync({}, 5, { generationId: 9 })).toMatchObject({ errorCode: 22 });
  expect(await member!.sync({}, 5, { memberId: 'stranger' })).toMatchObject({ errorCode: 25 });
  expect(await member!.sync({}, 5, { groupId: '' })).toMatchObject({ errorCode: 24 });
  agent.metadata.leaderKnown = false;
  // As a coordinator that loads: 14 ends older clients, Java among them.
  expect(await member!.sync()).toMatchObject({ errorCode: 27 });
});

it('is a sign of life of a member unless it is refused', async () => {
  const agent = await LocalAgent.start();
  const [leader, follower] = await stableGroup(agent, 2);
  const alive = vi.spyOn(agent.metadata, 'membersAlive');
  const signs = async () => {
    alive.mockClear();
    const { errorCode } = await follower!.sync();
    return [errorCode, alive.mock.calls.some(([, memberIds]) => memberIds.includes(follower!.memberId))];
  };
  expect(await signs()).toEqual([0, true]);
  leader!.sendJoin();
  await agent.pass(1);
  expect(await signs()).toEqual([27, false]);
});
