import type { BucketUrl } from '../config/bucket-url.js';
import type { TopicCompression } from '../config/topic-configs.js';
import type { PublishedPartition } from '../metadata/outcomes.js';
import { joined } from '../protocol/frames.js';
import type { TelemetryShare } from '../telemetry/counters.js';
import type { Piece } from '../threads/chunks.js';

/**
 * What crosses between the main thread and an ingest worker (a lane). Produce requests go through a ring in shared
 * memory (`requests`); everything else is coarse (per seal, per publish) and goes through the worker's port.
 */

/** How an ingest worker starts. */
export interface IngestInit {
  /** 1…: the lane's number, which no other lane of this process has or had. */
  readonly lane: number;
  /** Of the last command that another lane sent on the same stream before; 0 on a new stream. */
  readonly lastNumber: number;
  readonly cluster: string;
  readonly agentEpoch: number;
  /**
   * One BigInt64 word: the number of the last segment that any lane of this agent epoch took. A lane takes the next one
   * with Atomics.add, so that numbers are dense and never collide, crashed lanes included.
   */
  readonly segmentNumbers: SharedArrayBuffer;
  /** As in `--bucket`; the worker opens its own store from it. */
  readonly bucket: BucketUrl;
  readonly batchWindowMs: number;
  readonly batchBytes: number;
  /** Memory that receives socket bytes; the main thread owns its allocation. */
  readonly chunks: SharedArrayBuffer;
  /** This lane's sealed segments; the worker owns its allocation (src/threads/segment-ring.ts). */
  readonly segments: SharedArrayBuffer;
  /** State words of the sealed segments: main pins what it sends to readers (src/threads/pins.ts). */
  readonly pins: SharedArrayBuffer;
  /** The ring of `ProduceDescriptor`s (src/threads/ring.ts). */
  readonly requests: SharedArrayBuffer;
  readonly telemetry: TelemetryShare;
  /** Uploads that may run at once. */
  readonly uploadsMax: number;
}

/** A whole Produce request whose bytes lie in `chunks`. Encoded into a ring record by `encodeDescriptor`. */
export interface ProduceDescriptor {
  /** Chosen by main, rising within a lane (u32, wraps). */
  readonly request: number;
  /** u32. */
  readonly connection: number;
  readonly correlationId: number;
  readonly apiVersion: number;
  /** The worker must have applied topics up to this revision before it looks at the request. */
  readonly topicsRevision: number;
  /** Monotonic ms at which the frame was complete (the clock of all threads is one). */
  readonly receivedMs: number;
  /** To be failed as what its connection sent before it was: not stored, to be sent again. */
  readonly fails: boolean;
  /** Turns of the lane (`FromIngestTurn`) that main had heard when it gave this: what they say failed was known. */
  readonly turnsHeard: number;
  /** The request's body (after the header), in order: pieces of `chunks`. */
  readonly pieces: readonly Piece[];
}

export type ToIngest =
  /** The worker slept and the ring has records. */
  | { readonly type: 'wake' }
  /** A read-only view of topics: everything at first, then what changed. `removed` holds topic ids. */
  | {
      readonly type: 'topics';
      readonly revision: number;
      readonly changed: readonly IngestTopic[];
      readonly removed: readonly string[];
    }
  /** The outcome of the lane's command `number`: one element a partition of its PublishSegment; none for SkipNumber. */
  | { readonly type: 'published'; readonly number: number; readonly outcome: OutcomeColumns }
  /** The command was refused as a whole (closed epoch, metadata full): answer its requests with this Kafka error. */
  | { readonly type: 'publish-refused'; readonly number: number; readonly error: number }
  /**
   * 'ending': a connection gives nothing more, and closes once what it gave is answered. 'closed': it is gone, its answers need
   * not be made; its accepted batches may still be published.
   */
  | {
      readonly type: 'connection-ending' | 'connection-closed';
      readonly connection: number;
      /** As in a descriptor: everything that it sent was given by then. It may still lie in the ring. */
      readonly turnsHeard: number;
    }
  /** The batch window to use from now on (lengthens as extents per second near the budget). */
  | { readonly type: 'window'; readonly batchWindowMs: number }
  /** Seal at once, finish everything, then say 'drained'. */
  | { readonly type: 'drain' };

export interface IngestTopic {
  readonly topicId: string;
  readonly name: string;
  readonly partitions: number;
  readonly maxMessageBytes: number;
  readonly logAppendTime: boolean;
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly compacted: boolean;
  readonly walkRecords: boolean;
  /** What a batch of another codec is compressed to; undefined: batches stay as their producers made them. */
  readonly compression: TopicCompression | undefined;
}

/** What a lane says in one turn, in order: one message, since each wakes the main thread by itself. */
export type FromIngestTurn = readonly FromIngest[];

export type FromIngest =
  /** The store was opened and the worker takes requests. */
  | { readonly type: 'ready' }
  /** The bytes of these requests in `chunks` are no longer needed. Told with what is told next, or a few ms later. */
  | { readonly type: 'released'; readonly requests: readonly number[] }
  /**
   * An uploaded segment to publish; numbers go on from `lastNumber` without gaps. `command` is an encoded `Command`: PublishSegment
   * of `segment`, or SkipNumber (`segment` undefined).
   */
  | {
      readonly type: 'publish';
      readonly number: number;
      readonly segment: number | undefined;
      readonly command: Uint8Array;
    }
  /** A segment was given up; its requests are answered with an error that clients retry. For the log. */
  | { readonly type: 'upload-failed'; readonly reason: string }
  /** Answers, in any order: the connection's pipeline writes them in the order of its requests. */
  | { readonly type: 'answers'; readonly answers: AnswerColumns }
  /**
   * A published segment whose batches are stamped and may be read from `segments` until its pin word says evicted. Sent
   * for every segment of which anything became visible, before the answers to its requests.
   */
  | {
      readonly type: 'readable';
      /** Of the publish that made it visible. */
      readonly number: number;
      readonly segment: number;
      /** Index of its state word in `pins`. */
      readonly slot: number;
      /** The generation that the state word had when this was sent: a reused slot has another. */
      readonly slotGeneration: number;
      readonly position: number;
      readonly length: number;
      readonly batches: ReadableBatches;
    }
  | { readonly type: 'drained' };

/**
 * failed: certainly not stored, nor is what its connection sent before it was answered. undecided: it timed out while its
 * publish was under way, and may become visible later.
 */
export type Fate = 'decided' | 'failed' | 'undecided';

export interface ProduceAnswer {
  readonly request: number;
  /** The whole response frame; undefined when none is due (acks=0). */
  readonly frame: Uint8Array | undefined;
  readonly fate: Fate;
  /** The connection must be closed after it (acks=0 with an error, undecodable body). */
  readonly close: boolean;
  /** Milliseconds that the lane took to decode and check it. */
  readonly busyMs: number;
}

/**
 * Every batch of a readable segment that became visible, of all partitions, in the order of positions, which count from the
 * segment's start. Whose they are is told by the metadata's extents. Columns of equal length and nothing else: an object for
 * each partition takes fifty times as long to cross to the main thread.
 */
export interface ReadableBatches {
  readonly baseOffsets: Float64Array;
  readonly positions: Uint32Array;
  readonly lengths: Uint32Array;
}

/** What one small answer that is not taken can keep of its neighbours: frames share a buffer up to so many bytes. */
export const FRAMES_TOGETHER_BYTES_MAX = 16 * 1024;

/** Answers as they cross to the main thread: an object and a buffer for each take four times as long. */
export interface AnswerColumns {
  /** Four of each answer: its request · bytes of its frame, -1 for none · its fate's place in `FATES`, and 4 more to close · busy ms. */
  readonly numbers: readonly number[];
  /** The frames, one behind the other: in one buffer what is `FRAMES_TOGETHER_BYTES_MAX` together, or one that is larger alone. */
  readonly frames: readonly Uint8Array[];
}

const FATES: readonly Fate[] = ['decided', 'failed', 'undecided'];
const CLOSE = 4;

export function joinAnswers(answers: readonly ProduceAnswer[]): AnswerColumns {
  const numbers: number[] = [];
  const frames: Uint8Array[] = [];
  let together: Uint8Array[] = [];
  let bytes = 0;
  const join = (): void => {
    // In memory of their own, since a view crosses with all that it is a view of.
    if (bytes > 0) frames.push(joined({ slices: together, bytes }));
    together = [];
    bytes = 0;
  };
  for (const { request, frame, fate, close, busyMs } of answers) {
    numbers.push(request, frame?.length ?? -1, FATES.indexOf(fate) | (close ? CLOSE : 0), busyMs);
    if (frame === undefined) continue;
    if (bytes + frame.length > FRAMES_TOGETHER_BYTES_MAX) join();
    together.push(frame);
    bytes += frame.length;
  }
  join();
  return { numbers, frames };
}

/** What was joined; frames that were joined share memory. */
export function partAnswers({ numbers, frames }: AnswerColumns): ProduceAnswer[] {
  const answers: ProduceAnswer[] = [];
  let together = frames[0] ?? new Uint8Array(0);
  let next = 1;
  let begin = 0;
  for (let at = 0; at < numbers.length; at += 4) {
    const bytes = numbers[at + 1]!;
    const flags = numbers[at + 2]!;
    if (bytes > 0 && begin === together.length) {
      together = frames[next]!;
      next += 1;
      begin = 0;
    }
    answers.push({
      request: numbers[at]!,
      frame: bytes === -1 ? undefined : together.subarray(begin, begin + bytes),
      fate: FATES[flags & (CLOSE - 1)]!,
      close: (flags & CLOSE) !== 0,
      busyMs: numbers[at + 3]!,
    });
    begin += Math.max(0, bytes);
  }
  return answers;
}

/**
 * The outcome of a publish as it crosses to the lane: the columns of all partitions, one behind the other. They lie in one
 * buffer, since each one of its own takes a microsecond more to cross.
 */
export interface OutcomeColumns {
  /** Batches of each partition. */
  readonly counts: Uint32Array;
  readonly logStartOffsets: Float64Array;
  readonly baseOffsets: Float64Array;
  readonly errors: Int16Array;
  readonly appended: Uint8Array;
}

export function joinOutcome(partitions: readonly PublishedPartition[]): OutcomeColumns {
  const rows = partitions.length;
  let batches = 0;
  for (const { errors } of partitions) batches += errors.length;
  const memory = new ArrayBuffer(12 * rows + 11 * batches);
  const columns = {
    logStartOffsets: new Float64Array(memory, 0, rows),
    baseOffsets: new Float64Array(memory, 8 * rows, batches),
    counts: new Uint32Array(memory, 8 * (rows + batches), rows),
    errors: new Int16Array(memory, 12 * rows + 8 * batches, batches),
    appended: new Uint8Array(memory, 12 * rows + 10 * batches, batches),
  };
  let at = 0;
  for (let row = 0; row < rows; row += 1) {
    const { baseOffsets, errors, appended, logStartOffset } = partitions[row]!;
    columns.counts[row] = errors.length;
    columns.logStartOffsets[row] = logStartOffset;
    columns.baseOffsets.set(baseOffsets, at);
    columns.errors.set(errors, at);
    columns.appended.set(appended, at);
    at += errors.length;
  }
  return columns;
}

/**
 * A `ProduceDescriptor` as a ring record, in the machine's byte order (both ends are one process):
 * u32 request · u32 connection · i32 correlation id · u16 api version and, above it, 1 when it fails · f64 topics revision ·
 * f64 received ms · f64 turns heard ·
 * then a u32 position and a u32 length for each piece.
 */
const FIXED_BYTES = 40;
const PIECE_BYTES = 8;
const FAILS = 0x1_0000;

/** Most pieces that a frame may have: a frame of the largest size in chunks of 64 KiB. */
export const PIECES_MAX = 2048;
export const DESCRIPTOR_BYTES_MAX = FIXED_BYTES + PIECES_MAX * PIECE_BYTES;

/** The record, in memory that the next call reuses. */
export function encodeDescriptor(descriptor: ProduceDescriptor): Uint8Array {
  const { pieces } = descriptor;
  if (pieces.length > PIECES_MAX) {
    throw new RangeError(`a frame in ${pieces.length} pieces, ${PIECES_MAX} at most`);
  }
  words[0] = descriptor.request;
  words[1] = descriptor.connection;
  words[2] = descriptor.correlationId;
  words[3] = descriptor.apiVersion | (descriptor.fails ? FAILS : 0);
  floats[2] = descriptor.topicsRevision;
  floats[3] = descriptor.receivedMs;
  floats[4] = descriptor.turnsHeard;
  let at = FIXED_BYTES / 4;
  for (const piece of pieces) {
    words[at] = piece.position;
    words[at + 1] = piece.length;
    at += 2;
  }
  return encoded.subarray(0, at * 4);
}

const encoded = new Uint8Array(DESCRIPTOR_BYTES_MAX);
const words = new Uint32Array(encoded.buffer);
const floats = new Float64Array(encoded.buffer);

export function decodeDescriptor(record: Uint8Array): ProduceDescriptor {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const pieces: Piece[] = [];
  for (let at = FIXED_BYTES; at < record.length; at += PIECE_BYTES) {
    pieces.push({ position: view.getUint32(at, LITTLE_ENDIAN), length: view.getUint32(at + 4, LITTLE_ENDIAN) });
  }
  return {
    request: view.getUint32(0, LITTLE_ENDIAN),
    connection: view.getUint32(4, LITTLE_ENDIAN),
    correlationId: view.getInt32(8, LITTLE_ENDIAN),
    apiVersion: view.getUint32(12, LITTLE_ENDIAN) & (FAILS - 1),
    fails: (view.getUint32(12, LITTLE_ENDIAN) & FAILS) !== 0,
    topicsRevision: view.getFloat64(16, LITTLE_ENDIAN),
    receivedMs: view.getFloat64(24, LITTLE_ENDIAN),
    turnsHeard: view.getFloat64(32, LITTLE_ENDIAN),
    pieces,
  };
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
