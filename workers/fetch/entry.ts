import type { FetchWorkerInit } from '../../src/cache/messages.js';
import { RetryingStore } from '../../src/objects/retry.js';
import type { WorkerStart } from '../../src/threads/workers.js';
import { surroundings } from '../surroundings.js';
import { run } from './run.js';

export default async function fetch(start: WorkerStart): Promise<void> {
  const { world, init, port, store } = await surroundings<FetchWorkerInit>(start);
  await run(world, init, port, { store: new RetryingStore(store, world) });
}
