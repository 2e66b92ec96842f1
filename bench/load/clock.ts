/** Time as the generator sees it; tests bring their own. */
export interface Clock {
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number;
  /** Milliseconds since 1970 at `nowMs()` 0: what turns its times into those that records carry. */
  readonly epochMs: number;
}

export const realClock: Clock = { nowMs: () => performance.now(), epochMs: performance.timeOrigin };

/** Something that wants to be looked at, now and then. */
export interface Pumped {
  pump(nowMs: number): void;
}

/** Wakes things at given times. */
export interface Waker {
  /** Once, at the first look at or after that time. Several for one thing are all kept. */
  wakeAt(thing: Pumped, atMs: number): void;
}

const SLOTS = 4096;
const TURN_MS_MAX = 5;

/** Where the wheel says how late it was: the generator's own error, which every latency contains. */
export type Lateness = () => { record(ms: number): void };

/**
 * A timer wheel of one-millisecond slots for hundreds of thousands of wakes a second: Node's own timers would cost more
 * than the requests. What lies beyond its 4 s goes round once more.
 */
export class Wheel implements Waker {
  readonly #slots: { thing: Pumped; atMs: number }[][] = Array.from({ length: SLOTS }, () => []);
  /** The first millisecond not yet looked at. */
  #next: number;

  readonly #late: Lateness;

  constructor(nowMs: number, late: Lateness) {
    this.#late = late;
    this.#next = Math.floor(nowMs);
  }

  wakeAt(thing: Pumped, atMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY) return;
    const slot = Math.min(Math.max(Math.ceil(atMs), this.#next), this.#next + SLOTS - 1);
    // What was due before it was asked for is not the wheel's lateness.
    this.#slots[slot % SLOTS]!.push({ thing, atMs: Math.max(atMs, this.#next - 1) });
  }

  /** Pumps what is due, for so long that answers are not kept waiting: what is left is still due at the next turn. */
  turn(clock: Clock): void {
    const startedMs = clock.nowMs();
    const until = Math.floor(startedMs);
    while (this.#next <= until) {
      const slot = this.#next % SLOTS;
      const due = this.#slots[slot]!;
      this.#next += 1;
      if (due.length === 0) continue;
      this.#slots[slot] = [];
      for (const [index, { thing, atMs }] of due.entries()) {
        const nowMs = clock.nowMs();
        if (nowMs > startedMs + TURN_MS_MAX) {
          this.#slots[this.#next % SLOTS]!.unshift(...due.slice(index));
          return;
        }
        if (atMs > nowMs) this.wakeAt(thing, atMs);
        else {
          this.#late().record(nowMs - atMs);
          thing.pump(nowMs);
        }
      }
    }
  }
}
