import {
  type GetOptions,
  type ListedObject,
  type PutOptions,
  type Store,
  StoreError,
} from '../../src/objects/store.js';
import { untilGivenUp } from './give-up.js';
import type { SeededRandom } from './random.js';
import type { VirtualTime } from './virtual-time.js';

/** How likely each fault is, per request. */
export interface RemoteFaults {
  readonly latencyMsMax: number;
  /** Certainly not done. */
  readonly unavailable: number;
  /** The answer is lost: the write was done, was not, or is done later. */
  readonly unknown: number;
  readonly lateMsMax: number;
  /** A read that comes cut or with a bit flipped. */
  readonly damaged?: number;
  /** How much longer a write is under way before it is done. */
  readonly writeMs?: number;
}

export const noFaults: RemoteFaults = { latencyMsMax: 5, unavailable: 0, unknown: 0, lateMsMax: 0 };
export const unreachable: RemoteFaults = { latencyMsMax: 100, unavailable: 1, unknown: 0, lateMsMax: 0 };

/**
 * A store behind a network, as one process sees it: requests take time, may fail, may be done although they failed, and
 * go on when the process that sent them is gone; only the answers stop.
 */
export class RemoteStore implements Store {
  readonly name = 'remote';
  readonly #inner: Store;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #alive: () => boolean;
  readonly #faults: () => RemoteFaults;

  constructor(inner: Store, time: VirtualTime, random: SeededRandom, alive: () => boolean, faults: () => RemoteFaults) {
    this.#inner = inner;
    this.#time = time;
    this.#random = random;
    this.#alive = alive;
    this.#faults = faults;
  }

  get(key: string, options?: GetOptions) {
    return this.#ask(key, false, async () => {
      const object = await this.#inner.get(key, options);
      return this.#random.chance(this.#faults().damaged ?? 0)
        ? { ...object, bytes: this.#damage(object.bytes) }
        : object;
    });
  }

  put(key: string, body: readonly Uint8Array[], { signal, ...options }: PutOptions = {}) {
    const copy = body.map((slice) => slice.slice());
    const sent = this.#ask(key, true, () => this.#inner.put(key, copy, options));
    return untilGivenUp(sent, key, signal);
  }

  delete(key: string) {
    return this.#ask(key, true, () => this.#inner.delete(key));
  }

  list(prefix: string): AsyncIterable<ListedObject> {
    return this.#inner.list(prefix);
  }

  async close(): Promise<void> {}

  #damage(bytes: Uint8Array): Uint8Array {
    const random = this.#random;
    if (random.chance(0.3)) {
      return bytes.slice(0, random.between(0, bytes.length - 1));
    }
    const copy = bytes.slice();
    copy[random.between(0, copy.length - 1)]! ^= 1 << random.between(0, 7);
    return copy;
  }

  #ask<T>(key: string, write: boolean, work: () => Promise<T>): Promise<T> {
    const random = this.#random;
    const { latencyMsMax, unavailable, unknown, lateMsMax, writeMs = 0 } = this.#faults();
    return new Promise((resolve, reject) => {
      const answer = (run: () => void) => this.#time.after(latencyMsMax * random.unit(), () => this.#alive() && run());
      const fail = (fault: 'unavailable' | 'unknown') =>
        answer(() => reject(new StoreError(fault, key, `${fault}: ${key}`)));
      this.#time.after(latencyMsMax * random.unit() + (write ? writeMs : 0), () => {
        if (random.chance(unavailable)) {
          fail('unavailable');
        } else if (write && random.chance(unknown)) {
          if (random.chance(2 / 3)) {
            this.#time.after(random.chance(0.5) ? 0 : lateMsMax * random.unit(), () => void work().catch(() => {}));
          }
          fail('unknown');
        } else {
          work().then(
            (value) => answer(() => resolve(value)),
            (error: unknown) => answer(() => reject(error)),
          );
        }
      });
    });
  }
}
