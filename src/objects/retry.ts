import type { Timers, World } from '../world/world.js';
import {
  type GetOptions,
  type ListedObject,
  type PutOptions,
  type Store,
  type StoredObject,
  StoreError,
  type StoreFault,
} from './store.js';

export interface RetryOptions {
  /** Tries in all, the first included. */
  readonly triesMax?: number;
  /** The longest wait after the first failure; it doubles with each further one up to `delayMsMax`. */
  readonly delayMsFirst?: number;
  readonly delayMsMax?: number;
}

/** Certainly not done: anything may be tried again. */
const notDone: readonly StoreFault[] = ['unavailable'];
/** Perhaps done: only what may be done twice is tried again. A conditional write is not, for its answer would lie. */
const perhapsDone: readonly StoreFault[] = ['unavailable', 'unknown'];

/**
 * Tries again what another try can mend, after waits with full jitter (each uniform between nothing and the longest), so
 * that agents that failed together do not come back together.
 */
export class RetryingStore implements Store {
  readonly name: string;
  readonly #store: Store;
  readonly #world: Pick<World, 'random' | 'timers'>;
  readonly #triesMax: number;
  readonly #delayMsFirst: number;
  readonly #delayMsMax: number;

  constructor(store: Store, world: Pick<World, 'random' | 'timers'>, options: RetryOptions = {}) {
    this.name = store.name;
    this.#store = store;
    this.#world = world;
    this.#triesMax = options.triesMax ?? 5;
    this.#delayMsFirst = options.delayMsFirst ?? 50;
    this.#delayMsMax = options.delayMsMax ?? 2_000;
  }

  get(key: string, options: GetOptions = {}): Promise<StoredObject> {
    return this.#insist(notDone, options.signal, () => this.#store.get(key, options));
  }

  put(key: string, body: readonly Uint8Array[], options: PutOptions = {}): Promise<{ readonly version: string }> {
    const conditional = options.ifNoneMatch !== undefined || options.ifMatch !== undefined;
    const faults = conditional ? notDone : perhapsDone;
    return this.#insist(faults, options.signal, () => this.#store.put(key, body, options));
  }

  delete(key: string): Promise<void> {
    return this.#insist(perhapsDone, undefined, () => this.#store.delete(key));
  }

  /** Begins anew only while nothing has been given out: listings have no order to go on from. */
  async *list(prefix: string): AsyncIterable<ListedObject> {
    let objects: AsyncIterator<ListedObject> | undefined;
    let next = await this.#insist(notDone, undefined, () => {
      objects = this.#store.list(prefix)[Symbol.asyncIterator]();
      return objects.next();
    });
    try {
      for (; next.done !== true; next = await objects!.next()) yield next.value;
    } finally {
      await objects?.return?.();
    }
  }

  clockMs(): number | undefined {
    return this.#store.clockMs?.();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #insist<T>(faults: readonly StoreFault[], signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await run();
      } catch (error) {
        const mendable = error instanceof StoreError && faults.includes(error.fault);
        if (!mendable || tries >= this.#triesMax || signal?.aborted) throw error;
        const delayMs = Math.min(this.#delayMsMax, this.#delayMsFirst * 2 ** (tries - 1));
        const given = await wait(this.#world.timers, (delayMs * this.#world.random.uint32()) / 2 ** 32, signal);
        if (given === 'aborted') throw error;
      }
    }
  }
}

function wait(timers: Timers, delayMs: number, signal: AbortSignal | undefined): Promise<'waited' | 'aborted'> {
  return new Promise((resolve) => {
    const onAbort = (): void => {
      timer.cancel();
      resolve('aborted');
    };
    const timer = timers.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve('waited');
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
