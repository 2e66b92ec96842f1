// Java's consumers with group.protocol=consumer (KIP-848): alone, and in one group with consumers of the classic protocol.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { joinGroup, runClient } from './command-client.js';
import type { GroupMember } from './driver.js';
import { compileJava, java, javaWords } from './java.js';
import { committed, createTopic, partitions, ROUND, shareAndGoOn, shared, writeRound } from './scenarios.js';

const MINUTE = 60_000;
const patience = { timeout: MINUTE, interval: 100 };
const folder = scratchFolder('java-consumer-protocol');
let agent: AgentProcess;

beforeAll(async () => {
  compileJava();
  agent = await startAgent([
    ...['--bucket', `file:${folder.path}`, '--group-initial-rebalance-delay', '500ms'],
    ...['--group-consumer-session', '6s', '--group-consumer-heartbeat', '500ms'],
  ]);
}, MINUTE);
afterAll(async () => {
  expect(await agent.stop()).toBe(0);
  folder.remove();
}, MINUTE);

/** A member of the consumer protocol. */
function join(bootstrap: string, topic: string, group: string): GroupMember {
  return runMember(['WeftClient', 'join', bootstrap, topic, group]);
}

function runMember(run: readonly string[]): GroupMember {
  const [program, ...words] = javaWords;
  return joinGroup([program!, '-Dgroup.protocol=consumer', ...words, ...run]);
}

const describeGroup = async (group: string, ...more: string[]): Promise<string> => {
  const tool = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand';
  const words = ['--bootstrap-server', agent.kafka, '--describe', '--group', group, ...more];
  return (await runClient([...javaWords, tool, ...words], '')).join('\n');
};

/** Every record once, whoever read it. */
function expectAllRead(members: readonly GroupMember[], rounds: number): void {
  const read = members.flatMap((member) => member.read());
  for (const partition of partitions) {
    const offsets = read.filter((place) => place.partition === partition).map(({ offset }) => offset);
    offsets.sort((a, b) => a - b);
    expect(offsets, `partition ${partition}`).toEqual(Array.from({ length: rounds * ROUND }, (_, i) => i));
  }
}

test(
  'a group of three shares the partitions; the rest goes on exactly behind one that leaves and one that is killed',
  {
    timeout: 3 * MINUTE,
  },
  () => shareAndGoOn(agent, { name: 'java-848', join }),
);

test('kafka-consumer-groups shows the group, its members and its state', { timeout: 2 * MINUTE }, async () => {
  await createTopic(agent, 'shown', partitions.length);
  const member = join(agent.kafka, 'shown', 'shown-group');
  await shared([member]);
  expect(await describeGroup('shown-group', '--state')).toMatch(/shown-group .* uniform +Stable +1/);
  expect(await describeGroup('shown-group', '--members', '--verbose')).toMatch(
    /shown-group .* 6 +1 +shown:0,1,2,3,4,5 +1 +shown:0,1,2,3,4,5/,
  );
  await member.leave();
});

test('a regular expression finds topics that come later', { timeout: 2 * MINUTE }, async () => {
  await createTopic(agent, 'log-a', 2);
  const member = runMember(['RegexMember', agent.kafka, 'log-[a-z]', 'log-group']);
  await expect.poll(() => member.assigned(), patience).toEqual([0, 1]);
  await createTopic(agent, 'log-b', 1);
  await createTopic(agent, 'log-9', 1);
  await expect.poll(() => member.assigned(), patience).toEqual([0, 0, 1]);
  await member.leave();
});

test('a group goes from classic to consumer and back while its members read on', { timeout: 4 * MINUTE }, async () => {
  await createTopic(agent, 'moved', partitions.length);
  const group = 'moved-group';
  const classic = [java.join(agent.kafka, 'moved', group), java.join(agent.kafka, 'moved', group)];
  await shared(classic);
  await writeRound(agent, 'moved', 0);
  await committed(agent, group, 'moved', ROUND);
  const newcomer = join(agent.kafka, 'moved', group);
  await shared([...classic, newcomer]);
  expect(await describeGroup(group, '--state')).toMatch(/ uniform +Stable +3/);
  await writeRound(agent, 'moved', 1);
  await committed(agent, group, 'moved', 2 * ROUND);
  await newcomer.leave();
  await shared(classic);
  await expect.poll(() => describeGroup(group, '--state'), patience).toMatch(/ range +Stable +2/);
  await writeRound(agent, 'moved', 2);
  await committed(agent, group, 'moved', 3 * ROUND);
  for (const member of classic) await member.leave();
  expectAllRead([...classic, newcomer], 3);
});
