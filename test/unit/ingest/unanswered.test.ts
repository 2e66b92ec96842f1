import { expect, test } from 'vitest';
import { Shares, attachMeters } from '../../../src/telemetry/counters.js';
import type { Batch, Request } from '../../../workers/ingest/requests.js';
import { Unanswered } from '../../../workers/ingest/unanswered.js';

const STORAGE_ERROR = 56;

/** A request of one idempotent batch; a producer's first one has base sequence 0. */
function requestOf(unanswered: Unanswered, connection: number, receivedMs: number, baseSequence: number): Request {
  const answer = { index: 0, error: 0, message: null, recordErrors: [], baseOffset: -1, logAppendTimeMs: -1 };
  const request: Request = {
    id: connection,
    connection: unanswered.connection(connection),
    correlationId: 0,
    apiVersion: 9,
    acks: -1,
    receivedMs,
    busyMs: 0,
    deadlineMs: receivedMs + 1000,
    topics: [],
    batches: [{ producerId: 1, baseSequence, answer: { ...answer, logStartOffset: -1 } } as unknown as Batch],
    state: 'open',
  };
  unanswered.add(request);
  return request;
}

test('connections that failed, came again and failed again leave nothing behind', () => {
  const unanswered = new Unanswered(attachMeters(new Shares(1).take()));
  for (let connection = 1; connection <= 1000; connection += 1) {
    const receivedMs = connection * 10;
    unanswered.taking(receivedMs);
    const startsSequence = connection % 2 === 0;
    const request = requestOf(unanswered, connection, receivedMs, startsSequence ? 0 : 7);
    unanswered.fail(request, STORAGE_ERROR, receivedMs + 1);
    // The main thread tells of a closing that the lane asked for, and of no other once all is answered.
    if (unanswered.takeAnswers()[0]!.close) unanswered.closeConnection(connection, receivedMs + 2);
    expect(unanswered.connectionCount).toBeLessThanOrEqual(2);
  }
});

test('a connection that is to be closed keeps its mark until the closing was told and its rest taken', () => {
  const unanswered = new Unanswered(attachMeters(new Shares(1).take()));
  unanswered.fail(requestOf(unanswered, 1, 10, 0), STORAGE_ERROR, 11);
  unanswered.taking(500);
  expect(unanswered.connection(1).failUntilMs).toBe(Number.POSITIVE_INFINITY);
  unanswered.closeConnection(1, 600);
  unanswered.taking(600);
  expect(unanswered.connection(1).failUntilMs).toBe(600);
  unanswered.taking(601);
  expect(unanswered.connectionCount).toBe(0);
});
