import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { runClient } from './command-client.js';
import { javaWords } from './java.js';

/** What an administrator does with kafka-topics.sh, kafka-configs.sh and kafka-client-metrics.sh of Kafka 4.3.1. */

const folder = scratchFolder('java-admin-tools');
let agent: AgentProcess;

beforeAll(async () => {
  agent = await startAgent(['--bucket', `file:${folder.path}`]);
}, 60_000);
afterAll(async () => {
  expect(await agent.stop()).toBe(0);
  folder.remove();
}, 60_000);

const tool = async (name: string, ...words: readonly string[]): Promise<string> =>
  (await runClient([...javaWords, name, '--bootstrap-server', agent.kafka, ...words], '')).join('\n');
const topics = (...words: readonly string[]) => tool('org.apache.kafka.tools.TopicCommand', ...words);
const configs = (...words: readonly string[]) => tool('kafka.admin.ConfigCommand', ...words);
const MINUTE = 60_000;

test('kafka-topics --alter --partitions adds partitions, and says so when there are as many already', {
  timeout: 2 * MINUTE,
}, async () => {
  await topics('--create', '--topic', 'grown', '--partitions', '2');
  await topics('--alter', '--topic', 'grown', '--partitions', '5');
  const described = await topics('--describe', '--topic', 'grown');
  expect(described).toMatch(/PartitionCount: 5/);
  expect(described.match(/Leader: \d+/g)).toHaveLength(5);
  await expect(topics('--alter', '--topic', 'grown', '--partitions', '5')).rejects.toThrow(/already has 5 partition/);
});

test('kafka-configs alters, describes and deletes configs of a topic', { timeout: 3 * MINUTE }, async () => {
  await topics('--create', '--topic', 'tuned');
  const entity = ['--entity-type', 'topics', '--entity-name', 'tuned'];
  await configs('--alter', ...entity, '--add-config', 'retention.ms=1000,cleanup.policy=[compact,delete]');
  const set = await configs('--describe', ...entity);
  expect(set).toMatch(/retention\.ms=1000 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:retention\.ms=1000\}/);
  expect(set).toMatch(/cleanup\.policy=compact,delete/);
  await configs('--alter', ...entity, '--delete-config', 'retention.ms');
  expect(await configs('--describe', ...entity)).not.toMatch(/retention\.ms/);
  const all = await configs('--describe', ...entity, '--all');
  expect(all).toMatch(/max\.message\.bytes=1048588 .*DEFAULT_CONFIG:message\.max\.bytes=1048588/);
  await expect(configs('--alter', ...entity, '--add-config', 'retention.ms=x')).rejects.toThrow(/retention\.ms/);
});

test('kafka-configs alters configs of one broker and of all; topics take their defaults from there', {
  timeout: 3 * MINUTE,
}, async () => {
  await topics('--create', '--topic', 'inherits');
  const brokers = ['--entity-type', 'brokers'];
  const [, id] = /Leader: (\d+)/.exec(await topics('--describe', '--topic', 'inherits'))!;
  await configs('--alter', ...brokers, '--entity-default', '--add-config', 'message.max.bytes=3000');
  await configs('--alter', ...brokers, '--entity-name', id!, '--add-config', 'message.max.bytes=2000');
  expect(await configs('--describe', ...brokers, '--entity-default')).toMatch(/message\.max\.bytes=3000/);
  expect(await configs('--describe', ...brokers, '--entity-name', id!)).toMatch(
    /DYNAMIC_BROKER_CONFIG:message\.max\.bytes=2000, DYNAMIC_DEFAULT_BROKER_CONFIG:message\.max\.bytes=3000/,
  );
  const topic = await configs('--describe', '--entity-type', 'topics', '--entity-name', 'inherits', '--all');
  expect(topic).toMatch(/max\.message\.bytes=2000/);
  await expect(
    configs('--alter', ...brokers, '--entity-name', id!, '--add-config', 'num.partitions=3'),
  ).rejects.toThrow(/Cannot update these configs dynamically/);
  await configs('--alter', ...brokers, '--entity-default', '--delete-config', 'message.max.bytes');
  await configs('--alter', ...brokers, '--entity-name', id!, '--delete-config', 'message.max.bytes');
  expect(await configs('--describe', ...brokers, '--entity-name', id!, '--all')).toMatch(/message\.max\.bytes=1048588/);
});

test('kafka-configs sets configs of a group and of client metrics, and lists them', {
  timeout: 3 * MINUTE,
}, async () => {
  const group = ['--entity-type', 'groups', '--entity-name', 'readers'];
  await configs('--alter', ...group, '--add-config', 'consumer.session.timeout.ms=50000');
  expect(await configs('--describe', ...group)).toMatch(/consumer\.session\.timeout\.ms=50000/);
  const metrics = ['--entity-type', 'client-metrics', '--entity-name', 'latency'];
  await configs('--alter', ...metrics, '--add-config', 'interval.ms=1000,metrics=[org.apache.kafka.producer]');
  expect(await configs('--describe', '--entity-type', 'client-metrics')).toMatch(/latency[\s\S]*interval\.ms=1000/);
  expect(await tool('org.apache.kafka.tools.ClientMetricsCommand', '--list')).toBe('latency');
});
