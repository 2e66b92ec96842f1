import type { Telemetry } from '../telemetry/telemetry.js';
import type { Clock, Timer, Timers } from '../world/world.js';

/** Per second, over the last sampling period. */
export interface Rates {
  readonly producedRecords: number;
  readonly producedBytes: number;
  readonly fetchedBytes: number;
  readonly requests: number;
  readonly storeRequests: number;
}

const counted = ['producedRecords', 'producedBytes', 'fetchedBytes', 'requests', 'storeRequests'] as const;
const periodMs = 5000;

interface Sample {
  readonly atMs: number;
  readonly totals: readonly number[];
}

/** Turns counters into rates by looking at them every five seconds. */
export class ThroughputMeter {
  readonly #telemetry: Telemetry;
  readonly #clock: Clock;
  readonly #timers: Timers;
  #timer: Timer | undefined;
  #before: Sample;
  #last: Sample;

  constructor(telemetry: Telemetry, clock: Clock, timers: Timers) {
    this.#telemetry = telemetry;
    this.#clock = clock;
    this.#timers = timers;
    this.#last = this.#sample();
    this.#before = this.#last;
  }

  start(): void {
    this.#timer = this.#timers.after(periodMs, () => {
      this.#before = this.#last;
      this.#last = this.#sample();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  rates(): Rates {
    const seconds = (this.#last.atMs - this.#before.atMs) / 1000;
    const rates = counted.map((name, index) => {
      const growth = this.#last.totals[index]! - this.#before.totals[index]!;
      return [name, seconds > 0 ? growth / seconds : 0] as const;
    });
    return Object.fromEntries(rates) as Record<(typeof counted)[number], number>;
  }

  #sample(): Sample {
    return { atMs: this.#clock.monotonicMs(), totals: counted.map((name) => this.#telemetry.total(name)) };
  }
}
