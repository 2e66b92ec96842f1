import { native, walkFaults } from '../../native-bindings/bindings.js';
import { codecNames } from '../../native-bindings/codecs.js';
import {
  SCAN_BYTES,
  SCAN_COLUMNS,
  SCAN_CRC_MATCHES,
  SCAN_FAULT,
  SCAN_FOUND,
  SCAN_NULL_KEYS,
  SCAN_POSITION,
  SCAN_TIMESTAMP_DELTA_MAX,
  SCAN_TIMESTAMP_DELTA_MIN,
  SCAN_WALK,
} from '../../native-bindings/scan-columns.js';
import { Allowance } from './allowance.js';
import {
  BATCH_OVERHEAD_BYTES,
  BatchHeader,
  CODEC_MASK,
  CONTROL,
  LENGTH_END,
  LOG_APPEND_TIME,
  TRANSACTIONAL,
} from './header.js';
import { recordsIn } from './read.js';

/** What a topic and a request demand of a batch. */
export interface BatchRules {
  readonly maxMessageBytes: number;
  /** The topic's message.timestamp.type: timestamps of producers do not count, so their bounds are not checked. */
  readonly logAppendTime: boolean;
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly nowMs: number;
  /** Every record needs a key. */
  readonly compacted: boolean;
  /** Look into the records, decompressing them, as Kafka always does. */
  readonly walkRecords: boolean;
  /** Produce v7 brought zstd (KIP-110). */
  readonly zstdAllowed: boolean;
  /** The codec that the topic wants its batches in, as in their attributes; undefined: whatever they come in. */
  readonly codec: number | undefined;
}

/** One partition's records in the bytes of a request. */
export interface SentBatch {
  readonly position: number;
  readonly length: number;
  readonly rules: BatchRules;
}

export interface BatchFacts {
  /** Of the batch; what lies behind it, too short for another one, is not part of it. */
  readonly bytes: number;
  readonly records: number;
  readonly minTimestamp: number;
  /** The greatest timestamp of the records when they were walked, else what the header says, but no less than its base. */
  readonly maxTimestamp: number;
  /** -1: none. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
  /**
   * The records were walked and the header's greatest timestamp is not theirs. Kafka mends the header (LogValidator:
   * setMaxTimestamp); so does `setMaxTimestamp`, in the copy.
   */
  readonly maxTimestampWrong: boolean;
}

export interface RecordFault {
  /** Index of the record in its batch. */
  readonly index: number;
  readonly message: string;
}

export type Verdict =
  | {
      readonly kind: 'accepted';
      readonly facts: BatchFacts;
      /** The records, not compressed, of a batch whose codec is not the one that the topic wants, until the next verdict; undefined of any other. */
      readonly records: Uint8Array | undefined;
    }
  | {
      readonly kind: 'refused';
      /** Kafka error code. */
      readonly error: number;
      readonly message: string;
      readonly recordFaults: readonly RecordFault[];
    };

const CORRUPT_MESSAGE = 2;
const MESSAGE_TOO_LARGE = 10;
const INVALID_TIMESTAMP = 32;
const UNSUPPORTED_COMPRESSION_TYPE = 76;
const INVALID_RECORD = 87;
const ZSTD = 4;
/** No time given (RecordBatch.NO_TIMESTAMP). */
const NO_TIMESTAMP = -1;
/** Fewer bytes than this hold no record: length, attributes, two deltas, key, value, headers. */
const RECORD_BYTES_MIN = 7;

/** Before its magic is there a batch is not looked at; a size below this one is no batch's of any magic. */
const MAGIC_END = 17;
const SIZE_MIN = 14;

/**
 * The bytes of the whole batch at the header's position; 0 when there is none, which a cut one is like; undefined for bytes that
 * cannot begin any (Kafka's ByteBufferLogInputStream).
 */
function wholeBatch(header: BatchHeader, limit: number): number | undefined {
  const left = limit - header.position;
  if (left < LENGTH_END) return 0;
  const batchBytes = header.bytes;
  if (batchBytes < SIZE_MIN + LENGTH_END) return undefined;
  if (left < MAGIC_END) return 0;
  if (header.magic < 0 || header.magic > 2) return undefined;
  return batchBytes <= left ? batchBytes : 0;
}

/**
 * What Kafka checks of one partition's records before it looks at the request's acks (ProduceRequest.validateRecords): that
 * there is exactly one batch, of magic 2, of a codec that the request's version may carry. Undefined when that holds.
 */
export function envelopeFault(
  bytes: Uint8Array,
  position: number,
  length: number,
  zstdAllowed: boolean,
  batch = new BatchHeader(bytes),
): Verdict | undefined {
  batch.position = position;
  const limit = position + length;
  const first = wholeBatch(batch, limit);
  if (first === undefined) return NO_BATCH;
  if (first === 0) return refused(INVALID_RECORD, 'there is no whole record batch');
  if (batch.magic !== 2) return refused(INVALID_RECORD, `magic ${batch.magic} is not served, only 2`);
  if ((batch.attributes & CODEC_MASK) === ZSTD && !zstdAllowed) {
    return refused(UNSUPPORTED_COMPRESSION_TYPE, 'zstd needs Produce version 7');
  }
  batch.position = position + first;
  const second = wholeBatch(batch, limit);
  batch.position = position;
  if (second === undefined) return NO_BATCH;
  if (second > 0) return refused(INVALID_RECORD, 'a partition takes exactly one batch a request');
  return first < BATCH_OVERHEAD_BYTES ? refused(CORRUPT_MESSAGE, `a batch of ${first} bytes`) : undefined;
}

/** Rows for as many batches as most requests have are kept. */
const ROWS_KEPT = 64;
const rowsKept = new Float64Array(ROWS_KEPT * SCAN_COLUMNS);

/**
 * Kafka's checks of the records of a Produce request's partitions, each by itself, in Kafka's order: `envelopeFault`,
 * UnifiedLog.analyzeAndValidateRecords, LogValidator. Batches are stored as they came, so three things that Kafka would
 * mend by rewriting the batch, or not see, are refused: offset deltas that are not 0, 1, 2 … (87; Kafka writes compressed
 * batches anew), lengths below -1 (87; Kafka takes them for null), and the timestamp type LogAppendTime on a topic with
 * CreateTime (32; Kafka clears the bit).
 *
 * One native call looks at all batches that are whole and not too large. `judged` then gets verdict after verdict, in order:
 * the records that one comes with are gone with the next. `bytes` are the whole request: what its batches may be decompressed
 * to, all together, goes by its size. Returns how many bytes were decompressed.
 */
export function validateProduceBatches<Sent extends SentBatch>(
  bytes: Uint8Array,
  sent: readonly Sent[],
  judged: (sent: Sent, verdict: Verdict) => void,
): number {
  const batch = new BatchHeader(bytes);
  const rows = sent.length <= ROWS_KEPT ? rowsKept : new Float64Array(sent.length * SCAN_COLUMNS);
  let end = 0;
  const faults = sent.map(({ position, length, rules }) => {
    const fault = envelopeFault(bytes, position, length, rules.zstdAllowed, batch) ?? sizeFault(batch, rules);
    if (fault !== undefined) return fault;
    rows[end + SCAN_POSITION] = position;
    rows[end + SCAN_BYTES] = batch.bytes;
    rows[end + SCAN_WALK] = isWalked(batch, rules) ? 1 : 0;
    end += SCAN_COLUMNS;
    return undefined;
  });
  native.scanBatches(bytes, rows, end / SCAN_COLUMNS);
  const allowance = new Allowance(bytes.length);
  const scan = { bytes, batch, rows, allowance };
  let row = 0;
  sent.forEach((one, at) => {
    const fault = faults[at];
    if (fault !== undefined) {
      judged(one, fault);
      return;
    }
    batch.position = one.position;
    judged(one, verdictOf(scan, one.rules, row));
    row += SCAN_COLUMNS;
  });
  return allowance.decompressedBytes;
}

function sizeFault(batch: BatchHeader, { maxMessageBytes }: BatchRules): Verdict | undefined {
  if (batch.baseOffset !== 0) return refused(INVALID_RECORD, `the base offset is ${batch.baseOffset}, not 0`);
  return batch.bytes > maxMessageBytes
    ? refused(MESSAGE_TOO_LARGE, `the batch has ${batch.bytes} bytes, max.message.bytes is ${maxMessageBytes}`)
    : undefined;
}

/** A request whose batches were scanned, its header at the one that is judged. */
interface Scan {
  readonly bytes: Uint8Array;
  readonly batch: BatchHeader;
  readonly rows: Float64Array;
  readonly allowance: Allowance;
}

function verdictOf(scan: Scan, rules: BatchRules, row: number): Verdict {
  const { batch, rows } = scan;
  if (rows[row + SCAN_CRC_MATCHES] !== 1) return refused(CORRUPT_MESSAGE, 'the CRC-32C does not match');
  return headerFault(batch) ?? (isWalked(batch, rules) ? walked(scan, rules, row) : unwalked(scan, rules));
}

function isWalked(batch: BatchHeader, rules: BatchRules): boolean {
  return rules.walkRecords || rules.compacted || isRecompressed(batch, rules);
}

function isRecompressed({ attributes }: BatchHeader, { codec }: BatchRules): boolean {
  return codec !== undefined && codec !== (attributes & CODEC_MASK);
}

function headerFault(batch: BatchHeader): Verdict | undefined {
  const { attributes, recordCount } = batch;
  if (recordCount <= 0) return refused(INVALID_RECORD, `the batch has ${recordCount} records`);
  if (batch.lastOffsetDelta + 1 !== recordCount) {
    return refused(INVALID_RECORD, `${recordCount} records cannot end at offset delta ${batch.lastOffsetDelta}`);
  }
  if ((attributes & CONTROL) !== 0) return refused(INVALID_RECORD, 'clients may not write control batches');
  if (batch.producerId >= 0 && batch.baseSequence < 0) {
    return refused(INVALID_RECORD, `producer ${batch.producerId} sent the sequence ${batch.baseSequence}`);
  }
  const codec = attributes & CODEC_MASK;
  if (codec >= codecNames.length) return refused(INVALID_RECORD, `compression type ${codec} is unknown`);
  return undefined;
}

function walked({ bytes, batch, rows, allowance }: Scan, rules: BatchRules, row: number): Verdict {
  const codec = batch.attributes & CODEC_MASK;
  const start = batch.position + BATCH_OVERHEAD_BYTES;
  let records = bytes.subarray(start, batch.position + batch.bytes);
  if (codec !== 0) {
    const decompressed = allowance.decompress(codec, records);
    if ('message' in decompressed) {
      return refused(decompressed.isShared ? MESSAGE_TOO_LARGE : INVALID_RECORD, decompressed.message);
    }
    records = decompressed;
  }
  // A count that its bytes cannot hold is refused before anything is done for each record.
  if (batch.recordCount * RECORD_BYTES_MIN > records.length) {
    return refused(INVALID_RECORD, `${records.length} bytes cannot hold ${batch.recordCount} records`);
  }
  // What is compressed the scan could not walk.
  if (codec !== 0) {
    const found = rows.subarray(row + SCAN_FOUND, row + SCAN_COLUMNS);
    rows[row + SCAN_FAULT] = native.walkRecords(records, 0, records.length, batch.recordCount, found);
  }
  const fault = rows[row + SCAN_FAULT]!;
  if (fault !== 0) return refused(INVALID_RECORD, walkFaults[fault]!);
  if (hasAppendTime(batch)) return appendTimeRefused(batch, allowance);
  const minTimestamp = saturated(batch.baseTimestamp + rows[row + SCAN_TIMESTAMP_DELTA_MIN]!);
  // Kafka's greatest time starts at "none", so that no batch has less.
  const maxTimestamp = Math.max(NO_TIMESTAMP, saturated(batch.baseTimestamp + rows[row + SCAN_TIMESTAMP_DELTA_MAX]!));
  const suspect =
    (rules.compacted && rows[row + SCAN_NULL_KEYS]! > 0) ||
    isOutOfTime(minTimestamp, rules) ||
    isOutOfTime(maxTimestamp, rules);
  const refusal = suspect ? refusalOfRecords(records, batch, rules, allowance) : undefined;
  if (refusal !== undefined) return refusal;
  const maxTimestampWrong = maxTimestamp !== batch.maxTimestamp;
  const facts = factsOf(batch, minTimestamp, maxTimestamp, maxTimestampWrong);
  return { kind: 'accepted', facts, records: isRecompressed(batch, rules) ? records : undefined };
}

function unwalked({ batch, allowance }: Scan, rules: BatchRules): Verdict {
  if (hasAppendTime(batch)) return appendTimeRefused(batch, allowance);
  const { baseTimestamp } = batch;
  // Who writes a batch gives it the time of its first record: none is the greatest that is less than that.
  const maxTimestamp = Math.max(baseTimestamp, batch.maxTimestamp);
  for (const timestamp of [baseTimestamp, maxTimestamp]) {
    if (timestamp !== NO_TIMESTAMP && isOutOfTime(timestamp, rules)) {
      return refused(INVALID_TIMESTAMP, outOfTime(timestamp, rules));
    }
  }
  const maxTimestampWrong = maxTimestamp !== batch.maxTimestamp;
  const facts = factsOf(batch, baseTimestamp, maxTimestamp, maxTimestampWrong);
  return { kind: 'accepted', facts, records: undefined };
}

/**
 * Looks at each record of a batch of which some may be at fault: a time of -1 is never out of time, though the least and
 * the greatest time alone cannot tell.
 */
function refusalOfRecords(
  records: Uint8Array,
  batch: BatchHeader,
  rules: BatchRules,
  allowance: Allowance,
): Verdict | undefined {
  const recordFaults: RecordFault[] = [];
  let first = '';
  let faults = 0;
  let error = INVALID_RECORD;
  let index = -1;
  for (const { timestampMs, key } of recordsIn(records, batch)) {
    index += 1;
    const isKeyless = rules.compacted && key === null;
    if (!isKeyless) {
      if (timestampMs === NO_TIMESTAMP || !isOutOfTime(timestampMs, rules)) continue;
      // One bad time makes it the batch's error, whatever else is wrong (LogValidator.processRecordErrors).
      error = INVALID_TIMESTAMP;
    }
    faults += 1;
    // A batch says what is wrong with its first record at fault even when none of them can be listed any more.
    if (faults > 1 && allowance.recordFaults === 0) continue;
    const message = isKeyless ? 'a compacted topic needs a key in every record' : outOfTime(timestampMs, rules);
    if (faults === 1) first = message;
    if (allowance.recordFaults === 0) continue;
    allowance.recordFaults -= 1;
    recordFaults.push({ index, message });
  }
  if (faults === 0) return undefined;
  const what = faults === 1 ? 'one record is' : `${faults} records are`;
  return { kind: 'refused', error, message: `${what} at fault: ${first}`, recordFaults };
}

function isOutOfTime(timestamp: number, rules: BatchRules): boolean {
  const { logAppendTime, nowMs, timestampBeforeMaxMs, timestampAfterMaxMs } = rules;
  return !logAppendTime && (nowMs - timestamp > timestampBeforeMaxMs || timestamp - nowMs > timestampAfterMaxMs);
}

function outOfTime(timestamp: number, rules: BatchRules): string {
  const setting =
    timestamp < rules.nowMs ? 'older than message.timestamp.before' : 'later than message.timestamp.after';
  return `timestamp ${timestamp} is ${setting}.max.ms allows`;
}

function hasAppendTime(batch: BatchHeader): boolean {
  return (batch.attributes & LOG_APPEND_TIME) !== 0;
}

function factsOf(
  batch: BatchHeader,
  minTimestamp: number,
  maxTimestamp: number,
  maxTimestampWrong: boolean,
): BatchFacts {
  return {
    bytes: batch.bytes,
    records: batch.recordCount,
    minTimestamp,
    maxTimestamp,
    producerId: batch.producerId < 0 ? -1 : batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    transactional: (batch.attributes & TRANSACTIONAL) !== 0,
    maxTimestampWrong,
  };
}

function saturated(timestamp: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, timestamp));
}

function refused(error: number, message: string): Extract<Verdict, { kind: 'refused' }> {
  return { kind: 'refused', error, message, recordFaults: [] };
}

const NO_BATCH = refused(CORRUPT_MESSAGE, 'bytes that cannot begin a batch');
const APPEND_TIME_MESSAGE = 'producers may not set the timestamp type LogAppendTime';

/** Every record is at fault, as in Kafka. */
function appendTimeRefused({ recordCount }: BatchHeader, allowance: Allowance): Verdict {
  const faults = Math.min(recordCount, allowance.recordFaults);
  allowance.recordFaults -= faults;
  const recordFaults = Array.from({ length: faults }, (_, index) => ({ index, message: APPEND_TIME_MESSAGE }));
  return { kind: 'refused', error: INVALID_TIMESTAMP, message: APPEND_TIME_MESSAGE, recordFaults };
}
