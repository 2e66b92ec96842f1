/**
 * Worker threads as the rest of Weft sees them. Real ones are spawned by Piscina (`piscina.ts`);
 * the simulator runs the same worker halves on its one thread.
 */

/** Where each worker's code lives; the one file that names them is `workers.ts`. */
export type WorkerName = 'ingest' | 'leader' | 'maintenance' | 'fetch';

/** One end of a two-way, ordered message channel (structured clone; SharedArrayBuffers are shared). */
export interface Port {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Called once; messages that came earlier are delivered to it. */
  onMessage(receive: (message: never) => void): void;
  close(): void;
}

/** A running worker, from the thread that spawned it. */
export interface WorkerThread extends Port {
  /** Runs once when the worker has ended; `error` when it crashed. */
  onExit(run: (error: Error | undefined) => void): void;
  /** Milliseconds that its thread was busy since it started; 0 where nobody counts them (virtual time has none). */
  busyMs(): number;
  /** Ends it at once, unfinished work and all. Resolves when it is gone. */
  terminate(): Promise<void>;
}

export interface Threads {
  spawn(worker: WorkerName, init: unknown): WorkerThread;
  /** Ends every worker that is left. */
  close(): Promise<void>;
}
