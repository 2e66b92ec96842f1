/** As many as come in eleven seconds may be taken at once (Kafka's controller.quota.window.num times its window). */
const BURST_SECONDS = 11;

/**
 * Tokens that come at a rate and are taken in any number while there are some left, even more than are left (KIP-599): who
 * owes tokens waits until nothing is owed.
 */
export class TokenBucket {
  #tokens: number;
  #updatedMs: number;

  /** Begins full. */
  constructor(perSecond: number, nowMs: number) {
    this.#tokens = BURST_SECONDS * perSecond;
    this.#updatedMs = nowMs;
  }

  take(count: number, perSecond: number, nowMs: number): void {
    this.#refill(perSecond, nowMs);
    this.#tokens -= count;
  }

  /** Milliseconds until nothing is owed; 0 when nothing is. */
  owedMs(perSecond: number, nowMs: number): number {
    this.#refill(perSecond, nowMs);
    return this.#tokens < 0 ? Math.round((-this.#tokens / perSecond) * 1_000) : 0;
  }

  #refill(perSecond: number, nowMs: number): void {
    const gained = (perSecond * (nowMs - this.#updatedMs)) / 1_000;
    this.#tokens = Math.min(BURST_SECONDS * perSecond, this.#tokens + gained);
    this.#updatedMs = nowMs;
  }
}
