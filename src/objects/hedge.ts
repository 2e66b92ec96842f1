import type { Clock, Timers } from '../world/world.js';

/** Answers whose times are remembered, and how many there must be before they say what is usual. */
export const SAMPLES = 128;
export const SAMPLES_MIN = 32;
export const USUAL = 0.95;
/** Requests that one second attempt must be earned by, and how many may be saved up: at most a tenth is sent twice. */
export const EARNED = 0.1;
export const EARNED_MAX = 2;

/**
 * Second attempts against a store's slow tail ("The Tail at Scale", Dean and Barroso, 2013): when an answer takes longer
 * than 95 of 100 of the latest ones did, the request is sent once more, and the first of the two to succeed counts. When a
 * store is slow altogether that would double its load, so second attempts must be earned by requests.
 */
export class Hedging {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onHedge: () => void;
  readonly #latest = new Float64Array(SAMPLES);
  #count = 0;
  #earned = 0;

  constructor({ clock, timers }: { readonly clock: Clock; readonly timers: Timers }, onHedge: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#onHedge = onHedge;
  }

  /**
   * What the first successful attempt gave; the other one is aborted, and has let go when this resolves. Rejects with the
   * error of the first attempt when none succeeded: at once while there was only one. `attempt` may be called twice, the
   * second time with `second` set, and must be such that both may take effect.
   */
  run<T>(attempt: (second: boolean, signal: AbortSignal) => Promise<T>): Promise<T> {
    const startedMs = this.#clock.monotonicMs();
    const usualMs = this.#usualMs();
    this.#earned = Math.min(EARNED_MAX, this.#earned + EARNED);
    return new Promise((resolve, reject) => {
      const gaveUp = new AbortController();
      let running = 0;
      let found: { readonly value: T } | undefined;
      let failure: { readonly error: unknown } | undefined;
      const settle = (): void => {
        if (running > 0) return;
        timer?.cancel();
        if (found !== undefined) resolve(found.value);
        else reject(failure!.error);
      };
      const start = (second: boolean): void => {
        running += 1;
        attempt(second, gaveUp.signal).then(
          (value) => {
            running -= 1;
            if (found === undefined) {
              found = { value };
              this.#observe(this.#clock.monotonicMs() - startedMs);
              // To abort nobody would cost as much as the rest of this. A second attempt may be several requests.
              if (running > 0 || second) gaveUp.abort();
            }
            settle();
          },
          (error: unknown) => {
            running -= 1;
            if (!second || failure === undefined) failure = { error };
            settle();
          },
        );
      };
      start(false);
      const timer =
        usualMs === undefined
          ? undefined
          : this.#timers.after(usualMs, () => {
              if (running === 0 || this.#earned < 1) return;
              this.#earned -= 1;
              this.#onHedge();
              start(true);
            });
    });
  }

  #observe(durationMs: number): void {
    this.#latest[this.#count % SAMPLES] = durationMs;
    this.#count += 1;
  }

  /** Undefined while too little is known. */
  #usualMs(): number | undefined {
    if (this.#count < SAMPLES_MIN) return undefined;
    const sorted = this.#latest.slice(0, Math.min(this.#count, SAMPLES)).sort();
    return sorted[Math.floor(USUAL * sorted.length)];
  }
}
