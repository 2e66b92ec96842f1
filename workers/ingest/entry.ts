import type { IngestInit } from '../../src/ingest/messages.js';
import type { WorkerStart } from '../../src/threads/workers.js';
import { surroundings } from '../surroundings.js';
import { run } from './run.js';

export default async function ingest(start: WorkerStart): Promise<void> {
  const { world, init, port, store } = await surroundings<IngestInit>(start);
  await run(world, init, port, store);
}
