import type { IngestInit, ToIngest } from '../../src/ingest/messages.js';
import type { Store } from '../../src/objects/store.js';
import type { Port } from '../../src/threads/threads.js';
import type { World } from '../../src/world/world.js';
import { Lane } from './lane.js';

/**
 * The worker half of ingest: runs a lane until its thread is ended. Rejects when something happened that the code does
 * not know (a programmer's error): the thread then ends, and main replaces the lane.
 */
export function run(world: World, init: IngestInit, port: Port, store: Store): Promise<void> {
  return new Promise((_resolve, reject) => {
    const lane = new Lane(world, init, store, (turn) => port.post(turn), reject);
    port.onMessage((message: ToIngest) => lane.receive(message));
    lane.start();
  });
}
