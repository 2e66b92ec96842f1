import type { Timer, World } from '../../src/world/world.js';

/** When the lane looks again by itself: one timer, at the earliest time that anything asked for. */
export class Look {
  readonly #world: World;
  readonly #run: () => void;
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(world: World, run: () => void) {
    this.#world = world;
    this.#run = run;
  }

  /** Looks in `delayMs`, or earlier. */
  within(delayMs: number): void {
    // Timers may fire a clock's fraction early: never a wait of nothing.
    const waitMs = Math.max(delayMs, 1);
    const dueMs = this.#world.clock.monotonicMs() + waitMs;
    if (this.#timer !== undefined && this.#dueMs <= dueMs) {
      return;
    }
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    this.#timer = this.#world.timers.after(waitMs, () => {
      this.#timer = undefined;
      this.#run();
    });
  }

  /** Whether it looks in at most `delayMs`. */
  isWithin(delayMs: number): boolean {
    return this.#timer !== undefined && this.#dueMs - this.#world.clock.monotonicMs() <= delayMs;
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
