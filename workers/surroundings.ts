import { wholeFiles } from '../native-bindings/bindings.js';
import type { BucketUrl } from '../src/config/bucket-url.js';
import { MeteredStore } from '../src/objects/meter.js';
import { openStore } from '../src/objects/open.js';
import { pricesOf } from '../src/objects/prices.js';
import type { Store } from '../src/objects/store.js';
import { attachMeters, type Meters, type TelemetryShare } from '../src/telemetry/counters.js';
import { wrapPort } from '../src/threads/port.js';
import type { Port } from '../src/threads/threads.js';
import type { WorkerStart } from '../src/threads/workers.js';
import { realWorld } from '../src/world/real.js';
import { realFiles } from '../src/world/real-files.js';
import { keepCompiled } from '../src/world/real-runtime.js';
import type { World } from '../src/world/world.js';

/** What a worker thread stands on: the real world, its end of the port, and its own way to the bucket. */
export interface Surroundings<Init> {
  readonly world: World;
  readonly init: Init;
  readonly port: Port;
  /** Counted, never retried: each worker knows what it may try again. */
  readonly store: Store;
  readonly meters: Meters | undefined;
}

interface AnyInit {
  readonly bucket: BucketUrl;
  readonly telemetry?: TelemetryShare | undefined;
}

export async function surroundings<Init extends AnyInit>(start: WorkerStart): Promise<Surroundings<Init>> {
  const world = realWorld({ files: realFiles(wholeFiles) });
  // What crosses is described in the engine's messages.ts; the pool that carries it knows no types.
  const init = start.init as Init;
  const meters = init.telemetry === undefined ? undefined : attachMeters(init.telemetry);
  const opened = await openStore(init.bucket, world);
  const store = meters === undefined ? opened : new MeteredStore(opened, meters, world.clock, pricesOf(init.bucket));
  keepCompiled();
  return { world, init, port: wrapPort(start.port), store, meters };
}
