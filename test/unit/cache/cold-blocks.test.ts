import { expect, test } from 'vitest';
import { BlockMemory } from '../../../src/cache/block-memory.js';
import { BlockUnavailable, type Reading, type ReadRequest } from '../../../src/cache/blocks.js';
import { ColdBlocks } from '../../../src/cache/cold-blocks.js';
import { FetchLink } from '../../../src/cache/fetch-link.js';
import type { FetchWorkerInit } from '../../../src/cache/messages.js';
import type { Extent } from '../../../src/metadata/view.js';
import { MemoryStore } from '../../../src/objects/drivers/memory.js';
import type { GetOptions } from '../../../src/objects/store.js';
import { BatchHeader } from '../../../src/records/header.js';
import { segmentKey } from '../../../src/segments/keys.js';
import { Shares } from '../../../src/telemetry/counters.js';
import { run } from '../../../workers/fetch/run.js';
import { LocalThreads } from '../../simulation/local-threads.js';
import { makeBatch } from '../ingest/make-batch.js';
import { VirtualWorld } from '../ingest/virtual-world.js';

const ARENA_BYTES = 64 * 1024;
const BLOCK_BYTES = 4 * 1024;
const TOPIC = 'AAAAAAAAAAAAAAAAAAAAAQ';

/** A store that says how much was read from it. */
class CountingStore extends MemoryStore {
  bytes = 0;
  override async get(key: string, options: GetOptions = {}) {
    const found = await super.get(key, options);
    this.bytes += found.bytes.length;
    return found;
  }
}

/** The main half and the worker half of cold reads, over a bucket in memory. */
class Bench {
  readonly world = new VirtualWorld();
  readonly store = new CountingStore();
  readonly link: FetchLink;
  readonly memory = new BlockMemory(ARENA_BYTES, 1024);
  readonly #cold: ColdBlocks;

  constructor() {
    const blocks = new SharedArrayBuffer(ARENA_BYTES);
    const threads = new LocalThreads(this.world, {
      fetch: (world, init: FetchWorkerInit, port) => run(world, init, port, { store: this.store }),
    });
    const init = { bucket: { kind: 'memory' as const }, blocks, telemetry: new Shares(1).take() };
    this.link = new FetchLink(() => threads.spawn('fetch', init));
    this.#cold = new ColdBlocks('c', blocks, this.memory, this.link, BLOCK_BYTES);
  }

  /** A segment of one extent: the values of its batches, and so many bytes each. */
  async segment(segment: number, values: readonly string[], batchBytes: number, baseOffset = 0): Promise<Extent> {
    const batches = values.map((value) => makeBatch({ values: [value.padEnd(batchBytes, '.')] }));
    const bytes = Buffer.concat(batches);
    await this.store.put(segmentKey('c', 1, segment), [bytes]);
    const { length } = bytes;
    return {
      agentEpoch: 1,
      segment,
      segmentBytes: length,
      position: 0,
      length,
      baseOffset,
      records: values.length,
      maxTimestamp: 0,
    };
  }

  async read(
    wanted: readonly { readonly extents: readonly Extent[]; readonly offset: number }[],
    bytesMax: number,
    signal = new AbortController().signal,
  ) {
    const requests = wanted.map(({ extents, offset }, partition) => {
      const request: ReadRequest = { topicId: TOPIC, partition, offset, bytesMax, atLeastOne: true };
      return { request, extents };
    });
    return this.settled(this.#cold.read(requests, bytesMax, { signal, crowded: undefined }));
  }

  async settled<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => {});
    await this.world.pass(1_000);
    return promise;
  }
}

const names = Array.from({ length: 100 }, (_, n) => `value-${n}`);

test('an extent larger than the whole cold arena is read to its end, in order', async () => {
  const bench = new Bench();
  const extent = await bench.segment(1, names, 1_500);
  expect(extent.length).toBeGreaterThan(2 * ARENA_BYTES);
  const offsets: number[] = [];
  for (let offset = 0; offset < names.length; ) {
    const [reading] = await bench.read([{ extents: [extent], offset }], 10_000);
    if (reading === undefined || reading instanceof BlockUnavailable)
      throw new Error(`nothing at ${offset}: ${reading}`);
    const bytes = Buffer.concat(reading.slices);
    for (let at = 0; at < bytes.length; at += new BatchHeader(bytes, at).bytes) {
      offsets.push(new BatchHeader(bytes, at).baseOffset);
    }
    expect(reading.nextOffset).toBe(offsets.at(-1)! + 1);
    offset = reading.nextOffset;
    reading.release();
  }
  expect(offsets).toEqual(names.map((_, n) => n));
});

test('a large extent whose batches do not add up, or that is gone, is unavailable and nothing else is', async () => {
  const bench = new Bench();
  const whole = await bench.segment(1, names, 1_500);
  const short = await bench.segment(2, ['a', 'b'], 100);
  const results = await bench.read(
    [
      { extents: [{ ...whole, records: 99 }], offset: 0 },
      { extents: [{ ...whole, segment: 9 }], offset: 0 },
      { extents: [short], offset: 1 },
    ],
    10_000,
  );
  expect(results.map((result) => result instanceof BlockUnavailable)).toEqual([true, true, false]);
});

/** How the third segment's extent is lost. */
const losses: readonly [string, (bench: Bench, last: Extent, bytes: Buffer) => Promise<Extent>][] = [
  [
    'damaged',
    async (bench, last, bytes) => {
      bytes[bytes.length - 1]! ^= 1;
      await bench.store.put(segmentKey('c', 1, 3), [bytes]);
      return last;
    },
  ],
  [
    'missing',
    async (bench, last) => {
      await bench.store.delete(segmentKey('c', 1, 3));
      return last;
    },
  ],
  [
    'too large to be read at once, and nobody knows where to cut it',
    async (bench, last) => {
      await bench.store.delete(segmentKey('c', 1, 3));
      return { ...last, segmentBytes: 2 * ARENA_BYTES, length: 2 * ARENA_BYTES };
    },
  ],
];
test.each(losses)('what comes before an extent is served though that one is %s', async (_what, lose) => {
  const bench = new Bench();
  const all = await Promise.all([0, 2, 4].map((base, n) => bench.segment(n + 1, ['a', 'b'], 1_000, base)));
  const { bytes } = await bench.store.get(segmentKey('c', 1, 3));
  const extents = [all[0]!, all[1]!, await lose(bench, all[2]!, Buffer.from(bytes))];
  const [before] = await bench.read([{ extents, offset: 1 }], 100_000);
  expect(before).toMatchObject({ nextOffset: 4 });
  const reading = before as Reading;
  expect(Buffer.concat(reading.slices).length).toBe(reading.bytes);
  reading.release();
  const rest = [{ extents: extents.slice(2), offset: 4 }];
  expect(await bench.read(rest, 100_000)).toEqual([expect.any(BlockUnavailable)]);
  await bench.store.put(segmentKey('c', 1, 3), [bytes]);
  expect(await bench.read([{ extents: [all[2]!], offset: 4 }], 100_000)).toMatchObject([{ nextOffset: 6 }]);
});

test('nothing is loaded that the byte limit leaves no room for', async () => {
  const bench = new Bench();
  const extents = [await bench.segment(1, ['a'], 3_000), await bench.segment(2, ['b'], 3_000)];
  const wanted = extents.map((extent) => ({ extents: [extent], offset: 0 }));
  const results = await bench.read(wanted, 3_000);
  expect(results.map((result) => result !== undefined)).toEqual([true, false]);
  expect(bench.store.bytes).toBe(extents[0]!.length);
});

test.each([0, -2_000])(
  'the first request is read, one batch of it, even when the limit leaves %i bytes',
  async (bytesMax) => {
    const bench = new Bench();
    const extents = [await bench.segment(1, ['a', 'b'], 1_000), await bench.segment(2, ['c'], 1_000)];
    const wanted = extents.map((extent) => ({ extents: [extent], offset: 0 }));
    const results = await bench.read(wanted, bytesMax);
    expect(results).toMatchObject([{ nextOffset: 1 }, undefined]);
    expect(bench.store.bytes).toBe(extents[0]!.length);
  },
);

test('who is gone when its turn comes has nothing loaded, and gives the room back', async () => {
  const bench = new Bench();
  const wanted = [{ extents: [await bench.segment(1, ['a'], 1_000)], offset: 0 }];
  expect(await bench.read(wanted, 1_000, AbortSignal.abort())).toEqual([undefined]);
  expect(bench.store.bytes).toBe(0);
  expect(await bench.memory.admit(ARENA_BYTES, { signal: AbortSignal.abort(), crowded: undefined })).toBe(true);
});

test('a record is found by its time in an extent that is looked through in parts', async () => {
  const bench = new Bench();
  const times = [10, 20, 90, 40, 50, 60, 70, 80, 30, 85];
  const batches = times.map((timestampMs) => makeBatch({ values: ['x'.repeat(1_000_000)], timestampMs }));
  const bytes = Buffer.concat(batches);
  await bench.store.put(segmentKey('c', 1, 3), [bytes]);
  const extent = { key: segmentKey('c', 1, 3), position: 0, length: bytes.length, baseOffset: 50, records: 10 };
  const find = (timestampMs: number | 'max', from = 0) => bench.settled(bench.link.find(extent, timestampMs, from));
  expect(await find('max')).toEqual({ offset: 52, timestampMs: 90 });
  expect(await find(15)).toEqual({ offset: 51, timestampMs: 20 });
  expect(await find(90)).toEqual({ offset: 52, timestampMs: 90 });
  expect(await find(91)).toBeUndefined();
  expect(await find('max', 53)).toEqual({ offset: 59, timestampMs: 85 });
  expect(await find(15, 59)).toEqual({ offset: 59, timestampMs: 85 });
});

test('of parts, too, the last one may have the record', async () => {
  const bench = new Bench();
  const batches = Array.from({ length: 12 }, (_, n) => makeBatch({ values: ['x'.repeat(900_000)], timestampMs: n }));
  const bytes = Buffer.concat(batches);
  await bench.store.put(segmentKey('c', 1, 3), [bytes]);
  const extent = { key: segmentKey('c', 1, 3), position: 0, length: bytes.length, baseOffset: 0, records: 12 };
  expect(await bench.settled(bench.link.find(extent, 'max', 0))).toEqual({ offset: 11, timestampMs: 11 });
});
