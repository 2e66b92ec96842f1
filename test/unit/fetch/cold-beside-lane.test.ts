// A consumer of a cold partition and a hot one beside the producers of the hot one: real lanes, a store that does not answer.
import { expect, test } from 'vitest';
import { BlockCache } from '../../../src/cache/block-cache.js';
import { BlockMemory } from '../../../src/cache/block-memory.js';
import type { Reading } from '../../../src/cache/blocks.js';
import { ColdBlocks } from '../../../src/cache/cold-blocks.js';
import { FetchLink } from '../../../src/cache/fetch-link.js';
import { Fetcher } from '../../../src/fetch/engine.js';
import { EngineHarness, TOPIC_ID } from '../ingest/engine-harness.js';
import { makeBatch } from '../ingest/make-batch.js';

const COLD = 0;
const HOT = 1;

test('producers have their acks while a fetch that found their records waits for the store', async () => {
  const agent = new EngineHarness();
  agent.store.open = true;
  await agent.createTopic('orders');
  const produce = async (partition: number) => {
    const sent = agent.produce(1, makeBatch({ values: ['x'.repeat(20_000)] }), 'orders', partition);
    await agent.world.pass(300);
    return sent.answers[0]?.error;
  };
  await produce(COLD);
  // More than the lane's memory holds: the first segment gives way.
  for (let n = 0; n < 30; n += 1) expect(await produce(HOT)).toBe(0);

  const link = new FetchLink(() => ({ post: () => {}, onMessage: () => {}, onExit: () => {}, close: () => {} }));
  const arenaBytes = 256 * 1024;
  const memory = new BlockMemory(arenaBytes, 1024);
  const { view } = agent.metadata;
  const cold = new ColdBlocks('test', new SharedArrayBuffer(arenaBytes), memory, link, 64 * 1024);
  const blocks = new BlockCache(view, agent.hot, cold);
  const fetcher = new Fetcher({
    cluster: 'test',
    metadata: agent.metadata,
    blocks,
    link,
    timers: agent.world.timers,
    onUnavailable: () => {},
    onRead: () => {},
  });
  const wanted = (partition: number, offset: number) => ({ topicId: TOPIC_ID, partition, offset, bytesMax: 1_000_000 });
  const inMemory = (offset: number) => {
    const read = blocks.readMemory({ ...wanted(HOT, offset), atLeastOne: true });
    if (read === 'cold') return false;
    expect(read).toMatchObject({ place: 'memory' });
    (read as Reading).release();
    return true;
  };
  let oldest = 0;
  while (!inMemory(oldest)) oldest += 1;
  expect(oldest).toBeLessThan(25);
  const request = { waitMaxMs: 500, bytesMin: 1, bytesMax: 2_000_000 };
  let answered = false;
  void fetcher
    .fetch({ ...request, partitions: [wanted(COLD, 0), wanted(HOT, oldest)] }, new AbortController().signal)
    .then(() => {
      answered = true;
    });
  for (let n = 0; n < 30; n += 1) expect(await produce(HOT)).toBe(0);
  expect(answered).toBe(false);
});
