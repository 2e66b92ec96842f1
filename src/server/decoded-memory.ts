import { ByteBudget } from '../threads/budget.js';
import type { Clock } from '../world/world.js';

/** What one array element of a request costs until it is answered: its objects, and those of its part of the answer. */
const ELEMENT_BYTES = 512;
/** Requests that cost no more than this need no share: their frames are a budget of their own. */
const FREE_BYTES = 8 * 1024;
/** A share that is held for so long while others wait is taken back. */
const HELD_MS_MAX = 5_000;

/** A request's part of the memory for decoded requests. */
export interface DecodedShare {
  /** Aborted when other requests wait for memory: a request that waits for something to happen should end its wait. */
  readonly crowded: AbortSignal;
  release(): void;
}

interface Held extends DecodedShare {
  readonly crowd: AbortController;
  readonly sinceMs: number;
  readonly revoked: () => void;
}

/**
 * The memory for requests that the main thread has decoded: objects take many times the bytes that they came in, so these are
 * counted before they are made. A request is admitted with all that it will take, in order of arrival; small ones have half of
 * the memory to themselves.
 *
 * Some requests wait while they hold their share, for records or for other members of a group. When somebody else waits for
 * memory, a fetch ends its wait; whoever goes on holding for 5 s is disconnected. So nobody is kept out by those who wait.
 */
export class DecodedMemory {
  readonly #budget: ByteBudget;
  readonly #bytesMax: number;
  readonly #clock: Clock;
  readonly #held = new Set<Held>();
  #waitSinceMs: number | undefined;

  constructor(bytes: number, clock: Clock) {
    this.#bytesMax = bytes / 2;
    const shares = { smallBytes: bytes / 2, commonBytes: bytes / 2, ownBytes: 0 };
    this.#budget = new ByteBudget(shares, clock.monotonicMs());
    this.#clock = clock;
  }

  get heldBytes(): number {
    return this.#budget.heldBytes;
  }

  /**
   * Admits a request of so many bytes and elements: undefined when it is free, 'gone' when `signal` is aborted before its
   * turn. One that takes more than the memory (its elements are limited, too) is admitted alone. `revoked` may run once while the share is held: close the connection.
   */
  admit(
    bytes: number,
    elements: number,
    signal: AbortSignal,
    revoked: () => void,
  ): Promise<DecodedShare | 'gone'> | DecodedShare | undefined {
    const cost = bytes + elements * ELEMENT_BYTES;
    if (cost <= FREE_BYTES) return undefined;
    let share: Held | undefined;
    let admitted: ((share: Held) => void) | undefined;
    const reservation = this.#budget.reserve(Math.min(cost, this.#bytesMax), 'client', this.#clock.monotonicMs(), {
      granted: () => {
        share = this.#hold(revoked, () => reservation!.release());
        admitted?.(share);
      },
      revoked: () => {},
    });
    if (reservation === undefined) throw new RangeError(`${this.#bytesMax} bytes of decoded requests can never be had`);
    if (share !== undefined) {
      reservation.filled();
      return share;
    }
    this.#waitSinceMs ??= this.#clock.monotonicMs();
    for (const { crowd } of this.#held) crowd.abort();
    return new Promise((resolve) => {
      const gone = (): void => {
        reservation.release();
        this.#noteWaiting();
        resolve('gone');
      };
      signal.addEventListener('abort', gone, { once: true });
      admitted = (held) => {
        signal.removeEventListener('abort', gone);
        reservation.filled();
        this.#noteWaiting();
        resolve(held);
      };
    });
  }

  /** To be called about once a second. */
  tick(nowMs: number): void {
    const waitSinceMs = this.#waitSinceMs;
    if (waitSinceMs === undefined) return;
    for (const { sinceMs, revoked } of [...this.#held]) {
      if (nowMs - Math.max(sinceMs, waitSinceMs) >= HELD_MS_MAX) revoked();
    }
  }

  #hold(revoked: () => void, giveBack: () => void): Held {
    const crowd = new AbortController();
    const share: Held = {
      crowd,
      crowded: crowd.signal,
      sinceMs: this.#clock.monotonicMs(),
      revoked,
      release: () => {
        this.#held.delete(share);
        giveBack();
        this.#noteWaiting();
      },
    };
    this.#held.add(share);
    if (this.#budget.waitingCount > 0) crowd.abort();
    return share;
  }

  #noteWaiting(): void {
    if (this.#budget.waitingCount === 0) this.#waitSinceMs = undefined;
  }
}
