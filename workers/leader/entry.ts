import type { LeaderInit } from '../../src/cluster/messages.js';
import { objectJournal } from '../../src/journal/drivers/objects.js';
import { Hedging } from '../../src/objects/hedge.js';
import { pinoLog } from '../../src/telemetry/pino-log.js';
import type { WorkerStart } from '../../src/threads/workers.js';
import { processesOfThisBoot, realProcesses } from '../../src/world/process-identity.js';
import { surroundings } from '../surroundings.js';
import { run } from './run.js';

export default async function leader(start: WorkerStart): Promise<void> {
  const { world, init, port, store, meters } = await surroundings<LeaderInit>(start);
  await run(world, init, port, {
    journal: objectJournal(store, init.cluster),
    hedging: init.bucket.kind === 'file' ? undefined : new Hedging(world, () => meters?.storeHedges.journal.add(1)),
    // A folder is bound to one machine; those that share a bucket may have one name.
    processes: init.bucket.kind === 'file' ? realProcesses() : processesOfThisBoot(),
    meters,
    log: pinoLog(init.settings.logLevel, { thread: 'leader' }),
  });
}
