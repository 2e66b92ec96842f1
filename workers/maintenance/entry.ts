import type { MaintenanceInit } from '../../src/cluster/messages.js';
import { objectJournal } from '../../src/journal/drivers/objects.js';
import type { WorkerStart } from '../../src/threads/workers.js';
import { giveWay } from '../../src/world/give-way.js';
import { surroundings } from '../surroundings.js';
import { run } from './run.js';

export default async function maintenance(start: WorkerStart): Promise<void> {
  // Nobody waits for a snapshot; producers wait for everybody else.
  await giveWay();
  const { world, init, port, store } = await surroundings<MaintenanceInit>(start);
  await run(world, init, port, { journal: objectJournal(store, init.cluster) });
}
