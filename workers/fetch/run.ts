import type { FetchWorkerInit, FromFetchWorker, ToFetchWorker } from '../../src/cache/messages.js';
import { type Store, StoreError } from '../../src/objects/store.js';
import { BatchDamaged } from '../../src/records/cursor.js';
import type { Port } from '../../src/threads/threads.js';
import type { World } from '../../src/world/world.js';
import { findInExtent } from './find.js';
import { indexExtent } from './index-extent.js';
import { splitExtent } from './split-extent.js';
import { Turns } from './turns.js';

/** Looks into extents that may run at once: each has some of an extent on the heap. */
const LOOKS_MAX = 4;

export interface FetchDeps {
  readonly store: Store;
}

/** The fetch worker: reads objects into blocks, checks and stamps the batches in them, looks records up by time. */
export function run(_world: World, init: FetchWorkerInit, port: Port, deps: FetchDeps): Promise<void> {
  return new Promise((_resolve, reject) => {
    const post = (message: FromFetchWorker): void => port.post(message);
    const looks = new Turns(LOOKS_MAX);
    port.onMessage((message: ToFetchWorker) => {
      answer(message, init, deps.store, looks).then(post, reject);
    });
    post({ type: 'ready' });
  });
}

async function answer(
  message: ToFetchWorker,
  init: FetchWorkerInit,
  store: Store,
  looks: Turns,
): Promise<FromFetchWorker> {
  const { id } = message;
  try {
    switch (message.type) {
      case 'load': {
        const into = new Uint8Array(init.blocks, message.to, message.length);
        await store.get(message.key, { range: { position: message.from, length: message.length }, into });
        return { type: 'loaded', id };
      }
      case 'index':
        return { type: 'indexed', id, indexes: message.extents.map((extent) => indexExtent(init.blocks, extent)) };
      case 'split': {
        const { extent, bytesMax } = message;
        return { type: 'split', id, parts: await looks.take(() => splitExtent(store, extent, bytesMax)) };
      }
      case 'find': {
        const { extent, timestampMs, fromOffset } = message;
        const found = await looks.take(() => findInExtent(store, extent, timestampMs, fromOffset));
        return found === undefined ? { type: 'not-found', id } : { type: 'found', id, ...found };
      }
    }
  } catch (error) {
    if (error instanceof StoreError || error instanceof BatchDamaged)
      return { type: 'failed', id, message: error.message };
    throw error;
  }
}
