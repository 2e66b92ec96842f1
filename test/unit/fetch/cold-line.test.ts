// A fetch in the line for the store, with the real cache below it: who leaves the line, and what is asked of the store.
import { expect, test } from 'vitest';
import { BlockCache } from '../../../src/cache/block-cache.js';
import { BlockMemory } from '../../../src/cache/block-memory.js';
import { ColdBlocks } from '../../../src/cache/cold-blocks.js';
import { FetchLink } from '../../../src/cache/fetch-link.js';
import { HotSegments } from '../../../src/cache/hot-segments.js';
import type { ToFetchWorker } from '../../../src/cache/messages.js';
import type { MetadataClient } from '../../../src/cluster/metadata-client.js';
import { Fetcher } from '../../../src/fetch/engine.js';
import type { FetchAnswer } from '../../../src/fetch/engine-contract.js';
import type { Extent, MetadataView } from '../../../src/metadata/view.js';
import { DecodedMemory, type DecodedShare } from '../../../src/server/decoded-memory.js';
import { VirtualTime } from '../../simulation/virtual-time.js';

const TOPIC = 'AAAAAAAAAAAAAAAAAAAAAQ';
const ARENA_BYTES = 64 * 1024;
const never = new AbortController().signal;

/** One partition of one extent, which only the store has; a worker that hears what it is asked and never answers. */
class Bench {
  readonly time = new VirtualTime();
  readonly line = new BlockMemory(ARENA_BYTES, 1024);
  readonly asked: ToFetchWorker['type'][] = [];
  readonly #engine: Fetcher;

  constructor() {
    const extent: Extent = {
      agentEpoch: 1,
      segment: 1,
      segmentBytes: 1_000,
      position: 0,
      length: 1_000,
      baseOffset: 0,
      records: 10,
      maxTimestamp: 0,
    };
    const partition = { logStartOffset: 0, highWatermark: 10, bytes: 1_000 };
    const view = {
      topicById: () => ({ topicId: TOPIC, name: 't', configs: new Map(), partitions: [partition] }),
      scanExtents: (_topic: string, _partition: number, _offset: number, visit: (extent: Extent) => boolean) => {
        visit(extent);
      },
    } as unknown as MetadataView;
    const link = new FetchLink(() => ({
      post: (message) => this.asked.push((message as ToFetchWorker).type),
      onMessage: () => {},
      onExit: () => {},
      close: () => {},
    }));
    const cold = new ColdBlocks('c', new SharedArrayBuffer(ARENA_BYTES), this.line, link, 4_096);
    this.#engine = new Fetcher({
      cluster: 'c',
      metadata: { view, fresh: () => new Promise(() => {}), onApplied: () => {} } as unknown as MetadataClient,
      blocks: new BlockCache(view, new HotSegments(), cold),
      link,
      timers: this.time.timersOf(() => true),
      onUnavailable: () => {},
      onRead: () => {},
    });
  }

  /** A long poll, and what it answered as soon as it has. */
  fetch(signal: AbortSignal, crowded?: AbortSignal): { answer: FetchAnswer | undefined } {
    const polled: { answer: FetchAnswer | undefined } = { answer: undefined };
    const partitions = [{ topicId: TOPIC, partition: 0, offset: 0, bytesMax: 1_000 }];
    const request = { waitMaxMs: 60_000, bytesMin: 1, bytesMax: 1_000, partitions };
    void this.#engine.fetch(request, signal, crowded).then((answer) => {
      polled.answer = answer;
    });
    return polled;
  }

  /** Lets everything happen that is due, no time passing. */
  async settle(): Promise<void> {
    await this.time.run(() => true, 0);
  }

  /** Lets everything happen that is due up to then, and what follows from it. */
  async passTo(ms: number): Promise<void> {
    await this.time.run(() => false, ms);
    await this.settle();
  }
}

/** Somebody else has all that may be pinned. */
async function full(): Promise<Bench> {
  const bench = new Bench();
  expect(await bench.line.admit(ARENA_BYTES, { signal: never, crowded: undefined })).toBe(true);
  return bench;
}

test('a fetch whose client is gone leaves the line for the store, and nothing is read for it', async () => {
  const bench = await full();
  const client = new AbortController();
  const polled = bench.fetch(client.signal);
  await bench.settle();
  expect(bench.line.waitingCount).toBe(1);
  client.abort();
  await bench.settle();
  expect(polled.answer).toMatchObject({ bytes: 0, partitions: [{ error: 0, highWatermark: 10 }] });
  expect(bench.line.waitingCount).toBe(0);
  bench.line.leave(ARENA_BYTES);
  await bench.settle();
  expect(bench.asked).toEqual([]);
});

test('nothing is read for a client that was gone before its fetch came to the store', async () => {
  const bench = new Bench();
  const polled = bench.fetch(AbortSignal.abort());
  await bench.settle();
  expect(polled.answer).toMatchObject({ bytes: 0 });
  expect(bench.asked).toEqual([]);
});

test('a fetch in line whose memory is wanted gives it back after a second', async () => {
  const bench = await full();
  const decoded = new DecodedMemory(4 * 1024 * 1024, bench.time.clockOf(0));
  const large = () => decoded.admit(0, 4_000, never, () => expect.unreachable());
  const share = large() as DecodedShare;
  const polled = bench.fetch(never, share.crowded());
  await bench.settle();
  expect(bench.line.waitingCount).toBe(1);
  const next = large() as Promise<DecodedShare>;
  // At once it would only come back.
  await bench.passTo(999);
  expect(bench.line.waitingCount).toBe(1);
  await bench.passTo(1_000);
  expect(polled.answer).toMatchObject({ bytes: 0, partitions: [{ error: 0 }] });
  expect(bench.line.waitingCount).toBe(0);
  share.release();
  (await next).release();
  expect(bench.asked).toEqual([]);
});

test('a fetch whose memory is wanted reads all the same when there is no line', async () => {
  const bench = new Bench();
  bench.fetch(never, AbortSignal.abort());
  await bench.settle();
  expect(bench.asked).toEqual(['load']);
});
