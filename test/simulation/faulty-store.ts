import {
  type GetOptions,
  type ListedObject,
  type PutOptions,
  type Store,
  StoreError,
  type StoredObject,
} from '../../src/objects/store.js';
import { untilGivenUp } from './give-up.js';
import type { SeededRandom } from './random.js';
import type { VirtualTime } from './virtual-time.js';

/** How requests fare. Chances are per request and exclude one another. */
export interface Weather {
  /** Between a request's start and its being done, and again until its answer, each. */
  readonly latencyMsMin: number;
  readonly latencyMsMax: number;
  /** Takes 0.3 to 3 times the request timeout instead. */
  readonly slow: number;
  /** Certainly not done. */
  readonly unavailable: number;
  /** Writes whose answer is lost: done, not done, or done as late as 3 times the request timeout. */
  readonly unknown: number;
  /** Reads that come cut or with a bit flipped. */
  readonly damaged: number;
}

export const calm: Weather = { latencyMsMin: 1, latencyMsMax: 10, slow: 0, unavailable: 0, unknown: 0, damaged: 0 };
export const unreachable: Weather = { ...calm, unavailable: 1 };

/** Some faults, often, others not at all: each storm is one of its own. */
export function stormOf(random: SeededRandom): Weather {
  const chance = (most: number): number => (random.chance(0.5) ? random.unit() * most : 0);
  return {
    latencyMsMin: 1,
    latencyMsMax: random.pick([2, 10, 60]),
    slow: chance(0.2),
    unavailable: chance(0.3),
    unknown: chance(0.3),
    damaged: chance(0.4),
  };
}

/** A write that was done, or met its condition failed, on the store itself. */
export interface AppliedWrite {
  readonly kind: 'put' | 'delete';
  readonly key: string;
  /** Of a put. */
  readonly bytes: Uint8Array;
  readonly options: PutOptions;
  readonly outcome: 'done' | 'refused';
  readonly atMs: number;
  /** Its writer has been told 'unknown', or is dead. */
  readonly late: boolean;
}

export interface FaultyBucketOptions {
  /** What the driver would wait for an answer: fault sizes are drawn relative to it. */
  readonly requestMsMax: number;
  /** Sees every write at the moment that it is done. */
  readonly onApplied?: (write: AppliedWrite) => void;
}

/**
 * A bucket behind a network, for the processes of a simulation. What a process sent goes on when it is dead; only the
 * answers stop. Reads of a whole object are never wrong, for the S3 driver checks them against the store's checksum and
 * says 'unavailable'; parts of an object may come with a flipped bit, which their reader must find.
 */
export class FaultyBucket {
  weather: Weather = calm;
  /** While true every put is refused: no space. */
  full = false;
  /** Requests by what became of them, to see that a run met what it should. */
  readonly met = new Map<string, number>();
  readonly #inner: Store;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #options: FaultyBucketOptions;

  constructor(inner: Store, time: VirtualTime, random: SeededRandom, options: FaultyBucketOptions) {
    this.#inner = inner;
    this.#time = time;
    this.#random = random;
    this.#options = options;
  }

  /** The bucket as one process sees it. */
  storeOf(alive: () => boolean): Store {
    const never = new Promise<never>(() => {});
    const guard = async <T>(asked: Promise<T>): Promise<T> => {
      try {
        const result = await asked;
        return alive() ? result : never;
      } catch (error) {
        return alive() ? Promise.reject(error) : never;
      }
    };
    const list = this.#list.bind(this);
    return {
      name: this.#inner.name,
      get: (key, options = {}) => guard(this.#get(key, options, alive)),
      put: (key, body, options = {}) => {
        // The caller may use its memory again once it has an answer; this write may come later.
        const bytes = joined(body);
        const { signal, ...rest } = options;
        const sent = this.#write({ kind: 'put', key, bytes, options: rest }, alive);
        return guard(untilGivenUp(sent, key, signal));
      },
      delete: async (key) => {
        await guard(this.#write({ kind: 'delete', key, bytes: nothing, options: {} }, alive));
      },
      async *list(prefix) {
        for (const object of await guard(list(prefix))) yield object;
      },
      close: async () => {},
    };
  }

  async #get(key: string, options: GetOptions, alive: () => boolean): Promise<StoredObject> {
    const fate = this.#fate('damaged');
    const latencyMs = this.#latencyMs(fate === 'slow');
    const answerMs = this.#latencyMs(false);
    await this.#pass(Math.min(latencyMs, this.#options.requestMsMax));
    if (latencyMs > this.#options.requestMsMax) throw this.#fault('unavailable', key, 'no answer in time');
    if (fate === 'unavailable') throw this.#fault('unavailable', key, 'the store said 503');
    const { into, ...rest } = options;
    const { bytes, version } = await this.#inner.get(key, rest);
    await this.#pass(answerMs);
    if (!alive()) return { bytes, version };
    const cut = fate === 'damaged' && (options.range === undefined || this.#random.chance(0.5));
    if (cut) {
      into?.set(bytes.subarray(0, this.#random.between(0, bytes.length)));
      throw this.#fault('unavailable', key, 'the answer was cut');
    }
    if (fate === 'damaged') this.#flip(bytes);
    if (into === undefined) return { bytes, version };
    if (into.length !== bytes.length) throw new RangeError(`${into.length} bytes cannot take ${bytes.length}`);
    into.set(bytes);
    return { bytes: into, version };
  }

  async #write(
    write: Pick<AppliedWrite, 'kind' | 'key' | 'bytes' | 'options'>,
    alive: () => boolean,
  ): Promise<{ readonly version: string }> {
    const { requestMsMax } = this.#options;
    const { key } = write;
    const fate = this.#fate('unknown');
    if (fate === 'unknown') {
      const landing = this.#random.pick(['never', 'early', 'late'] as const);
      this.#count(`unknown, applied ${landing}`);
      const toldMs = requestMsMax * this.#random.unit();
      const landsMs = landing === 'early' ? toldMs * this.#random.unit() : 3 * requestMsMax * this.#random.unit();
      if (landing !== 'never') this.#time.after(landsMs, () => void this.#apply(write, landsMs > toldMs || !alive()));
      await this.#pass(toldMs);
      throw this.#fault('unknown', key, 'the connection was reset');
    }
    const latencyMs = this.#latencyMs(fate === 'slow');
    if (latencyMs > requestMsMax) {
      this.#count('unknown, applied late');
      this.#time.after(latencyMs, () => void this.#apply(write, true));
      await this.#pass(requestMsMax);
      throw this.#fault('unknown', key, 'no answer in time');
    }
    const answerMs = this.#latencyMs(false);
    await this.#pass(latencyMs);
    if (fate === 'unavailable') throw this.#fault('unavailable', key, 'the store said 503');
    if (this.full && write.kind === 'put') throw this.#fault('full', key, 'no space');
    const outcome = await this.#apply(write, !alive());
    await this.#pass(answerMs);
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  async #apply(
    write: Pick<AppliedWrite, 'kind' | 'key' | 'bytes' | 'options'>,
    late: boolean,
  ): Promise<{ readonly version: string } | Error> {
    const { kind, key, bytes, options } = write;
    const note = (outcome: 'done' | 'refused') =>
      this.#options.onApplied?.({ ...write, outcome, atMs: this.#time.nowMs, late });
    try {
      const result = kind === 'put' ? await this.#inner.put(key, [bytes], options) : await this.#inner.delete(key);
      note('done');
      return result ?? { version: '' };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      note('refused');
      return error;
    }
  }

  async #list(prefix: string): Promise<ListedObject[]> {
    const fate = this.#fate(undefined);
    const latencyMs = this.#latencyMs(fate === 'slow');
    await this.#pass(Math.min(latencyMs, this.#options.requestMsMax));
    if (latencyMs > this.#options.requestMsMax) throw this.#fault('unavailable', prefix, 'no answer in time');
    if (fate === 'unavailable') throw this.#fault('unavailable', prefix, 'the store said 503');
    const objects: ListedObject[] = [];
    for await (const object of this.#inner.list(prefix)) objects.push(object);
    // Listings promise no order.
    for (let i = objects.length - 1; i > 0; i -= 1) {
      const j = this.#random.between(0, i);
      [objects[i], objects[j]] = [objects[j]!, objects[i]!];
    }
    return objects;
  }

  #fate(special: 'unknown' | 'damaged' | undefined): 'fine' | 'slow' | 'unavailable' | 'unknown' | 'damaged' {
    let drawn = this.#random.unit();
    for (const kind of ['unavailable', 'slow', ...(special === undefined ? [] : [special])] as const) {
      drawn -= this.weather[kind];
      if (drawn < 0) {
        this.#count(kind);
        return kind;
      }
    }
    this.#count('fine');
    return 'fine';
  }

  #latencyMs(slow: boolean): number {
    if (slow) return this.#options.requestMsMax * (0.3 + 2.7 * this.#random.unit());
    const { latencyMsMin, latencyMsMax } = this.weather;
    return latencyMsMin + (latencyMsMax - latencyMsMin) * this.#random.unit();
  }

  #flip(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#count('flipped');
    const position = this.#random.between(0, bytes.length - 1);
    bytes[position] = bytes[position]! ^ (1 << this.#random.between(0, 7));
  }

  #fault(fault: 'unavailable' | 'unknown' | 'full', key: string, why: string): StoreError {
    return new StoreError(fault, key, `${key}: ${why} (simulated)`);
  }

  #count(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#time.after(ms, resolve));
  }
}

const nothing = new Uint8Array(0);

function joined(slices: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(slices.reduce((sum, slice) => sum + slice.length, 0));
  let position = 0;
  for (const slice of slices) {
    bytes.set(slice, position);
    position += slice.length;
  }
  return bytes;
}
