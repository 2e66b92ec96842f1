import type { Clock } from '../../src/world/world.js';

/** Clocks that lie further apart than this are not believed. */
const DISAGREEMENT_MS_MAX = 60_000;

/**
 * The time by which things expire: the least of the clocks at hand, and none at all while they lie a minute or more
 * apart (docs/ARCHITECTURE.md, Groups), so that a clock that is wrong or jumps expires nothing early. The clocks are this machine's, the
 * journal store's or, where it has none, this machine's as reckoned from when this leader began, and the newest entry's,
 * which former leaders' clocks stand behind.
 */
export class ExpiryTime {
  readonly #clock: Clock;
  readonly #storeMs: () => number | undefined;
  readonly #beganWallMs: number;
  readonly #beganMonotonicMs: number;

  constructor(clock: Clock, storeMs: () => number | undefined) {
    this.#clock = clock;
    this.#storeMs = storeMs;
    this.#beganWallMs = clock.wallMs();
    this.#beganMonotonicMs = clock.monotonicMs();
  }

  /** Whole, as the journal has times, whatever the clocks say. `journalMs` is the newest entry's time. Undefined: the clocks disagree. */
  nowMs(journalMs: number): number | undefined {
    const wallMs = this.#clock.wallMs();
    const otherMs = this.#storeMs() ?? this.#beganWallMs + this.#clock.monotonicMs() - this.#beganMonotonicMs;
    const leastMs = Math.min(wallMs, otherMs);
    const mostMs = Math.max(wallMs, otherMs, journalMs);
    return mostMs - leastMs >= DISAGREEMENT_MS_MAX ? undefined : Math.floor(leastMs);
  }
}
