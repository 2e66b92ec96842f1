import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { runClient } from './command-client.js';
import { compileJava, java, javaWords } from './java.js';
import { kafkaJsClient } from './kafkajs.js';
import { textRecords } from './records.js';

/** The tools that look at a cluster and its logs. */
const folder = scratchFolder('java-tools-admin');
const bucket = join(folder.path, 'bucket');
const start = () => startAgent(['--bucket', `file:${bucket}`, '--group-initial-rebalance-delay', '0ms']);
let agent: AgentProcess;

beforeAll(async () => {
  compileJava();
  agent = await start();
}, 60_000);
afterAll(async () => {
  expect(await agent.stop()).toBe(0);
  folder.remove();
}, 60_000);

const tools = 'org.apache.kafka.tools';
/** What it prints, line by line. */
const tool = (name: string, ...words: readonly string[]): Promise<string[]> =>
  runClient([...javaWords, `${tools}.${name}`, ...words], '');
const server = (): string[] => ['--bootstrap-server', agent.kafka];
const createTopic = (name: string, partitions: number, ...more: readonly string[]) =>
  tool('TopicCommand', ...server(), '--create', '--topic', name, '--partitions', String(partitions), ...more);
const offsets = (topic: string, time: string) => tool('GetOffsetShell', ...server(), '--topic', topic, '--time', time);
const MINUTE = 60_000;

function file(name: string, content: object): string {
  const path = join(folder.path, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

/** 100 values into partition 0, ten a batch, at times 0, 1, 2 … after `base`, but for the one of offset 70, which is the latest. */
const base = Date.UTC(2026, 0, 1);
async function produceHundred(topic: string): Promise<void> {
  const producer = kafkaJsClient(agent.kafka).producer();
  await producer.connect();
  for (let batch = 0; batch < 10; batch += 1) {
    const messages = Array.from({ length: 10 }, (_, i) => {
      const offset = batch * 10 + i;
      return { partition: 0, value: `${offset}`, timestamp: String(base + (offset === 70 ? 1_000 : offset)) };
    });
    await producer.send({ topic, messages });
  }
  await producer.disconnect();
}

/** Without what the client logs beside it. */
async function deletion(
  name: string,
  ...rows: readonly (readonly [topic: string, partition: number, offset: number])[]
): Promise<string[]> {
  const partitions = rows.map(([topic, partition, offset]) => ({ topic, partition, offset }));
  const lines = await tool(
    'DeleteRecordsCommand',
    ...server(),
    '--offset-json-file',
    file(name, { partitions, version: 1 }),
  );
  return lines.filter((line) => !line.includes(' ERROR '));
}

test('kafka-delete-records moves log starts up, tells what it may not, and what it deleted stays deleted', {
  timeout: 4 * MINUTE,
}, async () => {
  await createTopic('deleted', 2);
  await createTopic('compacted', 1, '--config', 'cleanup.policy=compact');
  await produceHundred('deleted');
  // Partitions come in no order.
  expect((await deletion('some.json', ['deleted', 0, 25], ['deleted', 1, -1], ['compacted', 0, 0])).sort()).toEqual([
    'Executing records delete operation',
    'Records delete operation completed:',
    expect.stringMatching(/^partition: compacted-0\s+error: .*PolicyViolationException/),
    'partition: deleted-0\tlow_watermark: 25',
    'partition: deleted-1\tlow_watermark: 0',
  ]);
  expect(await deletion('beyond.json', ['deleted', 0, 101])).toContainEqual(
    expect.stringMatching(/^partition: deleted-0\s+error: .*OffsetOutOfRangeException/),
  );
  expect(await deletion('back.json', ['deleted', 0, 3])).toContain('partition: deleted-0\tlow_watermark: 25');
  for (const [time, expected] of [
    ['earliest', 'deleted:0:25'],
    [String(base), 'deleted:0:25'],
    [String(base + 40), 'deleted:0:40'],
    ['max-timestamp', 'deleted:0:70'],
    ['latest', 'deleted:0:100'],
  ] as const) {
    expect(await offsets('deleted', time), time).toContain(expected);
  }
  const read = await java.groupRead(agent.kafka, 'deleted', 'readers-of-deleted', 75);
  expect(read.map(({ offset, value }) => [offset, String(value)])).toEqual(
    Array.from({ length: 75 }, (_, i) => [25 + i, String(25 + i)]),
  );
  expect(await deletion('more.json', ['deleted', 0, 80])).toContain('partition: deleted-0\tlow_watermark: 80');
  await agent.kill();
  agent = await start();
  expect(await offsets('deleted', 'earliest')).toEqual(['deleted:0:80', 'deleted:1:0']);
  expect(await offsets('deleted', 'max-timestamp')).toEqual(['deleted:0:99']);
  expect(await deletion('all.json', ['deleted', 0, -1])).toContain('partition: deleted-0\tlow_watermark: 100');
  expect(await offsets('deleted', 'earliest')).toEqual(['deleted:0:100', 'deleted:1:0']);
  expect(await offsets('deleted', 'max-timestamp')).toEqual([]);
  expect(await offsets('deleted', String(base))).toEqual([]);
});

test('kafka-get-offsets tells every kind of offset, by number and by name', { timeout: 4 * MINUTE }, async () => {
  await createTopic('offsets-of', 1);
  await produceHundred('offsets-of');
  for (const [number, name, expected] of [
    ['-1', 'latest', ['offsets-of:0:100']],
    ['-2', 'earliest', ['offsets-of:0:0']],
    ['-3', 'max-timestamp', ['offsets-of:0:70']],
    ['-4', 'earliest-local', ['offsets-of:0:0']],
    // Nothing is tiered, nothing waits to be: the tool prints no line for offset -1.
    ['-5', 'latest-tiered', []],
    ['-6', 'earliest-pending-upload', []],
  ] as const) {
    expect(await offsets('offsets-of', number), number).toEqual(expected);
    expect(await offsets('offsets-of', name), name).toEqual(expected);
  }
});

test('kafka-log-dirs tells the bucket and the bytes of each partition', { timeout: MINUTE }, async () => {
  await createTopic('sized', 2);
  await produceHundred('sized');
  const lines = await tool('LogDirsCommand', ...server(), '--describe', '--topic-list', 'sized');
  const described = JSON.parse(lines.at(-1)!) as {
    brokers: {
      broker: number;
      logDirs: { logDir: string; error: null; partitions: { partition: string; size: number }[] }[];
    }[];
  };
  expect(described.brokers).toMatchObject([{ broker: 1, logDirs: [{ logDir: `file:${bucket}`, error: null }] }]);
  const sizes = new Map(described.brokers[0]!.logDirs[0]!.partitions.map(({ partition, size }) => [partition, size]));
  expect([...sizes.keys()].sort()).toEqual(['sized-0', 'sized-1']);
  expect(sizes.get('sized-1')).toBe(0);
  // Ten batches: each has a header of 61 bytes and ten records of at least 8.
  expect(sizes.get('sized-0')).toBeGreaterThan(10 * (61 + 10 * 8));
  expect(sizes.get('sized-0')).toBeLessThan(10 * (61 + 10 * 20));
});

test('kafka-topics describes leaders, replicas and eligible leaders', { timeout: MINUTE }, async () => {
  await createTopic('described', 3, '--config', 'retention.ms=1000');
  const [head, ...rows] = await tool('TopicCommand', ...server(), '--describe', '--topic', 'described');
  expect(head).toMatch(/TopicId: \S{22}\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: .*retention.ms=1000/);
  expect(rows.map((row) => row.trim().replaceAll('\t', ' '))).toEqual(
    [0, 1, 2].map((partition) =>
      expect.stringMatching(
        new RegExp(`^Topic: described Partition: ${partition} Leader: 1 Replicas: 1 Isr: 1 Elr:\\s+LastKnownElr:\\s*$`),
      ),
    ),
  );
  expect(await tool('TopicCommand', ...server(), '--describe', '--unavailable-partitions')).toEqual([]);
  expect(await tool('TopicCommand', ...server(), '--describe', '--under-replicated-partitions')).toEqual([]);
});

test('kafka-leader-election finds nothing to elect', { timeout: 2 * MINUTE }, async () => {
  await createTopic('elected', 2);
  const elect = (...words: readonly string[]) => tool('LeaderElectionCommand', ...server(), ...words);
  for (const type of ['preferred', 'unclean']) {
    expect(await elect('--election-type', type, '--topic', 'elected', '--partition', '1')).toEqual([
      'Valid replica already elected for partitions elected-1',
    ]);
  }
  expect(await elect('--election-type', 'preferred', '--all-topic-partitions')).toEqual([]);
  await expect(elect('--election-type', 'preferred', '--topic', 'elected', '--partition', '9')).rejects.toThrow(
    /UnknownTopicOrPartitionException/,
  );
});

test('kafka-reassign-partitions proposes, executes at once, and has nothing under way', {
  timeout: 3 * MINUTE,
}, async () => {
  await createTopic('reassigned', 2);
  const reassign = (...words: readonly string[]) => tool('reassign.ReassignPartitionsCommand', ...server(), ...words);
  const topics = file('topics.json', { topics: [{ topic: 'reassigned' }], version: 1 });
  const proposed = await reassign('--generate', '--topics-to-move-json-file', topics, '--broker-list', '1');
  const plan = JSON.parse(proposed.at(-1)!) as {
    partitions: { topic: string; partition: number; replicas: number[] }[];
  };
  expect(plan.partitions).toMatchObject([0, 1].map((partition) => ({ topic: 'reassigned', partition, replicas: [1] })));
  const planned = file('plan.json', plan);
  expect(await reassign('--execute', '--reassignment-json-file', planned)).toContain(
    'Successfully started partition reassignments for reassigned-0,reassigned-1',
  );
  expect(await reassign('--list')).toEqual(['No partition reassignments found.']);
  const verified = await reassign('--verify', '--reassignment-json-file', planned);
  for (const partition of [0, 1])
    expect(verified).toContain(`Reassignment of partition reassigned-${partition} is completed.`);
  expect(await reassign('--cancel', '--reassignment-json-file', planned)).toContain(
    'None of the specified partition reassignments are active.',
  );
});

test('kafka-cluster tells the cluster and its endpoints', { timeout: MINUTE }, async () => {
  expect(await tool('ClusterTool', 'cluster-id', ...server())).toEqual(['Cluster ID: weft']);
  for (const more of [[], ['--include-fenced-brokers']]) {
    const [, ...rows] = await tool('ClusterTool', 'list-endpoints', ...server(), ...more);
    expect(rows.map((row) => row.trim().split(/\s+/))).toEqual([
      ['1', '127.0.0.1', agent.kafka.split(':')[1], 'null', 'unfenced', 'broker'],
    ]);
  }
});

test('kafka-broker-api-versions can use the newest version of all that it is told', { timeout: MINUTE }, async () => {
  const lines = (await tool('BrokerApiVersionsCommand', ...server())).map((line) => line.trim().replace(/,$/, ''));
  for (const line of [
    'DeleteRecords(21): 0 to 2 [usable: 2]',
    'DescribeLogDirs(35): 1 to 5 [usable: 5]',
    'ElectLeaders(43): 0 to 2 [usable: 2]',
    'AlterPartitionReassignments(45): 0 to 1 [usable: 1]',
    'ListPartitionReassignments(46): 0 [usable: 0]',
    'DescribeCluster(60): 0 to 2 [usable: 2]',
    'DescribeProducers(61): 0 [usable: 0]',
    'DescribeTopicPartitions(75): 0 [usable: 0]',
  ]) {
    expect(lines).toContain(line);
  }
});

test('kafka-transactions describes the idempotent producers of a partition', { timeout: MINUTE }, async () => {
  await java.produce(agent.kafka, 'produced', textRecords('produced'), { compression: 'none', idempotent: true });
  const [head, ...rows] = await tool(
    'TransactionsCommand',
    ...server(),
    ...['describe-producers', '--topic', 'produced', '--partition', '0'],
  );
  expect(head).toMatch(/^ProducerId\s+ProducerEpoch\s+LatestCoordinatorEpoch\s+LastSequence\s+LastTimestamp/);
  expect(rows.map((row) => row.trim().split(/\s+/))).toEqual([
    [expect.stringMatching(/^\d+$/), '0', '-1', '99', expect.stringMatching(/^\d+$/), 'None'],
  ]);
});
