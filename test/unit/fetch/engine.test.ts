import { expect, test } from 'vitest';
import { type BlockReader, BlockUnavailable, type Reading } from '../../../src/cache/blocks.js';
import type { FetchLink } from '../../../src/cache/fetch-link.js';
import type { MetadataClient } from '../../../src/cluster/metadata-client.js';
import { Fetcher } from '../../../src/fetch/engine.js';
import type { Changes } from '../../../src/metadata/outcomes.js';
import { VirtualTime } from '../../simulation/virtual-time.js';

const TOPIC = 'AAAAAAAAAAAAAAAAAAAAAQ';

/** One partition whose bytes the test hands out; the clock is virtual. */
class Bench {
  readonly time = new VirtualTime();
  highWatermark = 10;
  logStartOffset = 0;
  fresh: Promise<void> = Promise.resolve();
  memory: BlockReader['readMemory'] = () => undefined;
  cold: BlockReader['readCold'] = async (requests) => requests.map(() => undefined);
  /** Readings that nobody has released. */
  pinned = 0;
  #applied: (revision: number, changes: Changes) => void = () => {};
  readonly #engine: Fetcher;

  constructor() {
    const partition = () => {
      const { logStartOffset, highWatermark } = this;
      return { logStartOffset, highWatermark, bytes: 0 };
    };
    const view = {
      topicById: () => ({ topicId: TOPIC, name: 't', configs: new Map(), partitions: [partition(), partition()] }),
    };
    const metadata = {
      view,
      fresh: () => this.fresh,
      onApplied: (listener: (revision: number, changes: Changes) => void) => {
        this.#applied = listener;
      },
    };
    this.#engine = new Fetcher({
      cluster: 'c',
      metadata: metadata as unknown as MetadataClient,
      blocks: { readMemory: (request) => this.memory(request), readCold: (...asked) => this.cold(...asked) },
      link: {} as FetchLink,
      timers: this.time.timersOf(() => true),
      onUnavailable: () => {},
      onRead: () => {},
    });
  }

  reading(bytes: number, nextOffset = this.highWatermark): Reading {
    this.pinned += 1;
    const release = (): void => {
      this.pinned -= 1;
    };
    return { slices: [new Uint8Array(bytes)], bytes, nextOffset, place: 'memory', release };
  }

  advance(): void {
    const advanced = [{ topicId: TOPIC, partition: 0 }];
    this.#applied(1, { deletedTopics: [], advanced, groups: new Set(), agentsChanged: false } as unknown as Changes);
  }

  /** Bytes of both partitions, the first one named first. */
  async fetchBoth(bytesMin = 1): Promise<readonly number[]> {
    const partitions = [0, 1].map((partition) => ({ topicId: TOPIC, partition, offset: 0, bytesMax: 1000 }));
    const request = { waitMaxMs: 500, bytesMin, bytesMax: 1000, partitions };
    const answer = await this.#engine.fetch(request, new AbortController().signal);
    answer.release();
    return answer.partitions.map(({ bytes }) => bytes);
  }

  /** The answer and when it came, in virtual ms. */
  async fetch(
    offset: number,
    waitMaxMs: number,
    bytesMin = 1,
  ): Promise<{ readonly atMs: number; readonly error: number; readonly bytes: number }> {
    let answered: { atMs: number; error: number; bytes: number } | undefined;
    const partitions = [{ topicId: TOPIC, partition: 0, offset, bytesMax: 1000 }];
    void this.#engine
      .fetch({ waitMaxMs, bytesMin, bytesMax: 1000, partitions }, new AbortController().signal)
      .then((answer) => {
        answered = { atMs: this.time.nowMs, error: answer.partitions[0]!.error, bytes: answer.bytes };
        answer.release();
      });
    await this.time.run(() => answered !== undefined, 60_000);
    return answered!;
  }
}

test('bytes in memory are answered at once', async () => {
  const bench = new Bench();
  bench.memory = () => bench.reading(50);
  expect(await bench.fetch(0, 500)).toEqual({ atMs: 0, error: 0, bytes: 50 });
  expect(bench.pinned).toBe(0);
});

test('nothing new is answered at the end of the long poll, an advance wakes it', async () => {
  const bench = new Bench();
  expect(await bench.fetch(10, 500)).toEqual({ atMs: 500, error: 0, bytes: 0 });
  bench.time.after(100, () => {
    bench.highWatermark = 11;
    bench.memory = () => bench.reading(7);
    bench.advance();
  });
  expect(await bench.fetch(10, 500)).toEqual({ atMs: 600, error: 0, bytes: 7 });
});

test('fewer bytes than asked for wait, and are answered at the end', async () => {
  const bench = new Bench();
  bench.memory = () => bench.reading(50);
  expect(await bench.fetch(0, 300, 51)).toEqual({ atMs: 300, error: 0, bytes: 50 });
});

test('bytes that only the store has are read although the client does not wait', async () => {
  const bench = new Bench();
  bench.memory = () => 'cold';
  bench.cold = async () => [bench.reading(9)];
  expect(await bench.fetch(0, 0)).toEqual({ atMs: 0, error: 0, bytes: 9 });
});

test('an advance while the store is read ends the wait that follows', async () => {
  const bench = new Bench();
  bench.memory = () => 'cold';
  bench.cold = async () => {
    bench.highWatermark = 11;
    bench.memory = () => bench.reading(60);
    bench.advance();
    return [bench.reading(9)];
  };
  expect(await bench.fetch(0, 500, 50)).toEqual({ atMs: 0, error: 0, bytes: 60 });
});

test('bytes that are never stamped hold a fetch no longer than its long poll and a moment', async () => {
  const bench = new Bench();
  bench.memory = () => new Promise(() => {});
  expect(await bench.fetch(0, 200)).toEqual({ atMs: 450, error: 0, bytes: 0 });
});

for (const [waitMaxMs, bytesMin] of [
  [0, 1],
  [0, 0],
  [30, 1],
  [500, 0],
] as const) {
  test(`bytes that are about to be stamped are in the answer that tells of them: wait ${waitMaxMs} ms, min bytes ${bytesMin}`, async () => {
    const bench = new Bench();
    let stamped: Promise<void> | undefined;
    bench.memory = () => {
      stamped ??= new Promise((resolve) => {
        bench.time.after(40, () => {
          bench.memory = () => bench.reading(7);
          resolve();
        });
      });
      return stamped;
    };
    expect(await bench.fetch(0, waitMaxMs, bytesMin)).toEqual({ atMs: 40, error: 0, bytes: 7 });
  });
}

test('an offset beyond the end is out of range only behind a fresh read; without a leader it waits', async () => {
  const bench = new Bench();
  expect(await bench.fetch(11, 500)).toMatchObject({ error: 1 });
  bench.fresh = new Promise(() => {});
  expect(await bench.fetch(11, 500)).toMatchObject({ atMs: bench.time.nowMs, error: 0, bytes: 0 });
});

test('what the store cannot give is tried once more, then a retriable error, never an empty answer', async () => {
  const bench = new Bench();
  let tries = 0;
  bench.memory = () => 'cold';
  bench.cold = async () => {
    tries += 1;
    return [new BlockUnavailable('gone')];
  };
  expect(await bench.fetch(0, 500)).toMatchObject({ error: 56, bytes: 0 });
  expect(tries).toBe(2);
});

test('records deleted while a fetch waits for more are out of range when it ends, and at the next advance', async () => {
  const bench = new Bench();
  bench.memory = () => bench.reading(50);
  bench.time.after(100, () => (bench.logStartOffset = 10));
  expect(await bench.fetch(3, 300, 51)).toEqual({ atMs: 300, error: 1, bytes: 0 });
  bench.logStartOffset = 0;
  bench.time.after(100, () => {
    bench.logStartOffset = 10;
    bench.highWatermark = 11;
    bench.advance();
  });
  expect(await bench.fetch(3, 300, 51)).toEqual({ atMs: 400, error: 1, bytes: 0 });
  expect(await bench.fetch(10, 0)).toMatchObject({ error: 0, bytes: 50 });
});

test('bytes that the store lacks because their records were deleted meanwhile are out of range, not unavailable', async () => {
  const bench = new Bench();
  bench.memory = () => 'cold';
  bench.cold = async () => {
    bench.logStartOffset = 10;
    return [new BlockUnavailable('gone')];
  };
  expect(await bench.fetch(3, 500)).toMatchObject({ error: 1, bytes: 0 });
});

test('a limit that lets no more bytes in ends the wait for more', async () => {
  const bench = new Bench();
  bench.memory = () => bench.reading(990, 5);
  expect(await bench.fetch(0, 500, 1000)).toEqual({ atMs: 0, error: 0, bytes: 990 });
  bench.memory = () => 'cold';
  bench.cold = async () => [bench.reading(64, 5)];
  expect(await bench.fetch(0, 500, 1000)).toEqual({ atMs: 0, error: 0, bytes: 64 });
});

test('a partition that only the store has gets its turn before one in memory that is named after it', async () => {
  const bench = new Bench();
  bench.memory = ({ partition }) => (partition === 0 ? 'cold' : bench.reading(1000));
  bench.cold = async () => [bench.reading(9)];
  expect(await bench.fetchBoth()).toEqual([9, 1000]);
  bench.memory = ({ partition }) => (partition === 1 ? 'cold' : bench.reading(1000));
  bench.cold = async () => expect.unreachable();
  expect(await bench.fetchBoth()).toEqual([1000, 0]);
  expect(bench.pinned).toBe(0);
});

for (const coldPartition of [0, 1]) {
  test(`nothing in memory is pinned while the store is read for partition ${coldPartition}, and it is in the answer`, async () => {
    const bench = new Bench();
    const asked: number[] = [];
    let pinnedMeanwhile: number | undefined;
    bench.memory = ({ partition }) => (partition === coldPartition ? 'cold' : bench.reading(50));
    bench.cold = async (_requests, bytesMax) => {
      asked.push(bytesMax);
      await Promise.resolve();
      pinnedMeanwhile = bench.pinned;
      return [bench.reading(9)];
    };
    expect(await bench.fetchBoth(51)).toEqual(coldPartition === 0 ? [9, 50] : [50, 9]);
    expect(pinnedMeanwhile).toBe(0);
    // The store is asked for no more than what memory left.
    expect(asked).toEqual([950]);
    expect(bench.pinned).toBe(0);
  });
}

test.each([
  ['left the memory', 'cold' as const, 0],
  ['is being stamped', new Promise<void>(() => {}), 0],
  ['was deleted', undefined, 5],
])('what %s while the store was read is not in the answer', async (_what, memory, logStartOffset) => {
  const bench = new Bench();
  bench.memory = ({ partition }) => (partition === 0 ? 'cold' : bench.reading(50));
  bench.cold = async () => {
    bench.memory = () => memory;
    bench.logStartOffset = logStartOffset;
    return [bench.reading(9)];
  };
  expect(await bench.fetchBoth()).toEqual([9, 0]);
  expect(bench.pinned).toBe(0);
});
