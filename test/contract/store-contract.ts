import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeStore } from '../../src/objects/probe.js';
import { type PutOptions, type Store, StoreError, type StoreFault } from '../../src/objects/store.js';
import { realClock, realRandom, realTimers } from '../../src/world/real.js';

export interface OpenedStore {
  readonly store: Store;
  close(): Promise<void>;
}

/** What every store promises (src/objects/store.ts). */
export function storeContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(name, () => {
    let opened: OpenedStore;
    let store: Store;
    let keys = 0;
    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(() => opened?.close());
    const fresh = (): string => `weft/data/1/${++keys}`;
    const put = (key: string, body: string, options?: PutOptions) => store.put(key, [text(body)], options);
    const read = async (key: string): Promise<string> => Buffer.from((await store.get(key)).bytes).toString();

    describe('an object', () => {
      const bodies: readonly { readonly what: string; readonly slices: readonly Uint8Array[] }[] = [
        { what: 'of nothing', slices: [] },
        { what: 'of an empty slice', slices: [new Uint8Array(0)] },
        { what: 'of one slice', slices: [text('one')] },
        { what: 'of several slices', slices: [text('one'), text(''), text('two'), pattern(70_000)] },
        { what: 'in shared memory', slices: [shared(300_000).subarray(5, 200_000), shared(1_000)] },
        { what: 'of 5 MB', slices: [pattern(5_000_000)] },
      ];
      test.each(bodies)('$what is read as it was written', async ({ slices }) => {
        const key = fresh();
        const { version } = await store.put(key, slices, { ifNoneMatch: '*' });
        const object = await store.get(key);
        expect(Buffer.compare(object.bytes, Buffer.concat(slices))).toBe(0);
        expect(object.version).toBe(version);
      });

      test('longer than one request takes comes back whole, and is created once', async () => {
        const key = fresh();
        const slices = [pattern(9_000_001), shared(9_000_001), pattern(1)];
        const { version } = await store.put(key, slices, { ifNoneMatch: '*' });
        const object = await store.get(key);
        expect(Buffer.compare(object.bytes, Buffer.concat(slices))).toBe(0);
        expect(object.version).toBe(version);
        await refused('precondition-failed', store.put(key, [pattern(17_000_000)], { ifNoneMatch: '*' }));
        expect((await store.get(key)).bytes).toHaveLength(18_000_003);
      });

      test('that nobody will replace by its version is created once all the same', async () => {
        const key = fresh();
        await store.put(key, [text('one')], { ifNoneMatch: '*', unversioned: true });
        await refused('precondition-failed', store.put(key, [text('two')], { ifNoneMatch: '*', unversioned: true }));
        const { bytes, version } = await store.get(key);
        expect(Buffer.from(bytes).toString()).toBe('one');
        await store.put(key, [text('three')], { ifMatch: version });
      });

      test('is read whole all the same where nobody will compare its version', async () => {
        const key = fresh();
        await put(key, 'one');
        expect(Buffer.from((await store.get(key, { unversioned: true })).bytes).toString()).toBe('one');
        await refused('not-found', store.get(fresh(), { unversioned: true }));
      });

      test('is named by a key of plain parts', async () => {
        for (const key of ['', '/a', 'a/', 'a//b', 'a/../b', './a', 'a b', 'ä', 'a\0', '.a', 'a/.b']) {
          await expect(store.put(key, [])).rejects.toThrow(RangeError);
        }
      });
    });

    describe('a part of an object', () => {
      test('lands where it is wanted', async () => {
        const key = fresh();
        await put(key, '0123456789');
        const range = { position: 3, length: 4 };
        expect(Buffer.from((await store.get(key, { range })).bytes).toString()).toBe('3456');
        const memory = shared(8).fill(0);
        const into = memory.subarray(2, 6);
        expect((await store.get(key, { range, into })).bytes).toBe(into);
        expect([...memory]).toEqual([0, 0, ...text('3456'), 0, 0]);
      });

      test('a whole object lands where it is wanted', async () => {
        const key = fresh();
        await put(key, '0123');
        const into = shared(4);
        expect((await store.get(key, { into })).bytes).toBe(into);
        expect(Buffer.from(into).toString()).toBe('0123');
      });

      test.each([
        { position: 8, length: 4 },
        { position: 10, length: 1 },
        { position: 100, length: 5 },
      ])('beyond the end is not found: $position + $length', async (range) => {
        const key = fresh();
        await put(key, '0123456789');
        await refused('not-found', store.get(key, { range }));
      });

      test('does not go into memory of another length', async () => {
        const key = fresh();
        await put(key, '0123456789');
        const range = { position: 0, length: 4 };
        await expect(store.get(key, { range, into: new Uint8Array(3) })).rejects.toThrow(RangeError);
      });
    });

    describe('creating only', () => {
      test('succeeds once', async () => {
        const key = fresh();
        await put(key, 'first', { ifNoneMatch: '*' });
        await refused('precondition-failed', put(key, 'second', { ifNoneMatch: '*' }));
        expect(await read(key)).toBe('first');
      });

      test('has one winner among many at once, whose bytes are there', async () => {
        for (let round = 0; round < 5; round += 1) {
          const key = fresh();
          const creates = Array.from({ length: 16 }, (_, i) => put(key, `racer ${i}`, { ifNoneMatch: '*' }));
          const outcomes = await Promise.allSettled(creates);
          const winners = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [`racer ${i}`] : []));
          expect(winners).toEqual([await read(key)]);
          for (const outcome of outcomes) if (outcome.status === 'rejected') expectLost(outcome.reason);
        }
      });

      test('is possible again after a deletion', async () => {
        const key = fresh();
        await put(key, 'first', { ifNoneMatch: '*' });
        await store.delete(key);
        await put(key, 'second', { ifNoneMatch: '*' });
        expect(await read(key)).toBe('second');
      });
    });

    describe('replacing a version', () => {
      test('succeeds once for each', async () => {
        const key = fresh();
        const first = await put(key, 'first');
        const second = await put(key, 'second', { ifMatch: first.version });
        expect(second.version).not.toBe(first.version);
        await refused('precondition-failed', put(key, 'third', { ifMatch: first.version }));
        expect(await read(key)).toBe('second');
        await put(key, 'third', { ifMatch: (await store.get(key)).version });
        expect(await read(key)).toBe('third');
      });

      test('needs an object', async () => {
        const other = await put(fresh(), 'other');
        const key = fresh();
        await refused('precondition-failed', put(key, 'first', { ifMatch: other.version }));
        await refused('not-found', store.get(key));
      });

      test('has one winner among many at once', async () => {
        const key = fresh();
        let { version } = await put(key, 'start');
        for (let round = 0; round < 5; round += 1) {
          const swaps = Array.from({ length: 8 }, (_, i) => put(key, `swap ${round}.${i}`, { ifMatch: version }));
          const outcomes = await Promise.allSettled(swaps);
          const winners = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [`swap ${round}.${i}`] : []));
          expect(winners).toEqual([await read(key)]);
          for (const outcome of outcomes) if (outcome.status === 'rejected') expectLost(outcome.reason);
          ({ version } = await store.get(key));
        }
      });

      test('without a condition always succeeds', async () => {
        const key = fresh();
        await put(key, 'first');
        await put(key, 'second');
        expect(await read(key)).toBe('second');
      });
    });

    test('an object that is not there is not found, and may be deleted', async () => {
      const key = fresh();
      await refused('not-found', store.get(key));
      await store.delete(key);
      await put(key, 'there');
      await store.delete(key);
      await refused('not-found', store.get(key));
    });

    test('a listing gives every key below its prefix, with its size', async () => {
      const written = new Map<string, number>();
      for (let i = 0; i < 25; i += 1) {
        const key = `weft/listing/${i % 3}/${i}`;
        await store.put(key, [pattern(i)]);
        written.set(key, i);
      }
      await put('weft/listing-not/1', 'x');
      await put('weft/listing2', 'x');
      expect(await listed(store, 'weft/listing/')).toEqual(written);
      expect([...(await listed(store, 'weft/listing/2/')).values()].sort((a, b) => a - b)).toEqual([
        2, 5, 8, 11, 14, 17, 20, 23,
      ]);
      expect(await listed(store, 'weft/nothing/')).toEqual(new Map());
      await store.delete('weft/listing/0/0');
      written.delete('weft/listing/0/0');
      expect(await listed(store, 'weft/listing/')).toEqual(written);
      expect((await listed(store, '')).get('weft/listing2')).toBe(1);
    });

    test('the probe passes and leaves nothing', async () => {
      await probeStore(store, 'probed', { clock: realClock, random: realRandom, timers: realTimers });
      expect(await listed(store, 'probed/')).toEqual(new Map());
    });
  });
}

export async function refused(fault: StoreFault, asked: Promise<unknown>): Promise<StoreError> {
  const outcome = await asked.then(
    () => 'done',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(StoreError);
  expect((outcome as StoreError).fault, (outcome as StoreError).message).toBe(fault);
  return outcome as StoreError;
}

export async function listed(store: Store, prefix: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { key, bytes } of store.list(prefix)) {
    expect(found.has(key)).toBe(false);
    found.set(key, bytes);
  }
  return found;
}

/** A race may also be lost to the store's own conflict. */
function expectLost(error: unknown): void {
  expect(error).toBeInstanceOf(StoreError);
  expect(['precondition-failed', 'unavailable']).toContain((error as StoreError).fault);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function pattern(length: number): Uint8Array {
  return new Uint8Array(length).map((_, i) => (i * 31 + (i >> 8)) & 0xff);
}

function shared(length: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  bytes.set(pattern(length));
  return bytes;
}
