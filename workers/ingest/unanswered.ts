import type { Fate, ProduceAnswer } from '../../src/ingest/messages.js';
import { errors } from '../../src/protocol/errors.js';
import type { Meters } from '../../src/telemetry/counters.js';
import { answerOf, countRejected } from './answer.js';
import type { Batch, ConnectionRequests, Request } from './requests.js';
import { failAccepted } from './validate.js';

/**
 * Every request of the lane that has no answer yet, by connection; the one place that fails and answers them.
 *
 * When a request fails whose batches were not posted, so does every later one of its connection that was not posted
 * either: they are never published, and what main gave until it heard of the failure fails when it is taken. So nothing of a
 * connection overtakes what it sent before and has to send again. It goes by turns of the lane that main has heard, not by the
 * clock: a message between threads takes its time.
 */
export class Unanswered {
  readonly #meters: Meters;
  readonly #connections = new Map<number, ConnectionRequests>();
  /** The number, from 1, of the turn that will tell main what is decided now. */
  readonly #nextTurn: () => number;
  /** Connections kept although nothing of theirs is unanswered, until all that was given before main heard `untilTurn` is taken. */
  readonly #kept: { readonly connection: ConnectionRequests; readonly untilTurn: number }[] = [];
  #answers: ProduceAnswer[] = [];
  #size = 0;

  constructor(meters: Meters, nextTurn: () => number) {
    this.#meters = meters;
    this.#nextTurn = nextTurn;
  }

  get size(): number {
    return this.#size;
  }

  /** Connections that are remembered. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  connection(id: number): ConnectionRequests {
    let connection = this.#connections.get(id);
    if (connection === undefined) {
      connection = { id, unanswered: new Set(), closed: false, failUntilTurn: NEVER, kept: 0 };
      this.#connections.set(id, connection);
    }
    return connection;
  }

  add(request: Request): void {
    request.connection.unanswered.add(request);
    this.#size += 1;
  }

  /** A request is taken that main gave when it had heard so many turns: the ring keeps their order, so all before it were. */
  taking(turnsHeard: number): void {
    while (this.#kept.length > 0 && this.#kept[0]!.untilTurn <= turnsHeard) {
      const { connection, untilTurn } = this.#kept.shift()!;
      connection.kept -= 1;
      if (connection.failUntilTurn <= untilTurn) {
        connection.failUntilTurn = NEVER;
      }
      this.#forget(connection);
    }
  }

  /**
   * Nobody will read the answers of this connection. What it sent is still stored, but for what fails with something before
   * it: that holds for what still lies in the ring too, which main gave when it had heard at most so many turns.
   */
  closeConnection(id: number, turnsHeard: number): void {
    this.connection(id).closed = true;
    this.endConnection(id, turnsHeard);
  }

  /** It gives nothing more: its mark is needed no longer than what it gave may lie in the ring. What came before is answered. */
  endConnection(id: number, turnsHeard: number): void {
    const connection = this.connection(id);
    connection.failUntilTurn = Math.min(connection.failUntilTurn, turnsHeard + 1);
    this.#keep(connection, turnsHeard + 1);
  }

  /** Whether what main gave when it had heard so many turns must fail with what failed before it. */
  mustFail({ failUntilTurn }: ConnectionRequests, turnsHeard: number): boolean {
    return turnsHeard < failUntilTurn;
  }

  /** Fails `request`, which was not posted, and what follows it on its connection. */
  fail(request: Request, error: number): void {
    const turn = this.#nextTurn();
    if (turn > request.connection.failUntilTurn) {
      request.connection.failUntilTurn = turn;
      this.#keep(request.connection, turn);
    }
    this.failAlike(request, error);
  }

  /** The same for one that fails with one before it: what main gives once it has heard of that one is stored again. */
  failAlike(request: Request, error: number): void {
    const { connection } = request;
    let reached = false;
    for (const later of [...connection.unanswered]) {
      reached ||= later === request;
      if (reached && later.state === 'open') {
        const own = later === request;
        failAccepted(
          later,
          own ? error : errors.KAFKA_STORAGE_ERROR.code,
          own ? 'not stored: try again' : 'an earlier request of this connection was not stored: try again',
        );
        this.#settle(later, 'failed', 'failed');
      }
    }
  }

  /** Answers a request with what its partitions say. */
  answer(request: Request): void {
    this.#settle(request, 'answered', 'decided');
  }

  /** Adds an answer that belongs to no tracked request. */
  push(answer: ProduceAnswer): void {
    this.#answers.push(answer);
  }

  /**
   * Answers REQUEST_TIMED_OUT where the deadline has passed. What was not posted is certainly never published. What was
   * posted may become visible later, as in Kafka, where a timed-out request has been appended: an idempotent producer's
   * retry is then recognised as a duplicate. With acks 0 or 1 it waits for its outcome instead: Kafka times out acks=all alone,
   * and a retry of a producer without an id would be stored beside it.
   */
  expire(nowMs: number): void {
    for (const connection of [...this.#connections.values()]) {
      for (const request of [...connection.unanswered]) {
        if (request.deadlineMs > nowMs) {
          continue;
        }
        if (request.state === 'open') {
          this.fail(request, errors.REQUEST_TIMED_OUT.code);
        } else if (request.state === 'posted' && request.acks === -1) {
          failAccepted(request, errors.REQUEST_TIMED_OUT.code, 'no outcome in time; it may have been stored');
          this.#settle(request, 'answered', 'undecided');
        }
      }
    }
  }

  /** The answers made since the last call. */
  takeAnswers(): readonly ProduceAnswer[] {
    const answers = this.#answers;
    this.#answers = [];
    return answers;
  }

  #settle(request: Request, state: 'failed' | 'answered', fate: Fate): void {
    const { connection } = request;
    request.state = state;
    if (!connection.unanswered.delete(request)) {
      throw new Error(`request ${request.id} was answered before`);
    }
    this.#size -= 1;
    countRejected(request, this.#meters);
    const close = state === 'failed' && request.batches.some(startsSequence);
    if (close && !connection.closed) {
      // What comes before the closing is done must fail too, whenever it was received.
      connection.failUntilTurn = Number.POSITIVE_INFINITY;
    }
    if (!connection.closed) {
      this.#answers.push(answerOf(request, fate, close));
    }
    this.#forget(connection);
  }

  #keep(connection: ConnectionRequests, untilTurn: number): void {
    connection.kept += 1;
    this.#kept.push({ connection, untilTurn });
  }

  /** One that is to be closed is kept until that is told. */
  #forget(connection: ConnectionRequests): void {
    if (connection.unanswered.size === 0 && connection.kept === 0 && connection.failUntilTurn === NEVER) {
      this.#connections.delete(connection.id);
    }
  }
}

const NEVER = Number.NEGATIVE_INFINITY;

/**
 * Metadata knows nothing of a producer before its first batch and would accept a later one in its stead,
 * so when the first is lost the connection is closed behind the answer: what the client sent after it never arrives.
 */
function startsSequence(batch: Batch): boolean {
  return batch.producerId !== -1 && batch.baseSequence === 0;
}
