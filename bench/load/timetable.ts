import type { Pumped, Waker } from './clock.js';

/** `intervalMs` apart, the first at `startMs` of the clock that everything in this load goes by. */
export interface Pace {
  readonly startMs: number;
  readonly intervalMs: number;
}

/**
 * Calls at fixed times, one at a time: one that takes longer than its interval delays the next, which is told when it was
 * due, so that waiting for its turn counts.
 */
export class Timetable implements Pumped {
  readonly #intervalMs: number;
  readonly #waker: Waker;
  readonly #call: (dueMs: number) => Promise<void>;
  #dueMs: number;
  #underWay: Promise<void> = Promise.resolve();
  #stopped = false;

  /** `call` does not reject. */
  constructor({ startMs, intervalMs }: Pace, waker: Waker, call: (dueMs: number) => Promise<void>) {
    this.#intervalMs = intervalMs;
    this.#waker = waker;
    this.#call = call;
    this.#dueMs = startMs;
    waker.wakeAt(this, startMs);
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  pump(): void {
    if (this.#stopped) return;
    this.#underWay = this.#call(this.#dueMs);
    this.#dueMs += this.#intervalMs;
    void this.#underWay.finally(() => this.#waker.wakeAt(this, this.#dueMs));
  }

  /** Begins no further call; resolves when the one under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#underWay;
  }
}
