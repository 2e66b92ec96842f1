import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { runClient } from './command-client.js';
import { compileJava, java, javaWords } from './java.js';
import { kafkaJsClient } from './kafkajs.js';
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
  const base = Date.UTC(2026, 0, 1);
  const messages = Array.from({ length: 100 }, (_, i) => ({ value: `${i}`, timestamp: String(base + i) }));
  messages[70] = { value: '70', timestamp: String(base + 1000) };
  const producer = kafkaJsClient(agent.kafka).producer();
  await producer.connect();
  await producer.send({ topic: 'offsets', messages: messages.slice(0, 50) });
  await producer.send({ topic: 'offsets', messages: messages.slice(50) });
  await producer.disconnect();
  for (const [time, answer] of [
    ['-1', 'offsets:0:100'],
    ['-2', 'offsets:0:0'],
    ['-3', 'offsets:0:70'],
    [base, 'offsets:0:0'],
    [base + 33, 'offsets:0:33'],
    [base + 70, 'offsets:0:70'],
    [base + 1001, ''],
  ] as const) {
    const words = ['--topic', 'offsets', '--time', String(time)];
    expect(await tool(`${tools}.GetOffsetShell`, [...server(), ...words]), `${time}`).toBe(answer);
  }
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

test('the verifiable and the performance tools write and read', { timeout: 2 * MINUTE }, async () => {
  const events = (text: string, name: string): Record<string, unknown>[] =>
    text
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter((event) => event.name === name);
  const count = 2000;
  const written = await tool(`${tools}.VerifiableProducer`, [
    ...server(),
    ...['--topic', 'verified', '--max-messages', String(count)],
  ]);
  const places = events(written, 'producer_send_success').map(({ offset, value }) => [offset, value]);
  expect(places).toEqual(Array.from({ length: count }, (_, i) => [i, String(i)]));
  const reading = ['--topic', 'verified', '--group-id', 'verifiers', '--max-messages', String(count), '--verbose'];
  const read = await tool(`${tools}.VerifiableConsumer`, [...server(), ...reading]);
  expect(events(read, 'record_data').map(({ offset, value }) => [offset, value])).toEqual(places);
  expect(events(read, 'offsets_committed').at(-1)).toMatchObject({ success: true, offsets: [{ offset: count }] });

  const perf = ['--topic', 'measured', '--num-records', '20000'];
  const load = ['--record-size', '100', '--throughput', '-1'];
  expect(await tool(`${tools}.ProducerPerformance`, [...server(), ...perf, ...load])).toMatch(/^20000 records sent/m);
  const measured = await tool(`${tools}.ConsumerPerformance`, [...server(), ...perf, '--hide-header']);
  expect(Number(measured.split(', ')[4])).toBeGreaterThanOrEqual(20_000);
});
