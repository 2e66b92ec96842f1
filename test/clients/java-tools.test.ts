import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { runClient } from './command-client.js';
import { compileJava, java, javaWords } from './java.js';
import { textRecords } from './records.js';

const folder = scratchFolder('java-tools');
let agent: AgentProcess;

beforeAll(async () => {
  compileJava();
  agent = await startAgent(['--bucket', `file:${folder.path}`, '--group-initial-rebalance-delay', '0ms']);
}, 60_000);
afterAll(async () => {
  expect(await agent.stop()).toBe(0);
  folder.remove();
}, 60_000);

const tools = 'org.apache.kafka.tools';
const tool = async (name: string, words: readonly string[], input = ''): Promise<string> =>
  (await runClient([...javaWords, name, ...words], input)).join('\n');
const server = (): string[] => ['--bootstrap-server', agent.kafka];
const MINUTE = 60_000;

test('kafka-topics creates, lists, describes and deletes', { timeout: 2 * MINUTE }, async () => {
  const topics = `${tools}.TopicCommand`;
  await tool(topics, [
    ...server(),
    '--create',
    '--topic',
    'made',
    '--partitions',
    '3',
    '--config',
    'retention.ms=1000',
  ]);
  await tool(topics, [...server(), '--create', '--topic', 'other', '--partitions', '1', '--replication-factor', '1']);
  expect(await tool(topics, [...server(), '--list'])).toBe('made\nother');
  const described = await tool(topics, [...server(), '--describe', '--topic', 'made']);
  expect(described).toMatch(/PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*retention.ms=1000/);
  expect(described.match(/Leader: \d+/g)).toHaveLength(3);
  await tool(topics, [...server(), '--delete', '--topic', 'other']);
  expect(await tool(topics, [...server(), '--list'])).toBe('made');
});

test('kafka-console-producer writes, kafka-console-consumer reads', { timeout: MINUTE }, async () => {
  await tool(`${tools}.ConsoleProducer`, [...server(), '--topic', 'console'], 'one\ntwo\nthree\n');
  const words = ['--topic', 'console', '--from-beginning', '--max-messages', '3', '--group', 'console-group'];
  expect(await tool(`${tools}.consumer.ConsoleConsumer`, [...server(), ...words])).toBe('one\ntwo\nthree');
});

test('kafka-get-offsets tells ends, beginnings, times and the greatest timestamp', {
  timeout: 2 * MINUTE,
}, async () => {
  await java.produce(agent.kafka, 'offsets', textRecords('offsets'), { compression: 'zstd', idempotent: true });
  const at = (time: string): Promise<string> =>
    tool(`${tools}.GetOffsetShell`, [...server(), '--topic', 'offsets', '--time', time]);
  expect(await at('-1')).toBe('offsets:0:100');
  expect(await at('-2')).toBe('offsets:0:0');
  expect(await at('0')).toBe('offsets:0:0');
  expect(await at('-3')).toMatch(/^offsets:0:\d+$/);
});

test('kafka-consumer-groups lists, describes and deletes', { timeout: 3 * MINUTE }, async () => {
  await java.produce(agent.kafka, 'grouped', textRecords('grouped'), { compression: 'none', idempotent: false });
  await java.groupRead(agent.kafka, 'grouped', 'readers', 40);
  const groups = `${tools}.consumer.group.ConsumerGroupCommand`;
  expect(await tool(groups, [...server(), '--list'])).toContain('readers');
  expect(await tool(groups, [...server(), '--describe', '--group', 'readers'])).toMatch(
    /readers\s+grouped\s+0\s+40\s+100\s+60/,
  );
  expect(await tool(groups, [...server(), '--describe', '--group', 'readers', '--state'])).toMatch(/Empty/);
  const reset = ['--reset-offsets', '--group', 'readers', '--topic', 'grouped', '--to-earliest', '--execute'];
  expect(await tool(groups, [...server(), ...reset])).toMatch(/readers\s+grouped\s+0\s+0/);
  expect(await tool(groups, [...server(), '--delete', '--group', 'readers'])).toMatch(/successful/);
  expect(await tool(groups, [...server(), '--list'])).not.toContain('readers');
});

test('kafka-configs describes, kafka-broker-api-versions understands every answer', { timeout: MINUTE }, async () => {
  await tool(`${tools}.TopicCommand`, [
    ...server(),
    '--create',
    '--topic',
    'configured',
    '--config',
    'max.message.bytes=2000',
  ]);
  const configs = ['--describe', '--entity-type', 'topics', '--entity-name', 'configured'];
  expect(await tool('kafka.admin.ConfigCommand', [...server(), ...configs])).toMatch(/max.message.bytes=2000/);
  expect(await tool(`${tools}.BrokerApiVersionsCommand`, server())).toMatch(/Produce\(0\): 0 to 13/);
});
