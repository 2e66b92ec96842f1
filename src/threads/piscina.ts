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
 * decision, because only the owner knows what was lost.
 */
export function startPiscinaThreads(urls: Readonly<Record<WorkerName, URL>> = workerUrls): Threads {
  const running = new Set<WorkerThread>();
  return {
    spawn(worker, init) {
      const thread = spawnThread(urls[worker], init, () => running.delete(thread));
      running.add(thread);
      return thread;
    },
    async close() {
      await Promise.all([...running].map((thread) => thread.terminate()));
    },
  };
}

function spawnThread(url: URL, init: unknown, gone: () => void): WorkerThread {
  const pool = new Piscina({ filename: url.href, minThreads: 0, maxThreads: 1, atomics: 'disabled', resourceLimits });
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
