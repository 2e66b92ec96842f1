import type { ByteBudget } from '../threads/budget.js';

/**
 * How long a request may lie between its last byte and its segment's seal, beside what the store makes it wait. Longer than
 * the batch window of any store but S3, and as long as that one.
 */
export const QUEUE_MS_TARGET = 250;
/** Requests are looked at for so long before the limit changes. */
export const QUEUE_INTERVAL_MS = 500;
const SHRINK_MOST = 0.25;
const GROW_MOST = 1.5;

export interface QueueLimits {
  /** Below this the lanes could not fill their segments, and the store would get less for as many requests. */
  readonly bytesMin: number;
  /** All that the budget has for clients. */
  readonly bytesMax: number;
}

/** What the limit needs of the byte budget. */
export type ProduceBudget = Pick<ByteBudget, 'limitProduce' | 'waitingProduceCount' | 'wholeProduceCount'>;

/**
 * Bounds by time what was taken from clients and waits for a seal. The byte budget alone is a bound by memory: before a store
 * that takes 50 MB/s, 56 MB of requests are a queue of more than a second that makes nothing faster, and every request
 * waits in it. As in CoDel (RFC 8289) the least wait within an interval tells a queue that stands from one that comes and
 * goes; nothing is dropped, though: sockets are left unread, and TCP holds the clients back.
 */
export class QueueLimit {
  readonly #budget: ProduceBudget;
  readonly #limits: QueueLimits;
  #bytes: number;
  #sinceMs: number;
  #leastMs = Number.POSITIVE_INFINITY;

  constructor(budget: ProduceBudget, limits: QueueLimits, nowMs: number) {
    this.#budget = budget;
    this.#limits = limits;
    this.#bytes = limits.bytesMax;
    this.#sinceMs = nowMs;
  }

  /** A Produce request gave its bytes back, `queuedMs` after its last one came. */
  sealed(queuedMs: number, nowMs: number): void {
    this.#leastMs = Math.min(this.#leastMs, queuedMs);
    this.#judge(nowMs);
  }

  /**
   * To be called about once a second: what an overload took away must not depend on further requests, which it may keep
   * out. While whole ones wait and none is sealed, though, the store stands still, and more of them would help nobody.
   */
  tick(nowMs: number): void {
    if (this.#leastMs < Number.POSITIVE_INFINITY || this.#budget.wholeProduceCount === 0) this.#judge(nowMs);
  }

  #judge(nowMs: number): void {
    if (nowMs - this.#sinceMs < QUEUE_INTERVAL_MS) return;
    // While nobody waits, what is long is the batch window; where nothing was sealed, there is no queue.
    const isQueue = this.#budget.waitingProduceCount > 0 && this.#leastMs < Number.POSITIVE_INFINITY;
    const factor = isQueue ? QUEUE_MS_TARGET / Math.max(this.#leastMs, 1) : GROW_MOST;
    const bytes = this.#bytes * Math.min(Math.max(factor, SHRINK_MOST), GROW_MOST);
    this.#bytes = Math.min(Math.max(bytes, this.#limits.bytesMin), this.#limits.bytesMax);
    this.#sinceMs = nowMs;
    this.#leastMs = Number.POSITIVE_INFINITY;
    this.#budget.limitProduce(this.#bytes);
  }
}
