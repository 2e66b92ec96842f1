import { StoreError } from '../../src/objects/store.js';

/** A request whose sender may give up: then it learns 'unknown' at once, and what it sent goes on. */
export function untilGivenUp<T>(sent: Promise<T>, key: string, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return sent;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new StoreError('unknown', key, `${key}: given up (simulated)`));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    sent.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
