import { expect, test } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { scratchFolder, startAgent } from './agent.js';
import { Neighbour, residentBytesPeak } from './neighbour.js';
import { produce, WireClient } from './wire.js';

const MiB = 2 ** 20;
const CONNECTIONS = 300;
const TOPICS = 17;
const ROUNDS = 3;
const BATCH_BYTES = 900 * 1024;
/** Of it, three sixteenths are segments in memory: just what the topics fill. */
const MEMORY_MIB = 256;

/** 17 topics of 100 partitions and three batches each, every batch a segment of its own. */
async function filled(kafka: string): Promise<void> {
  const client = await WireClient.connect(kafka);
  const value = 'x'.repeat(BATCH_BYTES);
  for (let topic = 0; topic < TOPICS; topic += 1) {
    const name = `unread-${topic}`;
    await client.call(apis.createTopics, 2, {
      topics: [{ name, numPartitions: 100, replicationFactor: 1, assignments: [], configs: [] }],
    });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let topic = 0; topic < TOPICS; topic += 1) {
      const { errorCode } = await produce(client, `unread-${topic}`, 0, makeBatch({ values: [value] }));
      expect(errorCode).toBe(0);
    }
  }
  client.reset();
}

/** Asks for all records and all topics, again and again, and reads none of it. */
async function unreading(kafka: string, seed: number): Promise<WireClient> {
  const client = await WireClient.connect(kafka);
  client.socket.pause();
  const topics = Array.from({ length: TOPICS }, (_, topic) => ({
    topic: `unread-${(seed + topic) % TOPICS}`,
    partitions: [{ partition: 0, fetchOffset: seed % ROUNDS, partitionMaxBytes: 50 * MiB }],
  }));
  client.send(apis.fetch, 11, { maxWaitMs: 0, minBytes: 0, maxBytes: 50 * MiB, topics });
  for (let request = 0; request < 5; request += 1) client.send(apis.metadata, 1, { topics: null });
  return client;
}

test('300 clients that ask for all records and all topics and read nothing: a neighbour is served, memory is bounded', {
  timeout: 180_000,
}, async () => {
  const folder = scratchFolder('unread');
  const memory = ['--memory', `${MEMORY_MIB}MiB`, '--workers', '1'];
  const agent = await startAgent(['--bucket', `file:${folder.path}`, ...memory]);
  await filled(agent.kafka);
  const neighbour = await Neighbour.start(agent, 'neighbour');
  await neighbour.served(20);
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, (_, seed) => unreading(agent.kafka, seed)));
  await neighbour.served(200);
  // One large segment needs the room of several: who keeps it and takes nothing is closed. (Cold reads stand in line meanwhile.)
  const producer = await WireClient.connect(agent.kafka);
  const records = makeBatch({ values: ['y'.repeat(BATCH_BYTES)] });
  const partitionData = Array.from({ length: 8 }, (_, at) => ({
    index: 1 + at,
    records: { slices: [records], bytes: records.length },
  }));
  for (let count = 0; count < 3; count += 1) {
    const topicData = [{ name: 'unread-0', partitionData }];
    const { responses } = await producer.call(apis.produce, 9, { acks: -1, timeoutMs: 60_000, topicData });
    expect(responses[0]!.partitionResponses.map(({ errorCode }) => errorCode)).toEqual(Array(8).fill(0));
  }
  if (process.platform === 'linux') expect(residentBytesPeak(agent.process.pid!)).toBeLessThan(2 * MEMORY_MIB * MiB);
  for (const client of clients) client.reset();
  await Promise.all(clients.map(({ closed }) => closed));
  await neighbour.served(20);
  expect(await neighbour.stop()).toEqual([]);
  expect(await agent.stop()).toBe(0);
  folder.remove();
});
