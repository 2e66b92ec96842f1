import type { BucketUrl } from '../src/config/bucket-url.js';
import { openStore } from '../src/objects/open.js';
import type { Store } from '../src/objects/store.js';
import { wrapPort } from '../src/threads/port.js';
import type { Port } from '../src/threads/threads.js';
import type { WorkerStart } from '../src/threads/workers.js';
import { realWorld } from '../src/world/real.js';
import { realFiles } from '../src/world/real-files.js';
import type { World } from '../src/world/world.js';

/** What a worker thread stands on: the real world, its end of the port, and its own way to the bucket. */
export interface Surroundings<Init> {
  readonly world: World;
  readonly init: Init;
  readonly port: Port;
  readonly store: Store;
}

export async function surroundings<Init extends { readonly bucket: BucketUrl }>(start: WorkerStart): Promise<Surroundings<Init>> {
  const world = realWorld({ files: realFiles() });
  // What crosses is described in the engine's messages.ts; the pool that carries it knows no types.
  const init = start.init as Init;
  return { world, init, port: wrapPort(start.port), store: await openStore(init.bucket, world) };
}
