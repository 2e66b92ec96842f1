import { ByteBudget, type Reservation, SMALL_FRAME_BYTES_MAX } from '../threads/budget.js';
import type { Clock } from '../world/world.js';

/** What one array element of a request costs until it is answered: its objects, and those of its part of the answer. */
const ELEMENT_BYTES = 512;
/** Requests that cost no more than this need no share: their frames are a budget of their own. */
const FREE_BYTES = 8 * 1024;
/** A share that is held for so long while others wait is taken back. */
const HELD_MS_MAX = 5_000;

/** A request's part of the memory for decoded requests. */
export interface DecodedShare {
  /**
   * For a request that waits for something to happen: aborted when others need its memory, so that it ends its wait. Who
   * asks for the signal gives way when it is aborted, and is not disconnected before.
   */
  crowded(): AbortSignal;
  release(): void;
}

interface Held extends DecodedShare {
  readonly reservation: Reservation;
  /** Of those that give way. */
  crowd: AbortController | undefined;
  /** When it was admitted, or told to give way. */
  sinceMs: number;
  readonly revoked: () => void;
}

/**
 * The memory for requests that the main thread has decoded: objects take many times the bytes that they came in, so these are
 * counted before they are made. A request is admitted with all that it will take, in order of arrival; small ones have half of
 * the memory to themselves.
 *
 * Some requests wait while they hold their share, for records or for other members of a group. When somebody else waits for
 * memory, as many fetches end their wait as make room for it, the oldest first; whoever does not, or is no fetch, and holds
 * on for 5 s, is disconnected. So nobody is kept out by those who wait.
 */
export class DecodedMemory {
  readonly #budget: ByteBudget;
  readonly #bytesMax: number;
  readonly #clock: Clock;
  /** In order of admission. */
  readonly #held = new Set<Held>();
  readonly #waiting = new Set<Reservation>();
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
        share = this.#hold(revoked, () => reservation!);
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
    this.#waiting.add(reservation);
    this.#makeRoom();
    return new Promise((resolve) => {
      const gone = (): void => {
        reservation.release();
        this.#noLongerWaits(reservation);
        resolve('gone');
      };
      signal.addEventListener('abort', gone, { once: true });
      admitted = (held) => {
        signal.removeEventListener('abort', gone);
        reservation.filled();
        this.#noLongerWaits(reservation);
        resolve(held);
      };
    });
  }

  /** To be called about once a second. */
  tick(nowMs: number): void {
    const waitSinceMs = this.#waitSinceMs;
    if (waitSinceMs === undefined) return;
    for (const { sinceMs, revoked, crowd } of [...this.#held]) {
      if (crowd?.signal.aborted !== false && nowMs - Math.max(sinceMs, waitSinceMs) >= HELD_MS_MAX) revoked();
    }
  }

  #hold(revoked: () => void, reservation: () => Reservation): Held {
    const share: Held = {
      get reservation() {
        return reservation();
      },
      crowd: undefined,
      crowded: () => {
        share.crowd ??= new AbortController();
        this.#makeRoom();
        return share.crowd.signal;
      },
      sinceMs: this.#clock.monotonicMs(),
      revoked,
      release: () => {
        this.#held.delete(share);
        reservation().release();
        this.#makeRoom();
      },
    };
    this.#held.add(share);
    return share;
  }

  /** Ends waits, oldest first, until what they hold is what others wait for. A share is of use to those who draw on its pool. */
  #makeRoom(): void {
    if (this.#waiting.size === 0) return;
    let smallBytes = 0;
    let largeBytes = 0;
    for (const { bytes } of this.#waiting) {
      if (bytes <= SMALL_FRAME_BYTES_MAX) smallBytes += bytes;
      else largeBytes += bytes;
    }
    const gives = ({ reservation: { bytes, pool } }: Held): boolean => {
      if (largeBytes > 0 && pool === 'common') largeBytes -= bytes;
      else if (smallBytes > 0) smallBytes -= bytes;
      else return false;
      return true;
    };
    const givingWay = [...this.#held].filter(({ crowd }) => crowd !== undefined);
    const isTold = ({ crowd }: Held): boolean => crowd!.signal.aborted;
    for (const share of givingWay.filter(isTold)) gives(share);
    for (const share of givingWay.filter((each) => !isTold(each))) {
      if (!gives(share)) continue;
      share.sinceMs = this.#clock.monotonicMs();
      share.crowd!.abort();
    }
  }

  #noLongerWaits(reservation: Reservation): void {
    this.#waiting.delete(reservation);
    if (this.#waiting.size === 0) this.#waitSinceMs = undefined;
  }
}
