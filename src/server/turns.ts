import type { Timers } from '../world/world.js';

/** Measures what it runs: the time that a client's quota counts. */
export type Timed = <T>(step: () => T) => T;

export const turn = (timers: Timers): Promise<void> => new Promise((resolve) => timers.soon(resolve));

/** Runs `steps` to their end, each in a turn of the event loop: others come in between. */
export async function inTurns<T>(steps: Iterator<unknown, T>, timers: Timers, timed: Timed): Promise<T> {
  for (;;) {
    await turn(timers);
    const { done, value } = timed(() => steps.next());
    if (done === true) return value;
  }
}
