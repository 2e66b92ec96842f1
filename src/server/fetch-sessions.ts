import { errors } from '../protocol/errors.js';
import type { Random } from '../world/world.js';
import { type AskedTopic, FetchList, type ForgottenTopic, type ListedPartition } from './fetch-session.js';

/** Kafka's max.incremental.fetch.session.cache.slots. */
const SESSIONS_MAX = 1_000;
/** Kafka's min.incremental.fetch.session.eviction.ms. */
const EVICTION_MS = 120_000;

const NO_SESSION = 0;
const EPOCH_NEW = 0;
const EPOCH_CLOSE = -1;

/** The part of a Fetch request that sessions look at. */
export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  /** From v13 on topics go by id. A session keeps to what it began with. */
  readonly byId: boolean;
  /** It comes from a replica: its session makes room for itself. */
  readonly privileged: boolean;
  readonly asked: readonly AskedTopic[];
  readonly forgotten: readonly ForgottenTopic[];
}

/** What was found for a partition. */
export interface Told {
  readonly error: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly bytes: number;
}

export interface Answered {
  readonly partition: ListedPartition;
  readonly told: Told;
}

/** One request's way through its session. */
export interface FetchContext {
  readonly list: FetchList;
  /** INVALID_FETCH_SESSION_EPOCH (71) when a later request of the same session came while this one waited; else 0. */
  readonly error: number;
  /** Whether the answer names this partition. */
  tells(partition: ListedPartition, told: Told): boolean;
  /** When all that it tells goes out, in the answer's order: remembers it, and gives the answer's session id. */
  finish(answer: readonly Answered[], nowMs: number): number;
  /** The session id of an answer that tells nothing, because the client is throttled. */
  readonly idle: number;
}

/**
 * The fetch sessions of one agent (KIP-227), by the rules of Kafka's cache: a session is open to whoever knows its id, its
 * epoch counts requests, and a new one takes the place of one unused for two minutes, or of one that is two minutes old and
 * has fewer partitions; replicas' sessions go before consumers'. Beyond Kafka, all sessions together are held to
 * `bytesMax`: who finds no room is answered without a session, and sends full requests.
 * Pure: time comes with every call, in milliseconds of one monotonic clock.
 */
export class FetchSessions {
  readonly #random: Random;
  readonly #bytesMax: number;
  /** Least recently used first. */
  readonly #sessions = new Map<number, Session>();
  #bytes = 0;
  #partitions = 0;
  readonly #evicted: () => void;

  /** `evicted` runs for each session that must make room. */
  constructor(random: Random, bytesMax: number, evicted: () => void) {
    this.#random = random;
    this.#bytesMax = bytesMax;
    this.#evicted = evicted;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Partitions of all sessions. */
  get partitions(): number {
    return this.#partitions;
  }

  /** Counted bytes of all sessions. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * A request's context, or Kafka's error: FETCH_SESSION_ID_NOT_FOUND (70; also for a session that has grown beyond the
   * memory for all), INVALID_FETCH_SESSION_EPOCH (71), FETCH_SESSION_TOPIC_ID_ERROR (106).
   */
  begin(request: SessionRequest, nowMs: number): FetchContext | number {
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === EPOCH_NEW || sessionEpoch === EPOCH_CLOSE) {
      this.#remove(this.#sessions.get(sessionId));
      const list = listOf(request);
      return sessionEpoch === EPOCH_CLOSE
        ? new Sessionless(list)
        : new Full(list, (at) => this.#create(request, list, at));
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return errors.FETCH_SESSION_ID_NOT_FOUND.code;
    if (session.epoch !== sessionEpoch) return errors.INVALID_FETCH_SESSION_EPOCH.code;
    if (session.list.byId !== request.byId) return errors.FETCH_SESSION_TOPIC_ID_ERROR.code;
    session.list.ask(request.asked);
    session.list.forget(request.forgotten);
    if (session.list.partitions.length === 0) {
      this.#remove(session);
      return new Sessionless(listOf(request));
    }
    this.#touch(session, nowMs);
    if (this.#bytes > this.#bytesMax) {
      this.#remove(session);
      this.#evicted();
      return errors.FETCH_SESSION_ID_NOT_FOUND.code;
    }
    session.epoch = epochAfter(session.epoch);
    return new Incremental(session);
  }

  #create(request: SessionRequest, list: FetchList, nowMs: number): number {
    const { bytes } = list;
    while (this.#sessions.size >= SESSIONS_MAX || this.#bytes + bytes > this.#bytesMax) {
      if (bytes > this.#bytesMax || !this.#evict(request.privileged, list.partitions.length, nowMs)) return NO_SESSION;
    }
    const session = new Session(this.#newId(), list, request.privileged, nowMs);
    this.#sessions.set(session.id, session);
    this.#touch(session, nowMs);
    return session.id;
  }

  /** Whether a session gave way to a new one of that many partitions. */
  #evict(privileged: boolean, partitions: number, nowMs: number): boolean {
    const [oldest] = this.#sessions.values();
    let victim = oldest !== undefined && nowMs - oldest.usedMs > EVICTION_MS ? oldest : undefined;
    if (victim === undefined) {
      for (const session of this.#sessions.values()) {
        if (session.yieldsTo(privileged) && (victim === undefined || session.isWorthLess(victim))) victim = session;
      }
      if (victim === undefined) return false;
      const isWorthMore = privileged === victim.privileged ? partitions > victim.counted.partitions : privileged;
      if (!isWorthMore) return false;
    }
    this.#remove(victim);
    this.#evicted();
    return true;
  }

  #touch(session: Session, nowMs: number): void {
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
    session.usedMs = nowMs;
    session.isOld = nowMs - session.createdMs > EVICTION_MS;
    const partitions = session.list.partitions.length;
    const { bytes } = session.list;
    this.#bytes += bytes - session.counted.bytes;
    this.#partitions += partitions - session.counted.partitions;
    session.counted = { bytes, partitions };
  }

  #remove(session: Session | undefined): void {
    if (session === undefined || !this.#sessions.delete(session.id)) return;
    this.#bytes -= session.counted.bytes;
    this.#partitions -= session.counted.partitions;
  }

  #newId(): number {
    for (;;) {
      const id = this.#random.uint32() & 0x7fff_ffff;
      if (id !== NO_SESSION && !this.#sessions.has(id)) return id;
    }
  }
}

class Session {
  readonly id: number;
  readonly list: FetchList;
  readonly privileged: boolean;
  readonly createdMs: number;
  usedMs: number;
  /** Was so at its last use. */
  isOld = false;
  /** The epoch that the next request must have. */
  epoch = epochAfter(EPOCH_NEW);
  counted = { bytes: 0, partitions: 0 };

  constructor(id: number, list: FetchList, privileged: boolean, nowMs: number) {
    this.id = id;
    this.list = list;
    this.privileged = privileged;
    this.createdMs = nowMs;
    this.usedMs = nowMs;
  }

  yieldsTo(privileged: boolean): boolean {
    return this.isOld || (privileged && !this.privileged);
  }

  isWorthLess(than: Session): boolean {
    if (this.privileged !== than.privileged) return than.privileged;
    const difference = this.counted.partitions - than.counted.partitions;
    return difference < 0 || (difference === 0 && this.id < than.id);
  }
}

/** Everything is told and nothing remembered. */
class Sessionless implements FetchContext {
  readonly error = 0;
  readonly idle = NO_SESSION;
  readonly list: FetchList;

  constructor(list: FetchList) {
    this.list = list;
  }

  tells(): boolean {
    return true;
  }

  finish(): number {
    return NO_SESSION;
  }
}

/** Everything is told, and the session begins with the answer. */
class Full implements FetchContext {
  readonly error = 0;
  readonly idle = NO_SESSION;
  readonly list: FetchList;
  readonly #create: (nowMs: number) => number;

  constructor(list: FetchList, create: (nowMs: number) => number) {
    this.list = list;
    this.#create = create;
  }

  tells(): boolean {
    return true;
  }

  finish(answer: readonly Answered[], nowMs: number): number {
    for (const answered of answer) remember(answered);
    return this.#create(nowMs);
  }
}

/** What has changed since the last answer is told. */
class Incremental implements FetchContext {
  readonly #session: Session;
  readonly #epoch: number;

  constructor(session: Session) {
    this.#session = session;
    this.#epoch = session.epoch;
  }

  get list(): FetchList {
    return this.#session.list;
  }

  get idle(): number {
    return this.#session.id;
  }

  get error(): number {
    return this.#session.epoch === this.#epoch ? 0 : errors.INVALID_FETCH_SESSION_EPOCH.code;
  }

  tells(partition: ListedPartition, told: Told): boolean {
    return (
      told.bytes > 0 ||
      told.error !== 0 ||
      told.highWatermark !== partition.highWatermark ||
      told.logStartOffset !== partition.logStartOffset
    );
  }

  finish(answer: readonly Answered[]): number {
    for (const answered of answer) remember(answered);
    const served = answer.filter(({ told }) => told.bytes > 0).map(({ partition }) => partition);
    if (served.length > 0) this.list.moveToEnd(served);
    return this.#session.id;
  }
}

function remember({ partition, told: { error, highWatermark, logStartOffset } }: Answered): void {
  // Forgotten with an error, so that the partition is told again when the error is gone.
  partition.highWatermark = error === 0 ? highWatermark : -1;
  partition.logStartOffset = logStartOffset;
}

function listOf({ byId, asked }: SessionRequest): FetchList {
  const list = new FetchList(byId);
  list.ask(asked);
  return list;
}

/** 1 follows the greatest, since 0 and -1 have meanings of their own. */
export function epochAfter(epoch: number): number {
  return epoch === 0x7fff_ffff ? 1 : epoch + 1;
}
