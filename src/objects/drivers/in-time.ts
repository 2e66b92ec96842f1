import type { Timers } from '../../world/world.js';

/** What `work` gives. Rejects when it takes longer, or when it is given up; the work itself may go on, its result unheard. */
export function inTime<T>(work: Promise<T>, timers: Timers, msMax: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown): void => {
      end();
      reject(error);
    };
    const onAbort = (): void => fail(new Error('the request was given up'));
    const timer = timers.after(msMax, () => fail(new Error(`none within ${msMax} ms`)));
    work.then((value) => {
      end();
      resolve(value);
    }, fail);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort);
  });
}
