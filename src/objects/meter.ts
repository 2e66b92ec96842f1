import type { Meters } from '../telemetry/counters.js';
import type { Clock } from '../world/world.js';
import { type Prices, putRequestsOf } from './prices.js';
import {
  type GetOptions,
  type ListedObject,
  type PutOptions,
  type Store,
  type StoredObject,
  StoreError,
} from './store.js';

export type StoreOperation = 'get' | 'put' | 'delete' | 'list';

/** What the meter writes to: the counters of src/telemetry that are about the store. */
export type StoreMeters = Pick<
  Meters,
  'storeRequests' | 'storeErrors' | 'storeDuration' | 'storeBytes' | 'storeDollars'
>;

/** Keys in one page of a listing. */
const pageKeys = 1000;

/** Counts requests, failures, bytes, time and list price. It goes below the retries, so that each of them counts. */
export class MeteredStore implements Store {
  readonly name: string;
  readonly #store: Store;
  readonly #meters: StoreMeters;
  readonly #clock: Clock;
  readonly #prices: Prices;

  constructor(store: Store, meters: StoreMeters, clock: Clock, prices: Prices) {
    this.name = store.name;
    this.#store = store;
    this.#meters = meters;
    this.#clock = clock;
    this.#prices = prices;
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject> {
    const object = await this.#timed('get', 1, this.#prices.perGet, () => this.#store.get(key, options));
    const bytes = object.bytes.length;
    this.#meters.storeBytes.read.add(bytes);
    this.#meters.storeDollars.get.add(bytes * this.#prices.perByteRead);
    return object;
  }

  put(key: string, body: readonly Uint8Array[], options: PutOptions = {}): Promise<{ readonly version: string }> {
    const bytes = body.reduce((sum, slice) => sum + slice.length, 0);
    const requests = putRequestsOf(bytes);
    const dollars = requests * this.#prices.perPut + bytes * this.#prices.perByteWritten;
    return this.#timed('put', requests, dollars, () => this.#store.put(key, body, options), bytes);
  }

  delete(key: string): Promise<void> {
    return this.#timed('delete', 1, this.#prices.perDelete, () => this.#store.delete(key));
  }

  /** One request a page; the time is the store's, without the caller's between two keys. */
  async *list(prefix: string): AsyncIterable<ListedObject> {
    const objects = this.#store.list(prefix)[Symbol.asyncIterator]();
    let durationMs = 0;
    let keys = 0;
    try {
      for (;;) {
        const startMs = this.#clock.monotonicMs();
        const next = await objects.next();
        durationMs += this.#clock.monotonicMs() - startMs;
        if (next.done === true) break;
        keys += 1;
        yield next.value;
      }
    } catch (error) {
      this.#failed('list', error);
      throw error;
    } finally {
      await objects.return?.();
      const pages = Math.max(1, Math.ceil(keys / pageKeys));
      this.#meters.storeRequests.list.add(pages);
      this.#meters.storeDollars.list.add(pages * this.#prices.perListPage);
      this.#meters.storeDuration.list.observeMs(durationMs);
    }
  }

  clockMs(): number | undefined {
    return this.#store.clockMs?.();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #timed<T>(
    operation: StoreOperation,
    requests: number,
    dollars: number,
    run: () => Promise<T>,
    bytesWritten = 0,
  ): Promise<T> {
    const startMs = this.#clock.monotonicMs();
    this.#meters.storeRequests[operation].add(requests);
    try {
      const result = await run();
      this.#meters.storeDollars[operation].add(dollars);
      this.#meters.storeBytes.written.add(bytesWritten);
      return result;
    } catch (error) {
      this.#failed(operation, error);
      // What a store turned away unserved is not billed; what it answered with a no is.
      if (error instanceof StoreError && error.fault !== 'unavailable') {
        this.#meters.storeDollars[operation].add(dollars);
      }
      throw error;
    } finally {
      this.#meters.storeDuration[operation].observeMs(this.#clock.monotonicMs() - startMs);
    }
  }

  /** An absent object and a failed condition are answers. */
  #failed(operation: StoreOperation, error: unknown): void {
    const answer = error instanceof StoreError && ['not-found', 'precondition-failed'].includes(error.fault);
    if (!answer) this.#meters.storeErrors[operation].add(1);
  }
}
