import {
  type GetOptions,
  type ListedObject,
  type PutOptions,
  type Store,
  type StoredObject,
  StoreError,
} from '../store.js';
import { checkKey, ranged } from './keys.js';

/** Objects in this process's memory: for the simulator and for tests. Every call is one atomic step. */
export class MemoryStore implements Store {
  readonly name: string;
  readonly #objects = new Map<string, { readonly bytes: Uint8Array; readonly version: string }>();
  #versions = 0;

  constructor(name = 'memory:') {
    this.name = name;
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject> {
    const object = this.#objects.get(checkKey(key));
    if (object === undefined) throw new StoreError('not-found', key, `${key} is not there`);
    return { bytes: ranged(key, object.bytes, options), version: object.version };
  }

  async put(key: string, body: readonly Uint8Array[], options: PutOptions = {}): Promise<{ readonly version: string }> {
    const former = this.#objects.get(checkKey(key));
    const refused =
      (options.ifNoneMatch === '*' && former !== undefined) ||
      (options.ifMatch !== undefined && former?.version !== options.ifMatch);
    if (refused) throw new StoreError('precondition-failed', key, `${key} is there in another version`);
    const bytes = new Uint8Array(body.reduce((sum, slice) => sum + slice.length, 0));
    let position = 0;
    for (const slice of body) {
      bytes.set(slice, position);
      position += slice.length;
    }
    this.#versions += 1;
    const version = String(this.#versions);
    this.#objects.set(key, { bytes, version });
    return { version };
  }

  async delete(key: string): Promise<void> {
    this.#objects.delete(checkKey(key));
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    for (const [key, { bytes }] of [...this.#objects]) if (key.startsWith(prefix)) yield { key, bytes: bytes.length };
  }

  async close(): Promise<void> {}
}
