/** Kafka's quota.window.num and quota.window.size.seconds: ten whole windows and the present one. */
const SAMPLES = 11;
const WINDOW_MS = 1_000;

interface Sample {
  startedMs: number;
  lastMs: number;
  value: number;
}

/**
 * How much there was a second, over the last eleven windows of one second: Kafka's Rate over a SampledStat, so that quotas
 * bind as they do there. A window begins with the first event after the one before it was full, and counts until eleven
 * seconds after its last event; a short history counts as at least ten seconds.
 */
export class SampledRate {
  /** A ring; one more than the samples, for one that overlaps the oldest. */
  readonly #samples: Sample[] = [];
  #current = 0;

  record(value: number, nowMs: number): void {
    let sample = this.#samples[this.#current];
    if (sample === undefined) {
      sample = { startedMs: nowMs, lastMs: nowMs, value: 0 };
      this.#samples.push(sample);
    } else if (nowMs - sample.startedMs >= WINDOW_MS) {
      sample = this.#advance(nowMs);
    }
    sample.value += value;
    sample.lastMs = nowMs;
  }

  /**
   * Milliseconds to wait until the rate is within `limit` a second, when nothing more comes; 0 when it is. An observed rate
   * O over a window W comes down to T after X more milliseconds when O * W / (W + X) = T.
   */
  excessMs(limit: number, nowMs: number): number {
    for (const sample of this.#samples) {
      if (nowMs - sample.lastMs >= SAMPLES * WINDOW_MS) reset(sample, nowMs);
    }
    const windowMs = this.#windowMs(nowMs);
    const rate = this.#samples.reduce((sum, { value }) => sum + value, 0) / (windowMs / 1_000);
    return rate > limit ? Math.round(((rate - limit) / limit) * windowMs) : 0;
  }

  #advance(nowMs: number): Sample {
    this.#current = (this.#current + 1) % (SAMPLES + 1);
    let sample = this.#samples[this.#current];
    if (sample === undefined) {
      sample = { startedMs: nowMs, lastMs: nowMs, value: 0 };
      this.#samples.push(sample);
    } else {
      reset(sample, nowMs);
    }
    return sample;
  }

  #windowMs(nowMs: number): number {
    const oldestMs = this.#samples.reduce((oldest, { startedMs }) => Math.min(oldest, startedMs), nowMs);
    const elapsedMs = nowMs - oldestMs;
    const missing = Math.max(0, SAMPLES - 1 - Math.floor(elapsedMs / WINDOW_MS));
    return Math.max(elapsedMs + missing * WINDOW_MS, 1);
  }
}

/** The most that can come at once without being over a limit of `limit` a second, when nothing came before. */
export function burstOf(limit: number): number {
  return (limit * (SAMPLES - 1) * WINDOW_MS) / 1_000;
}

function reset(sample: Sample, nowMs: number): void {
  sample.startedMs = nowMs;
  sample.lastMs = nowMs;
  sample.value = 0;
}
