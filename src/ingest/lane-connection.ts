import type { IncomingProduce } from './engine.js';
import type { LaneLink } from './lane-link.js';
import type { Fate } from './messages.js';

/** Where a lane's link is found: another one when its worker crashed. */
export interface LanePlace {
  readonly link: LaneLink;
}

/** A request that was given to a lane and is not both released and answered. */
export interface OpenRequest {
  readonly incoming: IncomingProduce;
  readonly connection: LaneConnection;
  readonly bytes: number;
  readonly topicsRevision: number;
  /** Set when it is in the ring. */
  id: number | undefined;
  /** Turns of its lane that were heard when it was given to it; it may reach the ring later. */
  turnsHeard: number;
  /** The lane must not store it: one that the connection sent before it was not stored. */
  fails: boolean;
  released: boolean;
  answered: boolean;
}

/**
 * A client's connection and its lane. It changes lanes only while nothing of it is unanswered, so that its order holds: a
 * busy one that is to move holds back what comes until everything before is answered. Nothing that is held back overtakes
 * what failed meanwhile.
 */
export class LaneConnection {
  readonly id: number;
  /** Given and not answered. */
  readonly unanswered = new Set<OpenRequest>();
  /** Bytes of requests since this was last set to 0. */
  bytes = 0;
  #place: LanePlace;
  /** Of the unanswered requests. */
  #link: LaneLink;
  #next: LanePlace | undefined;
  readonly #held: OpenRequest[] = [];
  /** Monotonic ms up to which what was received must fail with what failed. */
  #failedMs = Number.NEGATIVE_INFINITY;
  /** Lanes that have a publish of it under way whose request was answered. */
  #pins = 0;

  constructor(id: number, place: LanePlace) {
    this.id = id;
    this.#place = place;
    this.#link = place.link;
  }

  /** The place that it goes to, or stays at. */
  get place(): LanePlace {
    return this.#next ?? this.#place;
  }

  get isFree(): boolean {
    return this.unanswered.size === 0 && this.#pins === 0;
  }

  /** False while it is pinned to its lane. */
  get mayMove(): boolean {
    return this.#pins === 0;
  }

  /** A request was answered that it timed out while its publish was under way: what comes next must not overtake that. */
  pin(): void {
    this.#pins += 1;
    this.#next = undefined;
  }

  /** The publish has an outcome. */
  unpin(): void {
    this.#pins -= 1;
  }

  moveTo(place: LanePlace): void {
    if (this.#pins > 0 || place === this.place) return;
    this.#next = place === this.#place ? undefined : place;
    this.#settle();
  }

  give(request: OpenRequest): void {
    this.bytes += request.bytes;
    if (this.unanswered.size === 0) {
      this.#link = this.#place.link;
    } else if (this.#next !== undefined || this.#held.length > 0) {
      this.#held.push(request);
      return;
    }
    this.#give(request);
  }

  /** One of the unanswered requests is about to be answered so. */
  told(fate: Fate, close: boolean, nowMs: number): void {
    if (fate === 'failed') this.#failedMs = nowMs;
    if (close) this.#dropHeld((request) => request.incoming.answered(undefined, true, 0));
  }

  /** `request` is answered, or nobody waits for its answer any more. */
  settled(request: OpenRequest): void {
    this.unanswered.delete(request);
    this.#settle();
  }

  /** Gives what is held back to the lane of what is unanswered. */
  stay(): void {
    this.#next = undefined;
    this.#giveHeld();
  }

  closed(): void {
    this.#next = undefined;
    this.#dropHeld(() => {});
    this.#link.connectionClosed(this);
  }

  #settle(): void {
    if (this.unanswered.size > 0 && this.#next !== undefined) return;
    this.#place = this.#next ?? this.#place;
    this.#next = undefined;
    if (this.unanswered.size === 0) this.#link = this.#place.link;
    this.#giveHeld();
  }

  #giveHeld(): void {
    for (const request of this.#held.splice(0)) this.#give(request);
  }

  #give(request: OpenRequest): void {
    request.fails = request.incoming.receivedMs <= this.#failedMs;
    this.unanswered.add(request);
    this.#link.give(request);
  }

  #dropHeld(tell: (request: OpenRequest) => void): void {
    for (const request of this.#held.splice(0)) {
      request.released = true;
      request.answered = true;
      request.incoming.released();
      tell(request);
    }
  }
}
