import type { LaneTopic } from './topics.js';

/** A Produce request from the ring until it is answered. */
export interface Request {
  readonly id: number;
  readonly connection: ConnectionRequests;
  readonly correlationId: number;
  readonly apiVersion: number;
  readonly acks: number;
  readonly receivedMs: number;
  /** It took so long to decode and check it. */
  readonly busyMs: number;
  /** Monotonic ms after which it is answered REQUEST_TIMED_OUT. */
  readonly deadlineMs: number;
  readonly topics: readonly RequestTopic[];
  /** Its accepted batches, in the request's order; empty when every partition failed. */
  readonly batches: Batch[];
  /**
   * `open`: its batches wait in the open segment or a sealed one; `posted`: a publish that names them was sent, so they may
   * become visible at any time; `failed`: answered, its batches will never be published; `answered`: answered otherwise
   * (a publish may still be under way).
   */
  state: 'open' | 'posted' | 'failed' | 'answered';
}

export interface RequestTopic {
  /** As the client named it; empty from v13 on. */
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly RequestPartition[];
}

/** What the response says of one partition. */
export interface RequestPartition {
  readonly index: number;
  error: number;
  message: string | null;
  recordErrors: readonly RecordError[];
  baseOffset: number;
  logAppendTimeMs: number;
  logStartOffset: number;
}

export interface RecordError {
  readonly batchIndex: number;
  readonly batchIndexErrorMessage: string | null;
}

/** One accepted record batch on its way into a segment. */
export interface Batch {
  readonly request: Request;
  readonly topic: LaneTopic;
  readonly topicId: string;
  readonly topicIdBytes: Uint8Array;
  readonly partition: number;
  /** What its partition's answer says. */
  readonly answer: RequestPartition;
  /** The frame that it came in (chunk or scratch memory, gone after the seal), and where in it. */
  readonly source: Uint8Array;
  readonly sourcePosition: number;
  readonly bytes: number;
  readonly records: number;
  readonly minTimestamp: number;
  maxTimestamp: number;
  /** The header says another one: mended in the copy. */
  readonly maxTimestampWrong: boolean;
  /** -1: none. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** The unanswered requests of one connection in this lane, in the order in which they came. */
export interface ConnectionRequests {
  readonly id: number;
  readonly unanswered: Set<Request>;
  /** The connection is gone: nobody reads its answers. */
  closed: boolean;
  /** Requests that main gave before it had heard this turn of the lane fail with the one that failed before them. */
  failUntilTurn: number;
  /** Reasons to remember it though nothing is unanswered: something of it may still lie in the ring. */
  kept: number;
}
