// What is tried again, how often and after what waits.
import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../../../src/objects/drivers/memory.js';
import { RetryingStore, type RetryOptions } from '../../../src/objects/retry.js';
import { type Store, StoreError, type StoreFault } from '../../../src/objects/store.js';
import { SeededRandom } from '../../simulation/random.js';
import { VirtualTime } from '../../simulation/virtual-time.js';

type Call = 'get' | 'put' | 'create' | 'swap' | 'delete' | 'list';
const calls: Readonly<Record<Call, (store: Store) => Promise<unknown>>> = {
  get: (store) => store.get('there'),
  put: (store) => store.put('new', []),
  create: (store) => store.put('new', [], { ifNoneMatch: '*' }),
  swap: (store) => store.put('there', [], { ifMatch: '1' }),
  delete: (store) => store.delete('there'),
  list: async (store) => {
    for await (const _ of store.list('')) break;
  },
};

/** Fails the first `failures` calls. */
class Failing extends MemoryStore {
  readonly triesAtMs: number[] = [];
  readonly #fault: StoreFault | 'bug';
  readonly #failures: number;
  readonly #time: VirtualTime;
  constructor(fault: StoreFault | 'bug', failures: number, time: VirtualTime) {
    super();
    this.#fault = fault;
    this.#failures = failures;
    this.#time = time;
  }
  #fail(): void {
    this.triesAtMs.push(this.#time.nowMs);
    if (this.triesAtMs.length > this.#failures) return;
    throw this.#fault === 'bug' ? new TypeError('a bug') : new StoreError(this.#fault, 'key', 'as told');
  }
  override async get(...given: Parameters<MemoryStore['get']>) {
    this.#fail();
    return super.get(...given);
  }
  override async put(...given: Parameters<MemoryStore['put']>) {
    this.#fail();
    return super.put(...given);
  }
  override async delete(key: string) {
    this.#fail();
    return super.delete(key);
  }
  override async *list(prefix: string) {
    this.#fail();
    yield* super.list(prefix);
  }
}

async function attempt(call: Call, fault: StoreFault | 'bug', failures: number, options?: RetryOptions, seed = 1) {
  const time = new VirtualTime();
  const failing = new Failing(fault, failures, time);
  await MemoryStore.prototype.put.call(failing, 'there', []);
  const store = new RetryingStore(
    failing,
    { random: new SeededRandom(seed), timers: time.timersOf(() => true) },
    options,
  );
  let outcome: unknown;
  void calls[call](store).then(
    () => {
      outcome = 'done';
    },
    (error: unknown) => {
      outcome = error;
    },
  );
  await time.run(() => outcome !== undefined, 1e9);
  return { outcome, triesAtMs: failing.triesAtMs };
}

const every = Object.keys(calls) as Call[];
const table: readonly { readonly fault: StoreFault | 'bug'; readonly again: readonly Call[] }[] = [
  { fault: 'unavailable', again: every },
  { fault: 'unknown', again: ['put', 'delete'] },
  { fault: 'precondition-failed', again: [] },
  { fault: 'not-found', again: [] },
  { fault: 'denied', again: [] },
  { fault: 'full', again: [] },
  { fault: 'bug', again: [] },
];

describe.each(table)('after $fault', ({ fault, again }) => {
  test.each(every)('%s', async (call) => {
    const { outcome, triesAtMs } = await attempt(call, fault, 2);
    if (again.includes(call)) {
      expect(outcome).toBe('done');
      expect(triesAtMs).toHaveLength(3);
    } else {
      expect(outcome).toMatchObject(fault === 'bug' ? { message: 'a bug' } : { fault });
      expect(triesAtMs).toHaveLength(1);
    }
  });
});

test('tries are limited, and the last failure is told', async () => {
  const { outcome, triesAtMs } = await attempt('get', 'unavailable', 100, { triesMax: 4 });
  expect(outcome).toMatchObject({ fault: 'unavailable' });
  expect(triesAtMs).toHaveLength(4);
});

test('waits are spread over all of a time that doubles up to its limit', async () => {
  const limitsMs = [100, 200, 400, 800, 1000, 1000];
  const shares: number[][] = limitsMs.map(() => []);
  for (let seed = 0; seed < 300; seed += 1) {
    const options = { triesMax: 7, delayMsFirst: 100, delayMsMax: 1000 };
    const { triesAtMs } = await attempt('get', 'unavailable', 100, options, seed);
    for (const [i, limitMs] of limitsMs.entries()) shares[i]!.push((triesAtMs[i + 1]! - triesAtMs[i]!) / limitMs);
  }
  for (const share of shares) {
    expect(Math.min(...share)).toBeLessThan(0.05);
    expect(Math.max(...share)).toBeGreaterThan(0.95);
    expect(Math.max(...share)).toBeLessThan(1);
  }
});

test('a wait ends when the caller gives up', async () => {
  const time = new VirtualTime();
  const failing = new Failing('unavailable', 100, time);
  const world = { random: new SeededRandom(1), timers: time.timersOf(() => true) };
  const store = new RetryingStore(failing, world, { delayMsFirst: 1000, delayMsMax: 1000 });
  const given = new AbortController();
  const asked = expect(store.get('a', { signal: given.signal })).rejects.toMatchObject({ fault: 'unavailable' });
  await time.run(() => failing.triesAtMs.length === 1, 0);
  given.abort();
  await asked;
  expect(await time.run(() => false, 1e9)).toBe('idle');
  expect(failing.triesAtMs).toHaveLength(1);
});

test('a listing that breaks off after its first key is told, not begun anew', async () => {
  class BreaksOff extends MemoryStore {
    override async *list() {
      yield { key: 'a', bytes: 1 };
      throw new StoreError('unavailable', '', 'as told');
    }
  }
  const time = new VirtualTime();
  const store = new RetryingStore(new BreaksOff(), { random: new SeededRandom(1), timers: time.timersOf(() => true) });
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { key } of store.list('')) seen.push(key);
  })();
  await expect(reading).rejects.toMatchObject({ fault: 'unavailable' });
  expect(seen).toEqual(['a']);
});
