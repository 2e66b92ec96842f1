import { type Store, StoreError } from '../../src/objects/store.js';

/** What gets lost between a process and the bucket. */
export type Cut = 'nothing' | 'requests' | 'answers';

/** A store whose network may be cut, in one direction or both. `wait` passes the time until a request is given up. */
export function cutOffStore(store: Store, cut: () => Cut, wait: () => Promise<void>): Store {
  const ask = async <T>(key: string, writes: boolean, request: () => Promise<T>): Promise<T> => {
    const lost = cut();
    if (lost === 'nothing') return request();
    if (lost === 'answers') {
      request().catch((error: unknown) => {
        if (!(error instanceof StoreError)) throw error;
      });
    }
    await wait();
    const fault = writes && lost === 'answers' ? 'unknown' : 'unavailable';
    throw new StoreError(fault, key, `${key}: the network is cut (simulated)`);
  };
  return {
    name: store.name,
    get: (key, options) => {
      // What comes too late must not be written into memory that its reader has given up.
      const { into: _into, ...rest } = options ?? {};
      return ask(key, false, () => store.get(key, cut() === 'answers' ? rest : options));
    },
    put: (key, body, options) => ask(key, true, () => store.put(key, body, options)),
    delete: (key) => ask(key, true, () => store.delete(key)),
    async *list(prefix) {
      if (cut() !== 'nothing') {
        await wait();
        throw new StoreError('unavailable', prefix, `${prefix}: the network is cut (simulated)`);
      }
      yield* store.list(prefix);
    },
    close: () => store.close(),
  };
}
