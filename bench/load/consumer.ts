import { apis } from '../../src/protocol/apis.js';
import { errors } from '../../src/protocol/errors.js';
import { decodeResponse, encodeRequestFrame } from '../../src/protocol/frames.js';
import { BatchHeader, LENGTH_END } from '../../src/records/header.js';
import type { AfterAck } from './after-ack.js';
import type { Clock, Pumped, Waker } from './clock.js';
import { versions } from './cluster.js';
import { CLIENT_ID, type Connection } from './connection.js';
import { readStamp } from './stamp.js';
import type { Counting } from './tally.js';

export interface FetchOptions {
  readonly topic: string;
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
  readonly bytesMin: number;
  readonly waitMsMax: number;
  readonly runId: number;
  /** Wall milliseconds: older records are not of this run. */
  readonly runStartedMs: number;
  readonly afterAck: AfterAck | undefined;
}

const RETRY_MS = 50;
const NO_SESSION = 0;

/**
 * One fetching connection: one Fetch at a time, in an incremental session (KIP-227) as Kafka's consumers use, so that a
 * request names only the partitions that moved. Batches are counted by their headers; nothing is decompressed.
 */
export class Consumer implements Pumped {
  readonly #connection: Connection;
  readonly #options: FetchOptions;
  readonly #clock: Clock;
  readonly #waker: Waker;
  readonly #counting: Counting;
  /** The next offset of each partition. */
  #offsets = new Map<number, number>();
  /** What the session knows; a partition that differs is named in the next request. */
  #told = new Map<number, number>();
  #sessionId = NO_SESSION;
  #sessionEpoch = 0;
  #asking = false;
  #stopped = false;

  constructor(connection: Connection, options: FetchOptions, clock: Clock, waker: Waker, counting: Counting) {
    this.#connection = connection;
    this.#options = options;
    this.#clock = clock;
    this.#waker = waker;
    this.#counting = counting;
  }

  /** Reads these partitions from these offsets on, and no others. */
  assign(offsets: ReadonlyMap<number, number>): void {
    this.#offsets = new Map(offsets);
    this.#forgetSession();
    this.pump(this.#clock.nowMs());
  }

  get offsets(): ReadonlyMap<number, number> {
    return this.#offsets;
  }

  stop(): void {
    this.#stopped = true;
  }

  pump(nowMs: number): void {
    if (this.#stopped || this.#asking || this.#connection.isClosed || this.#offsets.size === 0) return;
    this.#asking = true;
    const { topic, bytesMax, bytesMin, waitMsMax, partitionBytesMax } = this.#options;
    const partitions: { partition: number; fetchOffset: number; partitionMaxBytes: number }[] = [];
    for (const [partition, fetchOffset] of this.#offsets) {
      if (this.#told.get(partition) === fetchOffset) continue;
      partitions.push({ partition, fetchOffset, partitionMaxBytes: partitionBytesMax });
      this.#told.set(partition, fetchOffset);
    }
    const request = {
      maxWaitMs: waitMsMax,
      minBytes: bytesMin,
      maxBytes: bytesMax,
      sessionId: this.#sessionId,
      sessionEpoch: this.#sessionEpoch,
      topics: partitions.length === 0 ? [] : [{ topic, partitions }],
    };
    const id = this.#connection.nextCorrelationId();
    const { slices } = encodeRequestFrame(apis.fetch, versions.fetch, id, CLIENT_ID, request);
    this.#connection.send(Buffer.concat(slices), (bytes, start, end) => this.#answered(nowMs, bytes, start, end));
  }

  #forgetSession(): void {
    this.#told.clear();
    this.#sessionId = NO_SESSION;
    this.#sessionEpoch = 0;
  }

  #answered(askedMs: number, bytes: Buffer, start: number, end: number): void {
    const nowMs = this.#clock.nowMs();
    const { tally } = this.#counting;
    this.#asking = false;
    const { response } = decodeResponse(apis.fetch, versions.fetch, bytes, start, end);
    let failed = response.errorCode !== 0;
    if (failed) {
      this.#forgetSession();
      const lost = response.errorCode === errors.FETCH_SESSION_ID_NOT_FOUND.code;
      if (!lost) tally.countError('Fetch', response.errorCode);
    } else {
      this.#sessionId = response.sessionId;
      if (response.sessionId === NO_SESSION) this.#told.clear();
      else this.#sessionEpoch += 1;
    }
    let fetchedBytes = 0;
    for (const { partitions } of response.responses) {
      for (const { partitionIndex, errorCode, records } of partitions) {
        if (errorCode !== 0) {
          tally.countError('Fetch', errorCode);
          failed = true;
        } else if (records !== null) {
          fetchedBytes += this.#take(partitionIndex, bytes, records.position, records.length, nowMs);
        }
      }
    }
    tally.consumed.requests += 1;
    if (fetchedBytes > 0) tally.times.fetch.record(nowMs - askedMs);
    if (failed) this.#waker.wakeAt(this, nowMs + RETRY_MS);
    else this.pump(nowMs);
  }

  /** Counts the whole batches of a partition; returns their bytes. */
  #take(partition: number, bytes: Buffer, position: number, length: number, nowMs: number): number {
    const { consumed, times } = this.#counting.tally;
    const { runId, runStartedMs, afterAck } = this.#options;
    const limit = position + length;
    const wallMs = nowMs + this.#clock.epochMs;
    let expected = this.#offsets.get(partition);
    // Taken away meanwhile.
    if (expected === undefined) return 0;
    let at = position;
    while (at + LENGTH_END <= limit) {
      const header = new BatchHeader(bytes, at);
      const size = header.bytes;
      // A batch at the end may be cut off.
      if (at + size > limit) break;
      const next = header.baseOffset + header.lastOffsetDelta + 1;
      if (next > expected) {
        const count = header.recordCount;
        consumed.batches += 1;
        consumed.records += count;
        consumed.batchBytes += size;
        expected = next;
        const due = readStamp(bytes, at, runId, runStartedMs);
        if (due !== undefined) {
          this.#counting.tally.consumedOwnRecords += count;
          times.endToEnd.recordSpread(wallMs - due.firstMs, wallMs - due.lastMs, count);
          afterAck?.read(partition, header.baseOffset, count, nowMs);
        }
      }
      at += size;
    }
    this.#offsets.set(partition, expected);
    return at - position;
  }
}
