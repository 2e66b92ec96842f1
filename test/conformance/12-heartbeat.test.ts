import { describe, expect, it } from 'vitest';
import { JournalUnavailable } from '../../src/cluster/metadata-client.js';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { LocalMember, stableGroup } from './local-member.js';

describe('every version', () => {
  for (let version = apis.heartbeat.min; version <= apis.heartbeat.max; version += 1) {
    it(`v${version} is answered from the replica and reported`, async () => {
      const agent = await LocalAgent.start();
      const [member] = await stableGroup(agent, 1);
      agent.metadata.alive.length = 0;
      const { freshReads } = agent.metadata;
      agent.metadata.leaderKnown = false;
      expect(await member!.heartbeat(version)).toBe(0);
      expect(agent.metadata.alive).toEqual([`g/${member!.memberId}`]);
      expect(agent.metadata.freshReads).toBe(freshReads);
    });
  }
});

it('errors come behind a fresh read only', async () => {
  const agent = await LocalAgent.start();
  const [former] = await stableGroup(agent, 1, { instanceId: 'one' });
  const member = new LocalMember(agent, { instanceId: 'one' });
  await member.join();
  for (const [change, error] of [
    [() => (member.generation = 7), 22],
    [() => (member.memberId = former!.memberId), 82],
  ] as const) {
    change();
    const { freshReads } = agent.metadata;
    expect(await member.heartbeat()).toBe(error);
    expect(agent.metadata.freshReads).toBe(freshReads + 1);
  }
  expect(await new LocalMember(agent, { group: 'nobody' }).heartbeat()).toBe(25);
  expect(await new LocalMember(agent, { group: '' }).heartbeat()).toBe(24);
});

it('a journal that does not answer: 15, and the connection stays', async () => {
  const agent = await LocalAgent.start();
  const member = new LocalMember(agent, { group: 'nobody' });
  agent.metadata.freshGate = Promise.reject(new JournalUnavailable('the journal does not answer'));
  expect(await member.heartbeat()).toBe(15);
  agent.metadata.freshGate = undefined;
  expect(await member.heartbeat()).toBe(25);
});

it('a reserved member id has no heartbeat: 25', async () => {
  const agent = await LocalAgent.start();
  const member = new LocalMember(agent);
  const join = member.sendJoin();
  await agent.pass(1);
  expect(member.takeJoin(join)).toMatchObject({ errorCode: 79 });
  expect(await member.heartbeat()).toBe(25);
});

it('a rebalance is told, and the session refreshed all the same', async () => {
  const agent = await LocalAgent.start();
  const [member] = await stableGroup(agent, 1);
  new LocalMember(agent, { joinVersion: 3 }).sendJoin();
  await agent.pass(10);
  agent.metadata.alive.length = 0;
  expect(await member!.heartbeat()).toBe(27);
  expect(agent.metadata.alive).toContain(`g/${member!.memberId}`);
});

it.each(['sync', 'commit'] as const)('a member is alive while its %s waits for the journal', async (request) => {
  const agent = await LocalAgent.start();
  await agent.connect().call(apis.metadata, 4, { topics: [{ name: 't' }] });
  const [member] = await stableGroup(agent, 1);
  const journal = Promise.withResolvers<void>();
  agent.metadata.submitGate = journal.promise;
  agent.metadata.alive.length = 0;
  const answered = request === 'sync' ? member!.sync().then(({ errorCode }) => errorCode) : member!.commit('t', 1);
  // What it sends behind that request waits for the answer.
  const heartbeat = member!.heartbeat();
  await agent.pass(1);
  expect(agent.metadata.alive).toEqual([`g/${member!.memberId}`]);
  await agent.pass(4_000);
  expect(agent.metadata.alive.length).toBeGreaterThanOrEqual(4);
  journal.resolve();
  await agent.pass(1);
  expect(await answered).toBe(0);
  expect(await heartbeat).toBe(0);
  agent.metadata.alive.length = 0;
  await agent.pass(2_000);
  expect(agent.metadata.alive).toEqual([]);
});

it('who speaks in a generation that is over shows no life', async () => {
  const agent = await LocalAgent.start();
  await agent.connect().call(apis.metadata, 4, { topics: [{ name: 't' }] });
  const [member] = await stableGroup(agent, 1);
  member!.generation -= 1;
  agent.metadata.alive.length = 0;
  expect(await member!.commit('t', 1)).toBe(22);
  expect((await member!.sync()).errorCode).toBe(22);
  expect(agent.metadata.alive).toEqual([]);
});
