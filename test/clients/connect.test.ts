// Kafka Connect 4.3.1 and MirrorMaker 2 take agents for Kafka.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { freePort } from '../processes/ports.js';
import { type JavaProcess, properties, startJava } from './connect.js';
import { kafkaJsClient } from './kafkajs.js';

const MINUTE = 60_000;
const patience = { timeout: 2 * MINUTE, interval: 250 };
const folder = scratchFolder('connect');
const running: JavaProcess[] = [];
let agent: AgentProcess;
let other: AgentProcess;

beforeAll(async () => {
  const start = (name: string): Promise<AgentProcess> =>
    startAgent(['--bucket', `file:${join(folder.path, name)}`, '--group-initial-rebalance-delay', '0ms']);
  [agent, other] = await Promise.all([start('one'), start('two')]);
}, MINUTE);
afterAll(async () => {
  await Promise.all(running.map((one) => one.stop()));
  expect(await Promise.all([agent.stop(), other.stop()])).toEqual([0, 0]);
  folder.remove();
}, MINUTE);

const inFolder = (name: string): string => join(folder.path, name);
const readLines = (name: string): string[] =>
  existsSync(inFolder(name)) ? readFileSync(inFolder(name), 'utf8').trimEnd().split('\n') : [];
const linesOf = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
const textOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

function start(main: string, args: readonly string[]): JavaProcess {
  const started = startJava(main, args);
  running.push(started);
  onTestFailed(() => {
    process.stdout.write(`${main} said last:\n${started.output()}\n`);
  });
  return started;
}

async function stop(one: JavaProcess): Promise<void> {
  running.splice(running.indexOf(one), 1);
  await one.stop();
}

const converters = {
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'offset.flush.interval.ms': 500,
  'plugin.discovery': 'only_scan',
};
const source = (file: string, topic: string) => ({
  'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
  'tasks.max': '1',
  file: inFolder(file),
  topic,
});
const sink = (file: string, topics: string) => ({
  'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
  'tasks.max': '1',
  file: inFolder(file),
  topics,
});

test('a standalone worker copies a file through a topic, and goes on where it stopped', {
  timeout: 5 * MINUTE,
}, async () => {
  writeFileSync(inFolder('alone-in'), textOf(linesOf(0, 1000)));
  const files = [
    properties(folder.path, 'alone', {
      ...converters,
      'bootstrap.servers': agent.kafka,
      'offset.storage.file.filename': inFolder('alone-offsets'),
      listeners: `http://127.0.0.1:${await freePort()}`,
    }),
    properties(folder.path, 'alone-source', { name: 'alone-source', ...source('alone-in', 'alone') }),
    properties(folder.path, 'alone-sink', { name: 'alone-sink', ...sink('alone-out', 'alone') }),
  ];
  const standalone = 'org.apache.kafka.connect.cli.ConnectStandalone';
  const first = start(standalone, files);
  await expect.poll(() => readLines('alone-out'), patience).toEqual(linesOf(0, 1000));
  await stop(first);
  appendFileSync(inFolder('alone-in'), textOf(linesOf(1000, 1500)));
  const second = start(standalone, files);
  await expect.poll(() => readLines('alone-out'), patience).toEqual(linesOf(0, 1500));
  await stop(second);
});

test('a distributed worker keeps its connectors and offsets in compact topics, and goes on where it stopped', {
  timeout: 5 * MINUTE,
}, async () => {
  writeFileSync(inFolder('shared-in'), textOf(linesOf(0, 1000)));
  const rest = `http://127.0.0.1:${await freePort()}`;
  const worker = properties(folder.path, 'shared', {
    ...converters,
    'bootstrap.servers': agent.kafka,
    'group.id': 'connect',
    'config.storage.topic': 'connect-configs',
    'offset.storage.topic': 'connect-offsets',
    'status.storage.topic': 'connect-status',
    'config.storage.replication.factor': 1,
    'offset.storage.replication.factor': 1,
    'status.storage.replication.factor': 1,
    'offset.storage.partitions': 5,
    listeners: rest,
  });
  const distributed = 'org.apache.kafka.connect.cli.ConnectDistributed';
  const first = start(distributed, [worker]);
  await expect.poll(() => connectorNames(rest), patience).toEqual([]);
  await createConnector(rest, 'shared-source', source('shared-in', 'shared'));
  await createConnector(rest, 'shared-sink', sink('shared-out', 'shared'));
  await expect.poll(() => readLines('shared-out'), patience).toEqual(linesOf(0, 1000));
  await expect.poll(() => statesOf(rest, 'shared-source'), patience).toEqual(['RUNNING', 'RUNNING']);
  expect(await policyOf('connect-offsets')).toBe('compact');
  await stop(first);
  appendFileSync(inFolder('shared-in'), textOf(linesOf(1000, 1500)));
  const second = start(distributed, [worker]);
  await expect.poll(() => readLines('shared-out'), patience).toEqual(linesOf(0, 1500));
  expect((await connectorNames(rest))?.sort()).toEqual(['shared-sink', 'shared-source']);
  await stop(second);
});

test('MirrorMaker 2 copies a topic with its configs and a group’s offsets to another agent', {
  timeout: 5 * MINUTE,
}, async () => {
  const admin = kafkaJsClient(agent.kafka).admin();
  await admin.connect();
  const configEntries = [{ name: 'retention.ms', value: '123456789' }];
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3, configEntries }] });
  await admin.disconnect();
  const values = linesOf(0, 300);
  const producer = kafkaJsClient(agent.kafka).producer();
  await producer.connect();
  await producer.send({ topic: 'orders', messages: values.map((value, i) => ({ partition: i % 3, value })) });
  await producer.disconnect();
  await readInGroup(agent.kafka, 'orders', 'readers', 300);
  const mirror = start('org.apache.kafka.connect.mirror.MirrorMaker', [
    properties(folder.path, 'mirror', {
      clusters: 'one, two',
      'one.bootstrap.servers': agent.kafka,
      'two.bootstrap.servers': other.kafka,
      'one->two.enabled': 'true',
      'two->one.enabled': 'false',
      'one->two.topics': 'orders',
      'one->two.groups': 'readers',
      'one->two.sync.group.offsets.enabled': 'true',
      'refresh.topics.interval.seconds': 2,
      'refresh.groups.interval.seconds': 2,
      'sync.topic.configs.interval.seconds': 2,
      'sync.group.offsets.interval.seconds': 1,
      'emit.checkpoints.interval.seconds': 1,
      'emit.heartbeats.enabled': 'false',
      'replication.factor': 1,
      'checkpoints.topic.replication.factor': 1,
      'offset-syncs.topic.replication.factor': 1,
      'config.storage.replication.factor': 1,
      'offset.storage.replication.factor': 1,
      'status.storage.replication.factor': 1,
      'dedicated.mode.enable.internal.rest': 'false',
      'plugin.discovery': 'only_scan',
    }),
  ]);
  const target = kafkaJsClient(other.kafka).admin();
  await target.connect();
  const ends = async (): Promise<unknown> => {
    if (!(await target.listTopics()).includes('one.orders')) return [];
    return (await target.fetchTopicOffsets('one.orders')).map(({ high }) => high).sort();
  };
  await expect.poll(ends, patience).toEqual(['100', '100', '100']);
  const copied = await readInGroup(other.kafka, 'one.orders', 'check', 300);
  expect(copied.sort()).toEqual([...values].sort());
  const retention = async (): Promise<string | null | undefined> => {
    const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: 'one.orders' }];
    const described = await target.describeConfigs({ resources, includeSynonyms: false });
    return described.resources[0]?.configEntries.find(({ configName }) => configName === 'retention.ms')?.configValue;
  };
  await expect.poll(retention, patience).toBe('123456789');
  const committed = async (): Promise<unknown> => {
    const [found] = await target.fetchOffsets({ groupId: 'readers', topics: ['one.orders'] });
    return found?.partitions.every(({ offset }) => Number(offset) > 0);
  };
  await expect.poll(committed, patience).toBe(true);
  await target.disconnect();
  await stop(mirror);
});

/** Reads so many records in a group, which commits them, and leaves. */
async function readInGroup(bootstrap: string, topic: string, groupId: string, count: number): Promise<string[]> {
  const consumer = kafkaJsClient(bootstrap).consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const read: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async ({ message }: kafkajs.EachMessagePayload): Promise<void> => {
      read.push(message.value?.toString() ?? '');
      if (read.length === count) resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return read;
}

/** Undefined while the worker does not answer yet. */
async function connectorNames(rest: string): Promise<string[] | undefined> {
  const answer = await fetch(`${rest}/connectors`).catch(() => undefined);
  return answer?.ok === true ? ((await answer.json()) as string[]) : undefined;
}

async function createConnector(rest: string, name: string, config: Readonly<Record<string, string>>): Promise<void> {
  const create = async (): Promise<number> => {
    const answer = await fetch(`${rest}/connectors/${name}/config`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(config),
    });
    return answer.status;
  };
  // 409 while the worker rebalances.
  await expect.poll(create, patience).toBeOneOf([200, 201]);
}

async function statesOf(rest: string, name: string): Promise<string[]> {
  const answer = await fetch(`${rest}/connectors/${name}/status`);
  if (!answer.ok) return [];
  const status = (await answer.json()) as { connector: { state: string }; tasks: { state: string }[] };
  return [status.connector.state, ...status.tasks.map(({ state }) => state)];
}

async function policyOf(topic: string): Promise<string | null | undefined> {
  const admin = kafkaJsClient(agent.kafka).admin();
  await admin.connect();
  const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }];
  const described = await admin.describeConfigs({ resources, includeSynonyms: false });
  await admin.disconnect();
  return described.resources[0]?.configEntries.find(({ configName }) => configName === 'cleanup.policy')?.configValue;
}
