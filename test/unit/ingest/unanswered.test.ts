import { expect, test } from 'vitest';
import { Shares, attachMeters } from '../../../src/telemetry/counters.js';
import type { Batch, Request } from '../../../workers/ingest/requests.js';
import { Unanswered } from '../../../workers/ingest/unanswered.js';

const STORAGE_ERROR = 56;

/** A request of one idempotent batch; a producer's first one has base sequence 0. */
function requestOf(unanswered: Unanswered, connection: number, baseSequence: number): Request {
  const answer = { index: 0, error: 0, message: null, recordErrors: [], baseOffset: -1, logAppendTimeMs: -1 };
  const request: Request = {
    id: connection,
    connection: unanswered.connection(connection),
    correlationId: 0,
    apiVersion: 9,
    acks: -1,
    receivedMs: 0,
    busyMs: 0,
    deadlineMs: 1000,
    topics: [],
    batches: [{ producerId: 1, baseSequence, answer: { ...answer, logStartOffset: -1 } } as unknown as Batch],
    state: 'open',
  };
  unanswered.add(request);
  return request;
}

test('connections that failed, came again and failed again leave nothing behind', () => {
  let turns = 0;
  const unanswered = new Unanswered(attachMeters(new Shares(1).take()), () => turns + 1);
  for (let connection = 1; connection <= 1000; connection += 1) {
    unanswered.taking(turns);
    const startsSequence = connection % 2 === 0;
    const request = requestOf(unanswered, connection, startsSequence ? 0 : 7);
    unanswered.fail(request, STORAGE_ERROR);
    const { close } = unanswered.takeAnswers()[0]!;
    turns += 1;
    // The main thread tells of a closing that the lane asked for, and of no other once all is answered.
    if (close) unanswered.endConnection(connection, turns);
    expect(unanswered.connectionCount).toBeLessThanOrEqual(2);
  }
});

test('a connection that is to be closed keeps its mark until the closing was told and its rest taken', () => {
  const unanswered = new Unanswered(attachMeters(new Shares(1).take()), () => 11);
  unanswered.fail(requestOf(unanswered, 1, 0), STORAGE_ERROR);
  unanswered.taking(500);
  expect(unanswered.mustFail(unanswered.connection(1), 500)).toBe(true);
  unanswered.endConnection(1, 600);
  unanswered.taking(600);
  expect(unanswered.mustFail(unanswered.connection(1), 600)).toBe(true);
  unanswered.taking(601);
  expect(unanswered.connectionCount).toBe(0);
});

test('what was given before a failure was heard of fails with it, whenever it came, and what is given after is stored', () => {
  let turns = 7;
  const unanswered = new Unanswered(attachMeters(new Shares(1).take()), () => turns + 1);
  unanswered.fail(requestOf(unanswered, 1, 7), STORAGE_ERROR);
  turns = 9;
  unanswered.taking(7);
  expect(unanswered.mustFail(unanswered.connection(1), 7)).toBe(true);
  unanswered.failAlike(requestOf(unanswered, 1, 8), STORAGE_ERROR);
  expect(unanswered.takeAnswers().map(({ fate }) => fate)).toEqual(['failed', 'failed']);
  unanswered.taking(8);
  expect(unanswered.mustFail(unanswered.connection(1), 8)).toBe(false);
});
