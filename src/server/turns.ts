/** Work that others wait behind goes in turns of the event loop, in which they come in between. */
import type { Timers } from '../world/world.js';
import type { Call } from './handler.js';

/** Measures what it runs: the time that a client's quota counts. */
export type Timed = <T>(step: () => T) => T;

export function timedFor(account: Call['account']): Timed {
  return (step) => (account === undefined ? step() : account.run(step));
}

export const turn = (timers: Timers): Promise<void> => new Promise((resolve) => timers.soon(resolve));

/** Runs `steps` to their end, each in a turn of its own. */
export async function inTurns<T>(steps: Iterator<unknown, T>, timers: Timers, timed: Timed): Promise<T> {
  for (;;) {
    await turn(timers);
    const { done, value } = timed(() => steps.next());
    if (done === true) return value;
  }
}

/** A row may carry or show some values of 32 KiB, which take a millisecond or two. */
const ROWS_IN_TURN = 8;

/** Does the work for one more row of a request. */
export type InTurn = <T>(work: () => T | Promise<T>) => Promise<T>;

/**
 * A request may name tens of thousands of rows: the work for them starts in the order in which it is given, for a few of them
 * in one turn. Its time, up to a row's first wait, counts for the client's quota.
 */
export function turnsOf(timers: Timers, { account }: Pick<Call, 'account'>): InTurn {
  const timed = timedFor(account);
  let rows = 0;
  let before = Promise.resolve();
  return async (work) => {
    if (rows > 0 && rows % ROWS_IN_TURN === 0) before = before.then(() => turn(timers));
    rows += 1;
    await before;
    return timed(work);
  };
}
