import { apis } from '../protocol/apis.js';
import type { Meters } from '../telemetry/counters.js';
import type { Clock, Timer, Timers } from '../world/world.js';
import type { FrameReader } from './frame-reader.js';
import type { Pipeline } from './pipeline.js';
import type { Hold } from './quota-account.js';

/**
 * Holds one connection back (KIP-219): its answers leave at once, but no further request is read, nor is one started that
 * was read already, until the time is over. The last hold to end counts.
 */
export class Throttle {
  readonly #reader: Pick<FrameReader, 'mute' | 'unmute'>;
  readonly #pipeline: Pick<Pipeline, 'mute' | 'unmute'>;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #meters: Meters['throttled'];
  #untilMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #ended = false;

  constructor(
    reader: Pick<FrameReader, 'mute' | 'unmute'>,
    pipeline: Pick<Pipeline, 'mute' | 'unmute'>,
    { clock, timers, meters }: { readonly clock: Clock; readonly timers: Timers; readonly meters: Meters },
  ) {
    this.#reader = reader;
    this.#pipeline = pipeline;
    this.#clock = clock;
    this.#timers = timers;
    this.#meters = meters.throttled;
  }

  hold({ throttleMs, kind }: Hold): void {
    const untilMs = this.#clock.monotonicMs() + throttleMs;
    // What is left of a hold, in whole milliseconds, is no new one.
    if (throttleMs === 0 || this.#ended || untilMs < this.#untilMs + 1) return;
    this.#meters[kind].observeMs(throttleMs);
    this.#untilMs = untilMs;
    this.#timer?.cancel();
    this.#reader.mute();
    this.#pipeline.mute();
    this.#timer = this.#timers.after(throttleMs, () => {
      this.#pipeline.unmute();
      this.#reader.unmute();
    });
  }

  /** The connection is gone. */
  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }
}

/**
 * Writes throttle_time_ms into a whole Produce answer, as the lane made it: the last field, but for the count of tags, of
 * which there are none.
 */
export function setThrottleTime(answer: Uint8Array, version: number, throttleMs: number): void {
  const tagsBytes = apis.produce.response.isFlexible(version) ? 1 : 0;
  new DataView(answer.buffer, answer.byteOffset).setInt32(answer.length - tagsBytes - 4, throttleMs);
}
