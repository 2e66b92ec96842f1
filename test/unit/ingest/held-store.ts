import {
  type ListedObject,
  type PutOptions,
  type Store,
  type StoredObject,
  StoreError,
  type StoreFault,
} from '../../../src/objects/store.js';

/** A put that waits for the test's decision. */
export interface HeldPut {
  readonly key: string;
  readonly crc32c: number | undefined;
  /** Its sender waits no longer. */
  givenUp(): boolean;
  /** The body as it is now. */
  bytes(): Uint8Array;
  /** Stores it. */
  accept(): void;
  /** Fails it; 'unknown' may have stored it nevertheless. */
  fail(fault: StoreFault, storedNevertheless?: boolean): void;
}

/** A store in memory whose puts end when and how the test says. */
export class HeldStore implements Store {
  readonly name = 'held:';
  readonly objects = new Map<string, Uint8Array>();
  readonly puts: HeldPut[] = [];
  /** Every put is accepted at once. */
  open = false;

  /** Stores everything that waits. */
  acceptAll(): void {
    for (const put of this.puts.splice(0)) {
      put.accept();
    }
  }

  /** Fails everything that waits. */
  failAll(fault: StoreFault): void {
    for (const put of this.puts.splice(0)) {
      put.fail(fault);
    }
  }

  async put(key: string, body: readonly Uint8Array[], options?: PutOptions): Promise<{ readonly version: string }> {
    if (options?.ifNoneMatch === '*' && this.objects.has(key)) {
      throw new StoreError('precondition-failed', key, 'the key is taken');
    }
    const bytes = () => Buffer.concat(body);
    if (this.open) {
      this.objects.set(key, bytes());
      return { version: '1' };
    }
    return new Promise((resolve, reject) => {
      const { signal } = options ?? {};
      signal?.addEventListener('abort', () => reject(new StoreError('unknown', key, 'given up')), { once: true });
      this.puts.push({
        key,
        crc32c: options?.crc32c,
        givenUp: () => signal?.aborted === true,
        bytes,
        accept: () => {
          this.objects.set(key, bytes());
          resolve({ version: '1' });
        },
        fail: (fault, storedNevertheless = false) => {
          if (storedNevertheless) {
            this.objects.set(key, bytes());
          }
          reject(new StoreError(fault, key, `the test said ${fault}`));
        },
      });
    });
  }

  async get(key: string): Promise<StoredObject> {
    const bytes = this.objects.get(key);
    if (bytes === undefined) {
      throw new StoreError('not-found', key, 'absent');
    }
    return { bytes, version: '1' };
  }

  async delete(key: string): Promise<void> {
    this.objects.delete(key);
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    for (const [key, bytes] of this.objects) {
      if (key.startsWith(prefix)) {
        yield { key, bytes: bytes.length };
      }
    }
  }

  async close(): Promise<void> {}
}
