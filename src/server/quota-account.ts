import type { Clock } from '../world/world.js';
import { BOUNDED_MS_MAX, burstOf, type ClientQuota } from './client-quotas.js';

/** Which quota holds a client back; names of the metric's label. */
export type QuotaKind = 'produce' | 'fetch' | 'request' | 'mutation';

/** A millisecond of one thread within a second, in percent. */
const PERCENT_OF_MS = 0.1;

/**
 * One request's account with the quotas of its client. Time is that of the main thread: from decoding to the first wait,
 * and the making of the answer; for Produce that of the lane from decoding to the checks of the last batch.
 */
export class QuotaAccount {
  readonly #quota: ClientQuota;
  readonly #clock: Clock;
  #busyMs = 0;
  #settled = false;
  #kind: QuotaKind = 'request';
  /** When its client may go on. */
  #heldUntilMs = 0;

  constructor(quota: ClientQuota, clock: Clock) {
    this.#quota = quota;
    this.#clock = clock;
  }

  /** Runs a part of the request's work and counts the time until it returns, or until its first wait. */
  run<T>(work: () => T): T {
    const startMs = this.#clock.monotonicMs();
    try {
      return work();
    } finally {
      const ms = this.#clock.monotonicMs() - startMs;
      if (this.#settled) this.#quota.request?.note(ms * PERCENT_OF_MS, startMs + ms);
      else this.#busyMs += ms;
    }
  }

  /** Time that was spent elsewhere. */
  busy(ms: number): void {
    this.#busyMs += ms;
  }

  /** A Produce request of that size has come. */
  produced(bytes: number): Hold {
    const nowMs = this.#clock.monotonicMs();
    this.#hold('produce', this.#quota.produce?.use(bytes, nowMs) ?? 0, nowMs);
    return this.#held(nowMs);
  }

  /** More bytes than this in one answer would be too much even if nothing was fetched before. */
  get fetchBytesMax(): number {
    const { fetch } = this.#quota;
    return fetch === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(burstOf(fetch.limit)));
  }

  /**
   * Whether a fetch may answer that many bytes. If not, because it is too much or because its client used too much time, it
   * is to answer nothing, and the bytes are not counted.
   */
  mayFetch(bytes: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#hold('fetch', this.#quota.fetch?.use(bytes, nowMs) ?? 0, nowMs);
    if (this.settle().throttleMs === 0) return true;
    this.#quota.fetch?.note(-bytes, nowMs);
    return false;
  }

  /**
   * Whether so many partitions may be made or deleted. A strict quota refuses while something is owed, and holds back whom
   * it refused. One that is not refuses nothing, and holds back who owes something.
   */
  mayMutate(partitions: number, strict: boolean): boolean {
    const bucket = this.#quota.mutation;
    if (bucket === undefined) return true;
    const nowMs = this.#clock.monotonicMs();
    const refused = strict && bucket.owedMs(nowMs) > 0;
    if (!refused) bucket.take(partitions, nowMs);
    if (refused || !strict) this.#hold('mutation', bucket.owedMs(nowMs), nowMs);
    return !refused;
  }

  /** The end of the request: counts its time, once, and says for how long its client is held back from now on. */
  settle(): Hold {
    const nowMs = this.#clock.monotonicMs();
    if (!this.#settled) {
      this.#settled = true;
      const excessMs = this.#quota.request?.use(this.#busyMs * PERCENT_OF_MS, nowMs) ?? 0;
      this.#hold('request', Math.min(excessMs, BOUNDED_MS_MAX), nowMs);
    }
    return this.#held(nowMs);
  }

  #hold(kind: QuotaKind, ms: number, nowMs: number): void {
    if (nowMs + ms > Math.max(nowMs, this.#heldUntilMs)) {
      this.#heldUntilMs = nowMs + ms;
      this.#kind = kind;
    }
  }

  #held(nowMs: number): Hold {
    const leftMs = Math.ceil(Math.max(0, this.#heldUntilMs - nowMs));
    return { throttleMs: Math.min(leftMs, THROTTLE_MS_MAX), kind: this.#kind };
  }
}

/** How long a client is held back: whole milliseconds, 0 for not at all. */
export interface Hold {
  readonly throttleMs: number;
  readonly kind: QuotaKind;
}

/** int32, and as long as a timer can run. */
export const THROTTLE_MS_MAX = 0x7fff_ffff;
