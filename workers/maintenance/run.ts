import type { FromMaintenance, MaintenanceInit } from '../../src/cluster/messages.js';
import type { Journal } from '../../src/journal/journal.js';
import { JournalBroken } from '../../src/journal/journal-broken.js';
import { StoreError } from '../../src/objects/store.js';
import type { Port } from '../../src/threads/threads.js';
import type { World } from '../../src/world/world.js';
import { makeSnapshot, SnapshotOvertaken } from './snapshot.js';

export interface MaintenanceDeps {
  readonly journal: Journal;
}

/** A maintenance worker: makes one snapshot and waits for the main thread to end it. */
export async function run(_world: World, init: MaintenanceInit, port: Port, deps: MaintenanceDeps): Promise<void> {
  const post = (message: FromMaintenance) => port.post(message);
  const { revision, digest } = init;
  try {
    post({ type: 'snapshot-made', snapshot: await makeSnapshot(deps.journal, revision, digest) });
  } catch (error) {
    if (error instanceof JournalBroken) {
      post({ type: 'fatal', reason: error.message });
    } else if (error instanceof StoreError || error instanceof SnapshotOvertaken) {
      post({ type: 'snapshot-failed', revision, reason: error.message });
    } else {
      throw error;
    }
  }
  // What was posted must arrive before the port closes, so the main thread ends this worker.
  await new Promise<never>(() => {});
}
