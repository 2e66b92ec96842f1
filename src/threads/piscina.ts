import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { wrapPort } from './port.js';
import type { Threads, WorkerName, WorkerThread } from './threads.js';
import { type WorkerStart, workerUrls } from './workers.js';

/**
 * Payload lies in shared memory; what a worker makes on its heap dies young. V8 would let each thread's young generation
 * grow to 48 MB, which `--memory` has no room for.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 8 };

/**
 * Worker threads by Piscina: one thread that runs one task as long as it lives, with a message channel beside it. A
 * thread that ends (its task returned, threw, or the thread died) says so once; whether it is replaced is its owner's
 * decision, because only the owner knows what was lost. A thread of each of `ahead` begins at once to load its code, and is
 * given to the first who spawns that worker: a start takes less time when threads load beside one another.
 */
export function startPiscinaThreads(
  urls: Readonly<Record<WorkerName, URL>> = workerUrls,
  ahead: readonly WorkerName[] = [],
): Threads {
  const running = new Set<WorkerThread>();
  const waiting = new Map(ahead.map((worker) => [worker, poolOf(urls[worker], 1)]));
  // Whoever spawns the worker is told: the pool then tries again.
  for (const pool of waiting.values()) pool.on('error', () => {});
  return {
    spawn(worker, init) {
      const pool = waiting.get(worker) ?? poolOf(urls[worker], 0);
      waiting.delete(worker);
      const thread = runThread(pool, init, () => running.delete(thread));
      running.add(thread);
      return thread;
    },
    async close() {
      const unused = [...waiting.values()];
      waiting.clear();
      await Promise.all([...running].map((thread) => thread.terminate()));
      await Promise.all(unused.map((pool) => pool.destroy()));
    },
  };
}

/** Of one thread, which waits for its task already when `minThreads` is 1. */
function poolOf(url: URL, minThreads: 0 | 1): Piscina {
  return new Piscina({ filename: url.href, minThreads, maxThreads: 1, atomics: 'disabled', resourceLimits });
}

function runThread(pool: Piscina, init: unknown, gone: () => void): WorkerThread {
  const channel = new MessageChannel();
  const listeners: ((error: Error | undefined) => void)[] = [];
  let terminated = false;
  let exit: { readonly error: Error | undefined } | undefined;

  const ended = (error: Error | undefined) => {
    if (exit !== undefined) {
      return;
    }
    exit = { error: terminated ? undefined : error };
    channel.port1.close();
    gone();
    for (const run of listeners) {
      run(exit.error);
    }
  };
  // What goes wrong while no task runs (the thread could not start) comes as an event.
  pool.on('error', (error: Error) => ended(error));
  // It has its thread: a pool that wants one would begin another when this one ends.
  pool.options.minThreads = 0;
  const start: WorkerStart = { init, port: channel.port2 };
  const task = pool.run(start, { transferList: [channel.port2] }).then(
    () => ended(undefined),
    (error: unknown) => ended(error instanceof Error ? error : new Error(String(error))),
  );
  // The pool's own thread must not outlive its task.
  const closed = task.then(() => pool.destroy());

  return {
    ...wrapPort(channel.port1),
    onExit(run) {
      if (exit === undefined) {
        listeners.push(run);
      } else {
        run(exit.error);
      }
    },
    busyMs: () => pool.threads[0]?.performance.eventLoopUtilization().active ?? 0,
    async terminate() {
      terminated = true;
      await pool.destroy();
      await closed;
    },
  };
}
