// The bucket of the simulator: it fails in every way that it should, in none that it should not, and the same way again.
import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../../src/objects/drivers/memory.js';
import { type Store, StoreError } from '../../src/objects/store.js';
import { type AppliedWrite, calm, FaultyBucket, type Weather } from './faulty-store.js';
import { SeededRandom } from './random.js';
import { VirtualTime } from './virtual-time.js';

const requestMsMax = 1_000;
const storm: Weather = { ...calm, slow: 0.1, unavailable: 0.1, unknown: 0.2, damaged: 0.2 };

interface Asked {
  readonly what: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly outcome: string;
}

/** One process that writes and reads, one request after the other. */
async function run(seed: number, weather: Weather, requests = 300) {
  const time = new VirtualTime();
  const inner = new MemoryStore();
  const applied: AppliedWrite[] = [];
  const bucket = new FaultyBucket(inner, time, new SeededRandom(seed), {
    requestMsMax,
    onApplied: (write) => applied.push(write),
  });
  bucket.weather = weather;
  const store = bucket.storeOf(() => true);
  const asked: Asked[] = [];
  const ask = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const startMs = time.nowMs;
    const outcome = await work().then(
      () => 'done',
      (error: unknown) => (error instanceof StoreError ? error.fault : Promise.reject(error)),
    );
    asked.push({ what, startMs, endMs: time.nowMs, outcome });
  };
  let over = false;
  void (async () => {
    await inner.put('whole', [new Uint8Array(50).fill(1)]);
    for (let i = 0; i < requests; i += 1) {
      const body = new Uint8Array(10).fill(i);
      await ask(`put ${i}`, () => store.put(`put/${i}`, [body], { ifNoneMatch: '*' }));
      // The memory is the caller's again.
      body.fill(255);
      await ask(`get ${i}`, async () => {
        const { bytes } = await store.get('whole');
        expect(bytes).toEqual(new Uint8Array(50).fill(1));
      });
    }
    over = true;
  })();
  expect(await time.run(() => over, 1e9)).toBe('done');
  expect(await time.run(() => false, 1e9)).toBe('idle');
  return { asked, applied, met: bucket.met, inner };
}

test('calm weather does what it is told', async () => {
  const { asked, applied } = await run(1, calm);
  expect(new Set(asked.map(({ outcome }) => outcome))).toEqual(new Set(['done']));
  expect(applied).toHaveLength(300);
  expect(applied.every(({ late }) => !late)).toBe(true);
});

test('a storm brings every outcome, and each means what it says', async () => {
  const { asked, applied, met } = await run(2, storm);
  const writes = new Map(applied.map((write) => [write.key, write]));
  expect(writes.size).toBe(applied.length);
  const seen = new Set<string>();
  for (const { what, startMs, endMs, outcome } of asked) {
    expect(endMs - startMs).toBeLessThanOrEqual(requestMsMax + 20);
    const [kind, number] = what.split(' ');
    if (kind === 'get') {
      seen.add(`get ${outcome}`);
      continue;
    }
    const write = writes.get(`put/${number}`);
    seen.add(
      `put ${outcome}${outcome !== 'unknown' ? '' : write === undefined ? ' never' : write.late ? ' late' : ' early'}`,
    );
    if (outcome === 'done') expect(write).toMatchObject({ late: false, outcome: 'done' });
    if (outcome === 'unavailable') expect(write).toBeUndefined();
    if (write === undefined) continue;
    expect(write.bytes).toEqual(new Uint8Array(10).fill(Number(number)));
    expect(write.atMs - startMs).toBeLessThanOrEqual(3 * requestMsMax);
    expect(write.late).toBe(write.atMs > endMs);
  }
  expect([...seen].sort()).toEqual([
    'get done',
    'get unavailable',
    'put done',
    'put unavailable',
    'put unknown early',
    'put unknown late',
    'put unknown never',
  ]);
  expect(met.get('flipped')).toBeUndefined();
});

test('the same seed brings the same storm, another seed another', async () => {
  const [one, two, other] = [await run(3, storm), await run(3, storm), await run(4, storm)];
  expect(two.asked).toEqual(one.asked);
  expect(two.applied).toEqual(one.applied);
  expect(other.asked).not.toEqual(one.asked);
});

/** A bucket with one object of zeroes, and a process that may die. */
async function oneObject(
  weather: Weather,
  work: (store: Store, kill: () => void, bucket: FaultyBucket) => Promise<void>,
) {
  const time = new VirtualTime();
  const inner = new MemoryStore();
  await inner.put('zeroes', [new Uint8Array(64)]);
  const applied: AppliedWrite[] = [];
  const onApplied = (write: AppliedWrite) => applied.push(write);
  const bucket = new FaultyBucket(inner, time, new SeededRandom(5), { requestMsMax, onApplied });
  bucket.weather = weather;
  let alive = true;
  let outcome: unknown = 'nothing';
  const kill = () => {
    alive = false;
  };
  work(
    bucket.storeOf(() => alive),
    kill,
    bucket,
  ).then(
    () => {
      outcome = 'done';
    },
    (error: unknown) => {
      outcome = error;
    },
  );
  expect(await time.run(() => false, 1e9)).toBe('idle');
  return { outcome, applied };
}

test('parts of an object come cut or with one bit flipped', async () => {
  const seen = new Set<string>();
  const { outcome } = await oneObject({ ...calm, damaged: 1 }, async (store) => {
    for (let i = 0; i < 50; i += 1) {
      const into = new Uint8Array(32).fill(255);
      const range = { position: 16, length: 32 };
      const asked = await store.get('zeroes', { range, into }).catch((error: StoreError) => error);
      if (asked instanceof StoreError) seen.add(asked.fault);
      else {
        const bits = into.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
        expect(bits).toBe(1);
        seen.add('flipped');
      }
    }
  });
  expect(outcome).toBe('done');
  expect(seen).toEqual(new Set(['unavailable', 'flipped']));
});

describe('a process that dies', () => {
  test('gets no answer, but what it sent is done', async () => {
    const { outcome, applied } = await oneObject(calm, async (store, kill) => {
      const asked = store.put('new', [new Uint8Array(1)]);
      kill();
      await asked;
    });
    expect(outcome).toBe('nothing');
    expect(applied).toMatchObject([{ key: 'new', outcome: 'done', late: true }]);
  });

  test('reads and lists nothing more', async () => {
    for (const ask of [
      (store: Store) => store.get('zeroes'),
      async (store: Store) => {
        for await (const _ of store.list(''));
      },
    ]) {
      const { outcome } = await oneObject(calm, async (store, kill) => {
        const asked = ask(store);
        kill();
        await asked;
      });
      expect(outcome).toBe('nothing');
    }
  });
});

test('a full bucket takes nothing, and takes again', async () => {
  const { outcome } = await oneObject(calm, async (store, _kill, bucket) => {
    bucket.full = true;
    await expect(store.put('new', [])).rejects.toMatchObject({ fault: 'full' });
    await store.delete('zeroes');
    bucket.full = false;
    await store.put('new', []);
  });
  expect(outcome).toBe('done');
});
