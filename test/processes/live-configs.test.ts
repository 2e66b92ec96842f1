import { expect, test } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { scratchFolder, startAgent } from './agent.js';
import { produce, WireClient } from './wire.js';

const MINUTE = 60_000;
const TOO_LARGE = 10;
const SET = 0;
const DELETE = 1;

const batch = (characters: number): Uint8Array => makeBatch({ values: ['v'.repeat(characters)] });

async function alter(
  client: WireClient,
  resourceType: number,
  resourceName: string,
  name: string,
  value: string | null,
): Promise<void> {
  const configs = [{ name, configOperation: value === null ? DELETE : SET, value }];
  const request = { resources: [{ resourceType, resourceName, configs }], validateOnly: false };
  const answer = await client.call(apis.incrementalAlterConfigs, 1, request);
  expect(answer.responses).toMatchObject([{ errorCode: 0, errorMessage: null }]);
}

test('the next batch meets a changed config, of its topic or of all agents, and a restart keeps both', {
  timeout: 2 * MINUTE,
}, async () => {
  const folder = scratchFolder('live-configs');
  const flags = ['--bucket', `file:${folder.path}`];
  const first = await startAgent(flags);
  const client = await WireClient.connect(first.kafka);
  const topics = ['own', 'inherits'].map((name) => {
    return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  });
  await client.call(apis.createTopics, 7, { topics });
  const errors = async (by: WireClient): Promise<number[]> => {
    const found: number[] = [];
    for (const topic of ['own', 'inherits']) found.push((await produce(by, topic, 0, batch(1000))).errorCode);
    return found;
  };
  expect(await errors(client)).toEqual([0, 0]);
  await alter(client, 2, 'own', 'max.message.bytes', '500');
  expect(await errors(client)).toEqual([TOO_LARGE, 0]);
  expect((await produce(client, 'own', 0, batch(100))).errorCode).toBe(0);
  await alter(client, 4, '', 'message.max.bytes', '500');
  expect(await errors(client)).toEqual([TOO_LARGE, TOO_LARGE]);
  expect(await first.stop()).toBe(0);

  const second = await startAgent(flags);
  const again = await WireClient.connect(second.kafka);
  expect(await errors(again)).toEqual([TOO_LARGE, TOO_LARGE]);
  await alter(again, 4, '', 'message.max.bytes', null);
  await alter(again, 2, 'own', 'max.message.bytes', null);
  expect(await errors(again)).toEqual([0, 0]);
  expect(await second.stop()).toBe(0);
  folder.remove();
});

test('added partitions take batches at once, and are there after a restart', { timeout: 2 * MINUTE }, async () => {
  const folder = scratchFolder('added-partitions');
  const flags = ['--bucket', `file:${folder.path}`];
  const first = await startAgent(flags);
  const client = await WireClient.connect(first.kafka);
  const topic = { name: 'grown', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await client.call(apis.createTopics, 7, { topics: [topic] });
  expect((await produce(client, 'grown', 2, batch(1))).errorCode).toBe(3);
  const topics = [{ name: 'grown', count: 3, assignments: null }];
  const answer = await client.call(apis.createPartitions, 3, { topics, timeoutMs: 10_000, validateOnly: false });
  expect(answer.results).toMatchObject([{ errorCode: 0 }]);
  expect(await produce(client, 'grown', 2, batch(1))).toMatchObject({ errorCode: 0, baseOffset: 0 });
  await first.kill();
  const second = await startAgent(flags);
  const again = await WireClient.connect(second.kafka);
  expect(await produce(again, 'grown', 2, batch(1))).toMatchObject({ errorCode: 0, baseOffset: 1 });
  expect(await second.stop()).toBe(0);
  folder.remove();
});
