import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import type { ClientDriver, Compression } from './driver.js';
import { franzGo } from './go.js';
import { compileJava, java } from './java.js';
import { kafkaJs, kafkaJsClient } from './kafkajs.js';
import { kcat } from './kcat.js';
import { librdkafka } from './librdkafka.js';
import { platformatic } from './platformatic.js';
import { textRecords, toBrief } from './records.js';
import { createTopic } from './scenarios.js';

/** Each writes with another codec, so that every codec of one library is read by every other. */
const writers: readonly (readonly [ClientDriver, Compression])[] = [
  [kafkaJs, 'gzip'],
  [platformatic, 'snappy'],
  [kcat, 'lz4'],
  [librdkafka, 'zstd'],
  [java, 'snappy'],
  [franzGo, 'lz4'],
];
/** kafkajs reads what it brings codecs for. */
const reads = (reader: ClientDriver, compression: Compression): boolean => reader.compressions.includes(compression);

const folder = scratchFolder('together');
let agent: AgentProcess;

beforeAll(async () => {
  compileJava();
  agent = await startAgent(['--bucket', `file:${folder.path}`, '--group-initial-rebalance-delay', '0ms']);
}, 60_000);
afterAll(async () => {
  expect(await agent.stop()).toBe(0);
  folder.remove();
}, 60_000);

test.each(writers.map(([writer, compression]) => ({ name: writer.name, writer, compression })))(
  'what $name writes with $compression every other client reads',
  { timeout: 120_000 },
  async ({ writer, compression }) => {
    const topic = `by-${writer.name}`;
    await createTopic(agent, topic, 1);
    const records = textRecords(topic);
    await writer.produce(agent.kafka, topic, records, { compression, idempotent: true });
    for (const [reader] of writers) {
      if (!reads(reader, compression)) continue;
      const consumed = await reader.consume(agent.kafka, topic, records.length);
      expect(consumed.map(toBrief), `read by ${reader.name}`).toEqual(records.map(toBrief));
    }
  },
);

const targets = [
  ['uncompressed', 'none'],
  ['gzip', 'gzip'],
  ['snappy', 'snappy'],
  ['lz4', 'lz4'],
  ['zstd', 'zstd'],
] as const;

test.each(targets)(
  'what a topic compresses anew (compression.type=%s) every client reads',
  { timeout: 240_000 },
  async (type, compression) => {
    const topic = `anew-${type}`;
    const admin = kafkaJsClient(agent.kafka).admin();
    await admin.connect();
    const configEntries = [{ name: 'compression.type', value: type }];
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] });
    await admin.disconnect();
    const records = textRecords(topic);
    // A codec that is none of the targets' own, so that all is written anew.
    await (compression === 'snappy' ? franzGo : java).produce(agent.kafka, topic, records, {
      compression: compression === 'lz4' ? 'snappy' : 'lz4',
      idempotent: true,
    });
    for (const [reader] of writers) {
      if (!reads(reader, compression)) continue;
      const consumed = await reader.consume(agent.kafka, topic, records.length);
      expect(consumed.map(toBrief), `read by ${reader.name}`).toEqual(records.map(toBrief));
    }
  },
);
