import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { encodeRequestFrame } from '../../src/protocol/frames.js';
import { NAME_BYTES_MAX } from '../../src/protocol/reader.js';
import { LocalAgent } from './local-agent.js';
import { LocalMember, stableGroup } from './local-member.js';

const text = new TextDecoder();

describe('every version joins alone and leads', () => {
  for (let version = apis.joinGroup.min; version <= apis.joinGroup.max; version += 1) {
    it(`v${version}`, async () => {
      const agent = await LocalAgent.start();
      const member = new LocalMember(agent, { joinVersion: version });
      const answer = await member.join();
      expect(answer).toMatchObject({
        errorCode: 0,
        generationId: 1,
        protocolType: version >= 7 ? 'consumer' : null,
        protocolName: 'range',
        leader: member.memberId,
        skipAssignment: false,
      });
      expect(member.memberId).toMatch(/^test-client-.{22}$/);
      expect(answer.members.map(({ memberId, metadata }) => [memberId, text.decode(metadata)])).toEqual([
        [member.memberId, 'subscription'],
      ]);
    });
  }
});

it('v4 gives a member id first, v3 joins at once', async () => {
  const agent = await LocalAgent.start();
  const known = new LocalMember(agent, { joinVersion: 4 });
  const first = known.sendJoin();
  await agent.pass(1);
  expect(known.takeJoin(first)).toMatchObject({ errorCode: 79, generationId: -1, members: [] });
  expect(known.memberId).not.toBe('');
  const old = new LocalMember(agent, { group: 'other', joinVersion: 3 });
  const only = old.sendJoin();
  await agent.pass(1);
  expect(old.takeJoin(only)).toMatchObject({ errorCode: 0, generationId: 1 });
});

it('the member id that a client of the longest name is given may be sent back', async () => {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  const join = async (correlationId: number, memberId: string) => {
    const frame = encodeRequestFrame(apis.joinGroup, 4, correlationId, '€'.repeat(NAME_BYTES_MAX / 3), {
      ...{ groupId: 'g', memberId, protocolType: 'consumer', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 },
      protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
    });
    client.socket.send(new Uint8Array(Buffer.concat(frame.slices)));
    await agent.pass(10);
    return client.take(apis.joinGroup, 4, correlationId);
  };
  const { memberId } = (await join(1, ''))!;
  expect(await join(2, memberId)).toMatchObject({ errorCode: 0, memberId });
});

describe('errors', () => {
  const cases = [
    ['empty group id', { group: '' }, 24],
    ['session too short', { sessionTimeoutMs: 5_999 }, 26],
    ['session too long', { sessionTimeoutMs: 1_800_001 }, 26],
    ['no protocol', { protocols: [] }, 23],
    ['no protocol type', { protocolType: '' }, 23],
  ] as const;
  for (const [name, options, error] of cases) {
    it(`${name}: ${error}`, async () => {
      const agent = await LocalAgent.start();
      expect(await new LocalMember(agent, options).join()).toMatchObject({ errorCode: error, protocolName: null });
      expect([...agent.metadata.view.groups()]).toEqual([]);
    });
  }

  it('no protocol in common: 23', async () => {
    const agent = await LocalAgent.start();
    await stableGroup(agent, 1);
    expect(await new LocalMember(agent, { protocols: ['sticky'] }).join()).toMatchObject({ errorCode: 23 });
  });

  it('a member id that nobody gave: 25', async () => {
    const agent = await LocalAgent.start();
    await stableGroup(agent, 1);
    const stranger = new LocalMember(agent);
    stranger.memberId = 'stranger';
    expect(await stranger.join()).toMatchObject({ errorCode: 25 });
  });

  it('without a metadata leader: 14', async () => {
    const agent = await LocalAgent.start();
    agent.metadata.leaderKnown = false;
    expect(await new LocalMember(agent).join()).toMatchObject({ errorCode: 14 });
  });

  it('when the agent stops: 16', async () => {
    const agent = await LocalAgent.start();
    await agent.metadata.close();
    expect(await new LocalMember(agent).join()).toMatchObject({ errorCode: 16 });
  });
});

it('a member waits until all others have joined again', async () => {
  const agent = await LocalAgent.start();
  const [first] = await stableGroup(agent, 1);
  const second = new LocalMember(agent, { joinVersion: 3 });
  const waiting = second.sendJoin();
  await agent.pass(5_000);
  expect(second.takeJoin(waiting)).toBeUndefined();
  expect(await first!.heartbeat()).toBe(27);
  const rejoined = await first!.join();
  await agent.pass(1);
  expect(rejoined).toMatchObject({ errorCode: 0, generationId: 2, leader: first!.memberId });
  expect(rejoined.members.length).toBe(2);
  expect(second.takeJoin(waiting)).toMatchObject({ errorCode: 0, generationId: 2, members: [] });
});

it('a join that waits keeps its member alive, one whose client is gone does not', async () => {
  const agent = await LocalAgent.start();
  await stableGroup(agent, 1);
  const second = new LocalMember(agent, { joinVersion: 3 });
  second.sendJoin();
  await agent.pass(10);
  const memberId = [...agent.metadata.view.group('g')!.members.keys()][1]!;
  agent.metadata.alive.length = 0;
  await agent.pass(10_000);
  const reports = agent.metadata.alive.filter((member) => member === `g/${memberId}`).length;
  expect(reports).toBeGreaterThanOrEqual(9);
  second.client.socket.destroy();
  await agent.pass(10);
  agent.metadata.alive.length = 0;
  await agent.pass(10_000);
  expect(agent.metadata.alive).toEqual([]);
});

it('a member that is removed while it waits learns it: 25', async () => {
  const agent = await LocalAgent.start();
  await stableGroup(agent, 1);
  const second = new LocalMember(agent, { joinVersion: 3 });
  const waiting = second.sendJoin();
  await agent.pass(10);
  const group = agent.metadata.view.group('g')!;
  const memberId = [...group.members.keys()][1]!;
  agent.metadata.lead({
    kind: { $case: 'expireMembers', value: { group: 'g', generation: group.generation, memberIds: [memberId] } },
  });
  await agent.pass(10);
  expect(second.takeJoin(waiting)).toMatchObject({ errorCode: 25, memberId: '' });
});

it('a new group collects members for the initial delay', async () => {
  const agent = await LocalAgent.start({ groupInitialRebalanceDelayMs: 3_000 });
  const members = [0, 1].map(() => new LocalMember(agent, { joinVersion: 3 }));
  const waiting = members.map((member) => member.sendJoin());
  await agent.pass(2_000);
  expect(members.map((member, index) => member.takeJoin(waiting[index]!))).toEqual([undefined, undefined]);
  const { joinPhase } = agent.metadata.view.group('g')!;
  agent.metadata.lead({ kind: { $case: 'completeJoin', value: { group: 'g', joinPhase } } });
  await agent.pass(1);
  const answers = members.map((member, index) => member.takeJoin(waiting[index]!)!);
  expect(answers.map(({ generationId, errorCode }) => [generationId, errorCode])).toEqual([
    [1, 0],
    [1, 0],
  ]);
  expect(answers.map(({ members: told }) => told.length).sort()).toEqual([0, 2]);
});

it('a join phase that ended is answered although the next one began in the same moment', async () => {
  const agent = await LocalAgent.start({ groupInitialRebalanceDelayMs: 3_000 });
  const members = [0, 1].map(() => new LocalMember(agent, { joinVersion: 3 }));
  const waiting = members.map((member) => member.sendJoin());
  await agent.pass(10);
  const { joinPhase, members: known } = agent.metadata.view.group('g')!;
  const second = [...known.keys()][1]!;
  agent.metadata.lead({ kind: { $case: 'completeJoin', value: { group: 'g', joinPhase } } });
  agent.metadata.lead({
    kind: { $case: 'expireMembers', value: { group: 'g', generation: 1, memberIds: [second] } },
  });
  expect(agent.metadata.view.group('g')!.state).toBe('PreparingRebalance');
  await agent.pass(10);
  expect(members[0]!.takeJoin(waiting[0]!)).toMatchObject({ errorCode: 0, generationId: 1 });
  expect(members[1]!.takeJoin(waiting[1]!)).toMatchObject({ errorCode: 25 });
  expect(await members[0]!.sync()).toMatchObject({ errorCode: 27 });
});

it('a negative rebalance timeout counts as none', async () => {
  const agent = await LocalAgent.start();
  const answer = await agent.connect().call(apis.joinGroup, 3, {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: -1,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
  });
  expect(answer.errorCode).toBe(0);
  expect(agent.metadata.view.group('g')!.rebalanceTimeoutMs).toBe(0);
});

it('a member id of a group that does not exist: 25, before its protocols are looked at', async () => {
  const agent = await LocalAgent.start();
  const stranger = new LocalMember(agent, { protocols: [] });
  stranger.memberId = 'stranger';
  expect(await stranger.join()).toMatchObject({ errorCode: 25, memberId: 'stranger' });
});

describe('static members', () => {
  it('a static leader that returns is told to skip the assignment (v9)', async () => {
    const agent = await LocalAgent.start();
    const [leader] = await stableGroup(agent, 1, { instanceId: 'one' });
    const returned = new LocalMember(agent, { instanceId: 'one' });
    const answer = await returned.join();
    expect(answer).toMatchObject({ errorCode: 0, generationId: 1, leader: returned.memberId, skipAssignment: true });
    expect(answer.members.length).toBe(1);
    expect(returned.memberId).not.toBe(leader!.memberId);
    expect(await leader!.heartbeat()).toBe(82);
    const { assignment } = await returned.sync();
    expect(text.decode(assignment)).toBe(`for ${leader!.memberId}`);
  });

  it('before v9 it is told of its former self as the leader', async () => {
    const agent = await LocalAgent.start();
    const [leader] = await stableGroup(agent, 1, { instanceId: 'one' });
    const returned = new LocalMember(agent, { instanceId: 'one', joinVersion: 8 });
    const answer = await returned.join();
    expect(answer).toMatchObject({ errorCode: 0, generationId: 1, leader: leader!.memberId, members: [] });
  });

  it('the former one that joins again is fenced: 82', async () => {
    const agent = await LocalAgent.start();
    const [leader] = await stableGroup(agent, 1, { instanceId: 'one' });
    await new LocalMember(agent, { instanceId: 'one' }).join();
    expect(await leader!.join()).toMatchObject({ errorCode: 82 });
  });
});
