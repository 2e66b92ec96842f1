import { ClaimQueue, firstOf, type Ordered } from './claim-queue.js';

/**
 * The one byte budget of an agent's requests (docs/ARCHITECTURE.md, Produce). A frame reserves its declared size before its body is read,
 * all of it at once, so half-read frames never wait for one another.
 *
 * Waiters are served by fair queueing (Demers, Keshav and Shenker, SIGCOMM 1989) over *flows*, which here are connections.
 * Virtual time goes on by what is granted, divided by those who share it; a claim's tag is the virtual time at which its flow
 * would have had it, and the least tag is served next. In order of arrival a frame of 1 KB would wait for a frame of 1 MiB of
 * every other connection; so it waits for about 1 KB of each. A frame costs its flow 1 MiB at most, or large ones would wait
 * for as much of everybody else. Nor does a flow lead virtual time by more than that: what it was given while others waited
 * for another pool was taken from nobody, and is no debt to those who come later. Claims without a flow go in order of arrival.
 *
 * The budget has three pools. *Small* frames (≤ 1 MiB) draw on a share of their own and, when that is used up, on the
 * common pool; *large* frames draw on the common pool only; the agent's *own* work (peer calls, publishing, control) has
 * a reserve that no client takes from. A reservation lies in one pool and returns to it.
 *
 * Beside the pools, what of *Produce* frames has come and waits for its seal may be limited (server/queue-limit.ts). Only
 * Produce frames wait for that; every other frame has the pools as if there were no such limit.
 *
 * A declared size is a claim, not a right: a client's reservation that is held but not filled, and that gains less than
 * 64 KiB in 5 s while others wait, is revoked; its owner closes the connection and so releases it.
 */

/** Frames up to this size count as small. */
export const SMALL_FRAME_BYTES_MAX = 1024 * 1024;
export const PROGRESS_BYTES_MIN = 64 * 1024;
export const PROGRESS_WINDOW_MS = 5_000;

export interface BudgetShares {
  /** Small frames only. */
  readonly smallBytes: number;
  /** Any client frame. */
  readonly commonBytes: number;
  /** The agent's own work only. */
  readonly ownBytes: number;
}

/** `produce`: a client's frame whose bytes are kept until they are sealed; `client`: any other one. */
export type Claimant = 'client' | 'produce' | 'own';

/** What becomes of a reservation. Called from within `reserve`, `release`, `tick`: never re-entered for the same one. */
export interface ReservationEvents {
  /** Runs once, at once or later: the bytes are there. */
  granted(): void;
  /** Runs once at most, for a held reservation that does not fill: close its connection. It stays held until `release`. */
  revoked(): void;
}

/** Whoever makes claims one after another, and shall have no more than others that wait. */
export class Flow {
  /** Virtual time at which what it was given so far is paid for. */
  tag = 0;
}

/** Bytes that are held or waited for. */
export interface Reservation {
  readonly bytes: number;
  readonly held: boolean;
  /** Where the bytes come from; undefined while they are waited for, and the same from then on. */
  readonly pool: Pool | undefined;
  /** `count` more bytes of the frame have come. */
  gained(count: number): void;
  /** Everything has come: cannot be revoked any more. */
  filled(): void;
  /** Gives the bytes back, or stops waiting. Runs once at least; further calls change nothing. */
  release(): void;
}

export type Pool = 'small' | 'common' | 'own';

/** What a budget does for its claims. */
interface ClaimOwner {
  gained(claim: Claim, count: number): void;
  filled(claim: Claim): void;
  released(claim: Claim): void;
}

/** One for each frame: no closures. */
class Claim implements Reservation, Ordered {
  readonly bytes: number;
  readonly claimant: Claimant;
  readonly events: ReservationEvents;
  readonly tag: number;
  readonly arrival: number;
  held = false;
  pool: Pool | undefined = undefined;
  state: 'waiting' | 'filling' | 'filled' | 'released' = 'waiting';
  gainedBytes = 0;
  gainedInWindow = 0;
  windowStartMs = 0;
  wasRevoked = false;
  readonly #owner: ClaimOwner;

  constructor(
    owner: ClaimOwner,
    bytes: number,
    claimant: Claimant,
    events: ReservationEvents,
    tag: number,
    arrival: number,
  ) {
    this.#owner = owner;
    this.bytes = bytes;
    this.claimant = claimant;
    this.events = events;
    this.tag = tag;
    this.arrival = arrival;
  }

  gained(count: number): void {
    this.#owner.gained(this, count);
  }

  filled(): void {
    this.#owner.filled(this);
  }

  release(): void {
    this.#owner.released(this);
  }
}

export class ByteBudget {
  readonly #shares: BudgetShares;
  readonly #free: Record<Pool, number>;
  readonly #waiting = {
    small: new ClaimQueue<Claim>(),
    smallProduce: new ClaimQueue<Claim>(),
    large: new ClaimQueue<Claim>(),
    largeProduce: new ClaimQueue<Claim>(),
    own: new ClaimQueue<Claim>(),
  };
  /** Held by clients and not filled: what may be revoked. */
  readonly #filling = new Set<Claim>();
  readonly #owner: ClaimOwner = {
    gained: (claim, count) => {
      claim.gainedInWindow += count;
      this.#countGained(claim, claim.gainedBytes + count);
    },
    filled: (claim) => this.#fill(claim),
    released: (claim) => this.#release(claim),
  };
  #arrivals = 0;
  /** What every flow that waits has been given since the start, or would have been. */
  #virtualTime = 0;
  #serving = false;
  /** Since when a client has been waiting without a pause; undefined when none is. */
  #clientsWaitSinceMs: number | undefined;
  #roomWaitSinceMs: number | undefined;
  #nowMs: number;
  #queuedBytesMax = Number.POSITIVE_INFINITY;
  /** What Produce frames that are held count for. */
  #queuedBytes = 0;
  #wholeProduceCount = 0;

  constructor(shares: BudgetShares, nowMs: number) {
    this.#shares = shares;
    this.#free = { small: shares.smallBytes, common: shares.commonBytes, own: shares.ownBytes };
    this.#nowMs = nowMs;
  }

  /** Bytes that clients hold. */
  get heldBytes(): number {
    return this.#shares.smallBytes - this.#free.small + this.#shares.commonBytes - this.#free.common;
  }

  /** Client frames that wait for bytes. */
  get waitingCount(): number {
    return this.#waiting.small.size + this.#waiting.large.size + this.waitingProduceCount;
  }

  /** Those of them that are Produce. */
  get waitingProduceCount(): number {
    return this.#waiting.smallProduce.size + this.#waiting.largeProduce.size;
  }

  /** Produce frames that have come whole and still hold their bytes. */
  get wholeProduceCount(): number {
    return this.#wholeProduceCount;
  }

  /**
   * From now on no Produce frame is granted anything while Produce frames have brought this much, whatever the pools have
   * left. A small one counts as declared from its grant on, since many are granted before the first has come; a large one
   * as what has come of it, and as 1 MiB at least.
   */
  limitProduce(bytesMax: number): void {
    this.#queuedBytesMax = bytesMax;
    this.#serve();
  }

  /**
   * Claims `bytes` > 0. Undefined when no pool could ever hold them: the frame must be refused. `events.granted` may run
   * before this returns.
   */
  reserve(
    bytes: number,
    claimant: Claimant,
    nowMs: number,
    events: ReservationEvents,
    flow?: Flow,
  ): Reservation | undefined {
    this.#nowMs = nowMs;
    const isSmall = bytes <= SMALL_FRAME_BYTES_MAX;
    const { smallBytes, commonBytes, ownBytes } = this.#shares;
    const most = claimant === 'own' ? ownBytes : isSmall ? Math.max(smallBytes, commonBytes) : commonBytes;
    if (bytes > most) {
      return undefined;
    }
    const claim = this.#claim(bytes, claimant, events, flow);
    this.#queueOf(claim).push(claim);
    this.#serve();
    return claim;
  }

  /**
   * To be called about once a second: revokes what does not fill while others wait, for bytes of this budget or, as
   * `roomIsWaitedFor` says, for the memory behind it.
   */
  tick(nowMs: number, roomIsWaitedFor = false): void {
    this.#nowMs = nowMs;
    this.#noteWaiting();
    this.#roomWaitSinceMs = roomIsWaitedFor ? (this.#roomWaitSinceMs ?? nowMs) : undefined;
    const waitSinceMs = Math.min(this.#clientsWaitSinceMs ?? NEVER, this.#roomWaitSinceMs ?? NEVER);
    for (const claim of [...this.#filling]) {
      // One that was revoked before it may have ended others.
      if (claim.state !== 'filling') continue;
      if (waitSinceMs === NEVER) {
        startWindow(claim, nowMs);
      } else if (nowMs - Math.max(claim.windowStartMs, waitSinceMs) >= PROGRESS_WINDOW_MS) {
        const stalled = claim.gainedInWindow < PROGRESS_BYTES_MIN;
        startWindow(claim, nowMs);
        if (stalled && !claim.wasRevoked) {
          claim.wasRevoked = true;
          claim.events.revoked();
        }
      }
    }
  }

  #claim(bytes: number, claimant: Claimant, events: ReservationEvents, flow: Flow | undefined): Claim {
    let tag = this.#virtualTime;
    if (flow !== undefined) {
      tag = Math.max(tag, Math.min(flow.tag, tag + SMALL_FRAME_BYTES_MAX)) + costOf(bytes);
      flow.tag = tag;
    }
    this.#arrivals += 1;
    return new Claim(this.#owner, bytes, claimant, events, tag, this.#arrivals);
  }

  #fill(claim: Claim): void {
    if (claim.state !== 'filling') return;
    this.#countGained(claim, claim.bytes);
    claim.state = 'filled';
    this.#filling.delete(claim);
    if (claim.claimant === 'produce') this.#wholeProduceCount += 1;
  }

  /** What a frame has gained counts once, though its bytes may be moved. */
  #countGained(claim: Claim, gainedBytes: number): void {
    const before = queuedBytesOf(claim);
    claim.gainedBytes = gainedBytes;
    if (claim.state === 'filling') this.#queuedBytes += queuedBytesOf(claim) - before;
  }

  #queueOf({ claimant, bytes }: Claim): ClaimQueue<Claim> {
    const { small, smallProduce, large, largeProduce, own } = this.#waiting;
    if (claimant === 'own') return own;
    const isSmall = bytes <= SMALL_FRAME_BYTES_MAX;
    if (claimant === 'produce') return isSmall ? smallProduce : largeProduce;
    return isSmall ? small : large;
  }

  #release(claim: Claim): void {
    if (claim.state === 'released') {
      return;
    }
    if (claim.state === 'filled' && claim.claimant === 'produce') this.#wholeProduceCount -= 1;
    claim.state = 'released';
    claim.held = false;
    this.#filling.delete(claim);
    if (claim.pool !== undefined) {
      this.#free[claim.pool] += claim.bytes;
      this.#queuedBytes -= queuedBytesOf(claim);
    } else {
      this.#queueOf(claim).remove(claim);
    }
    this.#serve();
  }

  /** Grants whatever can be granted, in order. Not recursive: a grant that releases or reserves is seen by the same loop. */
  #serve(): void {
    if (this.#serving) {
      return;
    }
    this.#serving = true;
    try {
      for (let claim = this.#next(); claim !== undefined; claim = this.#next()) {
        claim.events.granted();
      }
    } finally {
      this.#serving = false;
      this.#noteWaiting();
    }
  }

  /** Takes the next claim that fits from its queue and marks it held. */
  #next(): Claim | undefined {
    const { small, smallProduce, large, largeProduce, own } = this.#waiting;
    if (own.first !== undefined && own.first.bytes <= this.#free.own) {
      return this.#hold(own.first, 'own');
    }
    const mayQueue = this.#queuedBytes < this.#queuedBytesMax;
    const firstSmall = mayQueue ? firstOf(small.first, smallProduce.first) : small.first;
    const firstLarge = mayQueue ? firstOf(large.first, largeProduce.first) : large.first;
    // Who is first goes first, even when only the later one would fit the common pool: nobody starves.
    const largeIsFirst = firstLarge !== undefined && firstOf(firstLarge, firstSmall) === firstLarge;
    if (largeIsFirst && firstLarge.bytes <= this.#free.common) return this.#hold(firstLarge, 'common');
    if (firstSmall !== undefined && firstSmall.bytes <= this.#free.small) return this.#hold(firstSmall, 'small');
    const fits = !largeIsFirst && firstSmall !== undefined && firstSmall.bytes <= this.#free.common;
    return fits ? this.#hold(firstSmall, 'common') : undefined;
  }

  #hold(claim: Claim, pool: Pool): Claim {
    this.#queueOf(claim).remove(claim);
    this.#free[pool] -= claim.bytes;
    claim.pool = pool;
    claim.held = true;
    claim.state = 'filling';
    startWindow(claim, this.#nowMs);
    this.#queuedBytes += queuedBytesOf(claim);
    if (claim.claimant !== 'own') {
      this.#virtualTime += costOf(claim.bytes) / (this.waitingCount + 1);
      this.#filling.add(claim);
    }
    return claim;
  }

  #noteWaiting(): void {
    if (this.waitingCount === 0) {
      this.#clientsWaitSinceMs = undefined;
    } else {
      this.#clientsWaitSinceMs ??= this.#nowMs;
    }
  }
}

const NEVER = Number.POSITIVE_INFINITY;

function startWindow(claim: Claim, nowMs: number): void {
  claim.windowStartMs = nowMs;
  claim.gainedInWindow = 0;
}

function costOf(bytes: number): number {
  return Math.min(bytes, SMALL_FRAME_BYTES_MAX);
}

/** What a claim that is held counts for in the queue before the seal. */
function queuedBytesOf({ claimant, bytes, gainedBytes }: Claim): number {
  return claimant === 'produce' ? Math.max(costOf(bytes), Math.min(gainedBytes, bytes)) : 0;
}
