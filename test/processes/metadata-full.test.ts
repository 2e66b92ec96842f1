import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { readAll } from '../chaos/kill-cycles.js';
import { scratchFolder, startAgent } from './agent.js';

test('full metadata refuses growth with a retriable error; more room is a restart away', {
  timeout: 120_000,
}, async () => {
  const folder = scratchFolder('metadata-full');
  const agent = await startAgent([
    '--bucket',
    `file:${folder.path}`,
    '--metadata-bytes-max',
    '1MiB',
    '--batch-window',
    '1ms',
  ]);
  const client = new kafkajs.Kafka({
    brokers: [agent.kafka],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 0 },
  });
  const admin = client.admin();
  await admin.connect();
  const partitions = 500;
  await admin.createTopics({ topics: [{ topic: 'wide', numPartitions: partitions }] });
  await admin.disconnect();
  const producer = client.producer();
  await producer.connect();
  let acknowledged = 0;
  let refusal: unknown;
  // One record to every partition: as many extents a request.
  for (let round = 0; round < 100 && refusal === undefined; round += 1) {
    const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, value: `${round}` }));
    try {
      await producer.send({ topic: 'wide', acks: -1, messages });
      acknowledged += 1;
    } catch (error) {
      refusal = error;
    }
  }
  expect(refusal).toMatchObject({ cause: { type: 'KAFKA_STORAGE_ERROR', retriable: true } });
  expect(acknowledged).toBeGreaterThan(10);
  await producer.disconnect();
  expect(await agent.stop()).toBe(0);

  // More room is a restart away: everything is read, and producing goes on.
  const roomier = await startAgent(['--bucket', `file:${folder.path}`, '--metadata-bytes-max', '64MiB']);
  const again = new kafkajs.Kafka({ brokers: [roomier.kafka], logLevel: kafkajs.logLevel.NOTHING }).producer();
  await again.connect();
  await again.send({ topic: 'wide', messages: [{ partition: 0, value: 'more' }] });
  await again.disconnect();
  const read = await readAll(roomier.kafka, 'wide', partitions);
  expect(read.get(0)?.at(-1)?.value).toBe('more');
  for (const [partition, records] of read) {
    const values = records.map(({ value }) => value);
    expect(values.slice(0, acknowledged), `partition ${partition}`).toEqual(
      Array.from({ length: acknowledged }, (_, i) => `${i}`),
    );
  }
  expect(await roomier.stop()).toBe(0);
  folder.remove();
});
