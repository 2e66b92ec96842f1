import type { WorkerThread } from '../threads/threads.js';
import type { World } from '../world/world.js';
import { LaneConnection, type LanePlace } from './lane-connection.js';
import type { LaneLink } from './lane-link.js';
import { connectionsToMove, isCrowded, isQuiet, type LaneLoad } from './lane-policy.js';

/** A lane's place: the link changes when its worker crashes. */
export interface Place extends LanePlace {
  link: LaneLink;
  thread: WorkerThread | undefined;
  /** Crashes since a worker of this place last said that it was ready. */
  crashes: number;
  /** Runs when the worker has nothing left to do, after a drain. */
  drained: (() => void) | undefined;
  /** Its worker is to be ended: it gets no more requests. */
  ending: boolean;
  /** Monotonic ms since when it gets no connections; undefined: it does. */
  restsSinceMs: number | undefined;
  /** Looks in a row at which it had more than it could do. */
  crowdedLooks: number;
  /** What its thread had been busy at the last look. */
  busyMs: number;
}

/** How patiently lanes come and go, in ms. */
export interface LaneTimes {
  /** Between two looks at the load. */
  readonly look: number;
  /** Little to do for so long: a lane gets no more connections. It doubles each time that the lane is needed again soon. */
  readonly quiet: number;
  /** A lane without connections keeps its thread, and its memory for tail reads, for so long. */
  readonly rest: number;
}

export const laneTimes: LaneTimes = { look: 500, quiet: 10_000, rest: 60_000 };

export interface LanesOptions {
  readonly world: World;
  readonly lanesMax: number;
  readonly batchBytes: number;
  readonly times: LaneTimes;
  /** Starts a worker. */
  start(): Place;
  /** Ends the worker of a place that no connection is at any more. */
  end(place: Place): void;
}

/** Looks in a row that make a lane crowded: one alone may be a rush that is over. */
const CROWDED_LOOKS = 2;
const QUIET_DOUBLINGS_MAX = 5;

/**
 * Spreads connections over lanes. All of them share the first lane while it can do what they ask for; more lanes start when
 * it cannot, take about half of its load, and end after a quiet while.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #connections = new Map<number, LaneConnection>();
  /** Running lanes, the first one always. */
  readonly places: Place[] = [];
  #lookedMs: number;
  #quietSinceMs: number;
  #restedMs = Number.NEGATIVE_INFINITY;
  #doublings = 0;
  #closed = false;

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#lookedMs = options.world.clock.monotonicMs();
    this.#quietSinceMs = this.#lookedMs;
    this.#add();
    if (options.lanesMax > 1) this.#lookLater();
  }

  /** The connection, at the lane that its next request goes to. */
  connection(id: number): LaneConnection {
    let connection = this.#connections.get(id);
    if (connection === undefined) {
      connection = new LaneConnection(id, this.#leastLoaded());
      this.#connections.set(id, connection);
    }
    if (connection.isFree && this.#isFull(connection.place)) connection.moveTo(this.#roomiest(connection.place));
    return connection;
  }

  connectionClosed(id: number): void {
    const connection = this.#connections.get(id);
    this.#connections.delete(id);
    connection?.closed();
  }

  /** Nothing moves any more: what is held back goes to the lane that its connection is at. */
  settle(): void {
    this.#closed = true;
    for (const connection of this.#connections.values()) connection.stay();
  }

  close(): void {
    this.#closed = true;
  }

  #lookLater(): void {
    this.#options.world.timers.after(this.#options.times.look, () => {
      if (this.#closed) return;
      this.#look();
      this.#lookLater();
    });
  }

  #look(): void {
    const { world, batchBytes } = this.#options;
    const nowMs = world.clock.monotonicMs();
    const active = this.#active();
    const loads = active.map((place) => this.#load(place, nowMs - this.#lookedMs));
    active.forEach((place, i) => {
      place.crowdedLooks = isCrowded(loads[i]!, batchBytes) ? place.crowdedLooks + 1 : 0;
    });
    const crowded = active.filter(({ crowdedLooks }) => crowdedLooks >= CROWDED_LOOKS);
    for (const place of crowded) this.#relieve(place, nowMs);
    if (crowded.length > 0 || !isQuiet(loads, batchBytes)) {
      this.#quietSinceMs = nowMs;
    } else if (active.length > 1 && nowMs - this.#quietSinceMs >= this.#options.times.quiet * 2 ** this.#doublings) {
      const place = this.#dispensable(active);
      if (place !== undefined) this.#rest(place, nowMs);
    }
    this.#endRested(nowMs);
    for (const connection of this.#connections.values()) connection.bytes = 0;
    this.#lookedMs = nowMs;
  }

  #load(place: Place, elapsedMs: number): LaneLoad {
    const busyMs = place.thread?.busyMs() ?? 0;
    const busyShare = elapsedMs <= 0 ? 0 : Math.max(0, busyMs - place.busyMs) / elapsedMs;
    place.busyMs = busyMs;
    return { pendingBytes: place.link.pendingBytes, busyShare };
  }

  /** Moves some of its connections to another lane, a new one where one may be started. */
  #relieve(place: Place, nowMs: number): void {
    const { lanesMax } = this.#options;
    const mine = [...this.#connections.values()].filter(
      (connection) => connection.place === place && connection.mayMove,
    );
    const others = this.#active().filter((other) => other !== place && other.crowdedLooks === 0);
    const resting = this.places.find(({ restsSinceMs }) => restsSinceMs !== undefined);
    const grows = others.length === 0 && (resting !== undefined || this.places.length < lanesMax);
    if (others.length === 0 && !grows) return;
    const bytes = this.#bytes();
    const target = others.length > 0 ? leastLoaded(others, bytes) : undefined;
    const moving = connectionsToMove(mine, target === undefined ? 0 : (bytes.get(target) ?? 0));
    if (moving.length === 0) return;
    const to = target ?? this.#wake(nowMs);
    for (const connection of moving) connection.moveTo(to);
    place.crowdedLooks = 0;
  }

  /** A lane more: one that rests, or a new one. */
  #wake(nowMs: number): Place {
    const { quiet } = this.#options.times;
    const tooSoon = nowMs - this.#restedMs < 3 * quiet * 2 ** this.#doublings;
    this.#doublings = tooSoon ? Math.min(this.#doublings + 1, QUIET_DOUBLINGS_MAX) : 0;
    const resting = this.places.find(({ restsSinceMs }) => restsSinceMs !== undefined);
    if (resting === undefined) return this.#add();
    resting.restsSinceMs = undefined;
    return resting;
  }

  /** The last one that all connections may leave; the first stays. */
  #dispensable(active: readonly Place[]): Place | undefined {
    const pinned = new Set<LanePlace>();
    for (const connection of this.#connections.values()) if (!connection.mayMove) pinned.add(connection.place);
    return active.slice(1).findLast((place) => !pinned.has(place));
  }

  #rest(place: Place, nowMs: number): void {
    place.restsSinceMs = nowMs;
    this.#restedMs = nowMs;
    this.#quietSinceMs = nowMs;
    const active = this.#active();
    const bytes = this.#bytes();
    for (const connection of this.#connections.values()) {
      if (connection.place !== place) continue;
      const to = leastLoaded(active, bytes);
      connection.moveTo(to);
      bytes.set(to, (bytes.get(to) ?? 0) + connection.bytes);
    }
  }

  #endRested(nowMs: number): void {
    for (const place of this.places.slice(1)) {
      const { restsSinceMs, link } = place;
      if (restsSinceMs === undefined || nowMs - restsSinceMs < this.#options.times.rest || !link.isIdle) continue;
      if ([...this.#connections.values()].some((connection) => connection.place === place)) continue;
      this.places.splice(this.places.indexOf(place), 1);
      place.ending = true;
      this.#options.end(place);
    }
  }

  #add(): Place {
    const place = this.#options.start();
    this.places.push(place);
    return place;
  }

  #active(): Place[] {
    return this.places.filter(({ restsSinceMs }) => restsSinceMs === undefined);
  }

  #isFull({ link }: LanePlace): boolean {
    return link.pendingBytes >= this.#options.batchBytes;
  }

  /** For a free connection whose lane has a segment to seal: another one that has less, a new one where none has. */
  #roomiest(full: LanePlace): LanePlace {
    const least = this.#active().reduce((best, place) =>
      place.link.pendingBytes < best.link.pendingBytes ? place : best,
    );
    const isGrown = this.places.length >= this.#options.lanesMax && this.places.length === this.#active().length;
    if (!this.#isFull(least) || isGrown) return least.link.pendingBytes < full.link.pendingBytes ? least : full;
    return this.#wake(this.#options.world.clock.monotonicMs());
  }

  #leastLoaded(): Place {
    const active = this.#active();
    return active.length === 1 ? active[0]! : leastLoaded(active, this.#bytes());
  }

  /** What the connections of each place have given since the last look: one walk over all of them, not one for each place. */
  #bytes(): Map<LanePlace, number> {
    const bytes = new Map<LanePlace, number>();
    for (const { place, bytes: given } of this.#connections.values()) bytes.set(place, (bytes.get(place) ?? 0) + given);
    return bytes;
  }
}

function leastLoaded(places: readonly Place[], bytes: ReadonlyMap<LanePlace, number>): Place {
  return places.reduce((best, place) => ((bytes.get(place) ?? 0) < (bytes.get(best) ?? 0) ? place : best));
}
