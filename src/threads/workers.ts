import type { MessagePort } from 'node:worker_threads';
import type { WorkerName } from './threads.js';

/** Where the worker halves lie: beside `src` in `dist`. The only file that names them; `src` never imports them. */
export const workerUrls: Readonly<Record<WorkerName, URL>> = {
  ingest: new URL('../../workers/ingest/entry.js', import.meta.url),
  leader: new URL('../../workers/leader/entry.js', import.meta.url),
  maintenance: new URL('../../workers/maintenance/entry.js', import.meta.url),
  fetch: new URL('../../workers/fetch/entry.js', import.meta.url),
};

/** What a worker's default export is called with, once; it lives until the promise settles. */
export interface WorkerStart {
  readonly init: unknown;
  readonly port: MessagePort;
}
