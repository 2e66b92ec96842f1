import type { LeaderInit } from '../../src/cluster/messages.js';
import { objectJournal } from '../../src/journal/drivers/objects.js';
import { Hedging } from '../../src/objects/hedge.js';
import { pinoLog } from '../../src/telemetry/pino-log.js';
import type { WorkerStart } from '../../src/threads/workers.js';
import { realProcesses } from '../../src/world/process-identity.js';
import { surroundings } from '../surroundings.js';
import { run } from './run.js';

export default async function leader(start: WorkerStart): Promise<void> {
  const { world, init, port, store, meters } = await surroundings<LeaderInit>(start);
  const processes = realProcesses();
  await run(world, init, port, {
    journal: objectJournal(store, init.cluster),
    hedging: init.bucket.kind === 'file' ? undefined : new Hedging(world, () => meters?.storeHedges.journal.add(1)),
    processes,
    // A folder is bound to one machine. Others that share a bucket may be copies of this one, alike in every name.
    proofsMax: init.bucket.kind === 'file' ? Number.POSITIVE_INFINITY : 1,
    meters,
    log: pinoLog(init.settings.logLevel, { thread: 'leader' }),
  });
}
