import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { kafkaJs, kafkaJsClient } from './kafkajs.js';
import { recordShapes, toLine } from './records.js';

const folder = scratchFolder('kafkajs');
let agent: AgentProcess;

beforeAll(async () => {
  agent = await startAgent(['--bucket', `file:${folder.path}`]);
});
afterAll(async () => {
  await agent.stop();
  folder.remove();
});

test.each(
  kafkaJs.compressions.flatMap((compression) => [true, false].map((idempotent) => ({ compression, idempotent }))),
)(
  'records of every shape come back as they were sent: $compression, idempotent $idempotent',
  { timeout: 60_000 },
  async (options) => {
    const topic = `kafkajs-${options.compression}-${options.idempotent}`;
    const records = recordShapes(topic);
    await kafkaJs.produce(agent.kafka, topic, records, options);
    const consumed = await kafkaJs.consume(agent.kafka, topic, records.length);
    expect(consumed.map(({ offset }) => offset)).toEqual(records.map((_, i) => i));
    expect(consumed.map(toLine)).toEqual(records.map(toLine));
  },
);

test('admin: topics are made, described and deleted', { timeout: 60_000 }, async () => {
  const admin = kafkaJsClient(agent.kafka).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'made', numPartitions: 7, replicationFactor: 1 }] });
  const { topics } = await admin.fetchTopicMetadata({ topics: ['made'] });
  expect(topics[0]!.partitions.length).toBe(7);
  await admin.deleteTopics({ topics: ['made'] });
  expect(await admin.listTopics()).not.toContain('made');
  await admin.disconnect();
});
