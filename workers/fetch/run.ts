import type { FetchWorkerInit, FromFetchWorker, ToFetchWorker } from '../../src/cache/messages.js';
import { type Store, StoreError } from '../../src/objects/store.js';
import { BatchDamaged } from '../../src/records/cursor.js';
import type { Port } from '../../src/threads/threads.js';
import type { World } from '../../src/world/world.js';
import { findByTimestamp } from './find.js';
import { indexExtent } from './index-extent.js';

export interface FetchDeps {
  readonly store: Store;
}

/** The fetch worker: reads objects into blocks, checks and stamps the batches in them, looks records up by time. */
export function run(_world: World, init: FetchWorkerInit, port: Port, deps: FetchDeps): Promise<void> {
  return new Promise((_resolve, reject) => {
    const post = (message: FromFetchWorker): void => port.post(message);
    port.onMessage((message: ToFetchWorker) => {
      answer(message, init, deps.store).then(post, reject);
    });
    post({ type: 'ready' });
  });
}

async function answer(message: ToFetchWorker, init: FetchWorkerInit, store: Store): Promise<FromFetchWorker> {
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
      case 'find': {
        const { key, position, length } = message.extent;
        const { bytes } = await store.get(key, { range: { position, length } });
        const found = findByTimestamp(bytes, message.extent.baseOffset, message.timestampMs);
        return found === undefined ? { type: 'not-found', id } : { type: 'found', id, ...found };
      }
    }
  } catch (error) {
    if (error instanceof StoreError || error instanceof BatchDamaged)
      return { type: 'failed', id, message: error.message };
    throw error;
  }
}
