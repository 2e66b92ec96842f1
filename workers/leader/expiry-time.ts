import type { Clock } from '../../src/world/world.js';

/** Clocks that lie further apart than this are not believed. */
const DISAGREEMENT_MS_MAX = 60_000;

/**
 * The time by which things expire: the least of the clocks at hand, and none at all while they lie a minute or more
 * apart (DESIGN §4, Time), so that a clock that jumps expires nothing early. The clocks are this machine's, the same as
 * reckoned from when this leader began, and the newest entry's, which former leaders' clocks stand behind.
 */
export class ExpiryTime {
  readonly #clock: Clock;
  readonly #beganWallMs: number;
  readonly #beganMonotonicMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganWallMs = clock.wallMs();
    this.#beganMonotonicMs = clock.monotonicMs();
  }

  /** `journalMs` is the newest entry's time. Undefined: the clocks disagree. */
  nowMs(journalMs: number): number | undefined {
    const wallMs = this.#clock.wallMs();
    const reckonedMs = this.#beganWallMs + this.#clock.monotonicMs() - this.#beganMonotonicMs;
    const leastMs = Math.min(wallMs, reckonedMs);
    const mostMs = Math.max(wallMs, reckonedMs, journalMs);
    return mostMs - leastMs >= DISAGREEMENT_MS_MAX ? undefined : leastMs;
  }
}
