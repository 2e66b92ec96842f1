import type { Timer, World } from '../../src/world/world.js';

/** The longest sleep between two looks, and so the pause of this thread that counts as a stall. */
const TICK_MS = 500;

/**
 * The clock of sessions: monotonic time less the pauses of this thread. Time in which it stood still does not count: the
 * signs of life of that time are still waiting to be read.
 */
export class SessionTimer {
  readonly #world: Pick<World, 'clock' | 'timers'>;
  readonly #look: () => void;
  #timer: Timer | undefined;
  #timerDueMs = 0;
  #stalledMs = 0;

  /** `look` runs when something may be due. */
  constructor(world: Pick<World, 'clock' | 'timers'>, look: () => void) {
    this.#world = world;
    this.#look = look;
  }

  get nowMs(): number {
    return this.#world.clock.monotonicMs() - this.#stalledMs;
  }

  /** Looks by `dueMs` of this clock; Infinity: nothing is due. */
  arm(dueMs: number): void {
    if (dueMs === Number.POSITIVE_INFINITY) {
      return;
    }
    const delayMs = Math.min(Math.max(dueMs - this.nowMs, 0), TICK_MS);
    const timerDueMs = this.#world.clock.monotonicMs() + delayMs;
    if (this.#timer !== undefined && this.#timerDueMs <= timerDueMs) {
      return;
    }
    this.#timer?.cancel();
    this.#timerDueMs = timerDueMs;
    this.#timer = this.#world.timers.after(delayMs, () => this.#tick());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tick(): void {
    this.#timer = undefined;
    const lateMs = this.#world.clock.monotonicMs() - this.#timerDueMs;
    if (lateMs > TICK_MS) {
      this.#stalledMs += lateMs;
    }
    this.#look();
  }
}
