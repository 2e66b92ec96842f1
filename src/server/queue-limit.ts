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

/**
 * Bounds by time what was taken from clients and waits for a seal. The byte budget alone is a bound by memory: before a store
 * that takes 50 MB/s, 56 MB of requests are a queue of more than a second that makes nothing faster, and every request
 * waits in it. As in CoDel (RFC 8289) the least wait within an interval tells a queue that stands from one that comes and
 * goes; nothing is dropped, though: sockets are left unread, and TCP holds the clients back.
 */
export class QueueLimit {
  readonly #budget: Pick<ByteBudget, 'limitClients' | 'waitingCount'>;
  readonly #limits: QueueLimits;
  #bytes: number;
  #sinceMs: number;
  #leastMs = Number.POSITIVE_INFINITY;

  constructor(budget: Pick<ByteBudget, 'limitClients' | 'waitingCount'>, limits: QueueLimits, nowMs: number) {
    this.#budget = budget;
    this.#limits = limits;
    this.#bytes = limits.bytesMax;
    this.#sinceMs = nowMs;
  }

  /** A Produce request gave its bytes back, `queuedMs` after its last one came. */
  sealed(queuedMs: number, nowMs: number): void {
    this.#leastMs = Math.min(this.#leastMs, queuedMs);
    if (nowMs - this.#sinceMs < QUEUE_INTERVAL_MS) return;
    // While nobody waits, what is long is the batch window.
    const clientsWait = this.#budget.waitingCount > 0;
    const factor = clientsWait ? QUEUE_MS_TARGET / Math.max(this.#leastMs, 1) : GROW_MOST;
    const bytes = this.#bytes * Math.min(Math.max(factor, SHRINK_MOST), GROW_MOST);
    this.#bytes = Math.min(Math.max(bytes, this.#limits.bytesMin), this.#limits.bytesMax);
    this.#sinceMs = nowMs;
    this.#leastMs = Number.POSITIVE_INFINITY;
    this.#budget.limitClients(this.#bytes);
  }
}
