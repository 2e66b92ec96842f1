import type { Fate, OutcomeColumns, ProduceAnswer, ReadableBatches } from '../../src/ingest/messages.js';
import { apis } from '../../src/protocol/apis.js';
import { errorByCode, errors } from '../../src/protocol/errors.js';
import { encodeResponseFrame, joined } from '../../src/protocol/frames.js';
import { BatchHeader } from '../../src/records/header.js';
import type { Meters } from '../../src/telemetry/counters.js';
import type { Run } from './publish.js';
import type { Request } from './requests.js';

/** There are no partition leaders; clients see one epoch for ever. */
const LEADER_EPOCH = 0;

/**
 * Takes the outcome of a publish: stamps what became part of the log, in place (`segment` is the segment's memory: no
 * upload reads it any more), fills the partitions' answers, and lists what readers may now see.
 */
export function applyOutcome(
  runs: readonly Run[],
  outcome: OutcomeColumns,
  segment: Uint8Array,
  meters: Meters,
): ReadableBatches {
  const batchesMax = outcome.errors.length;
  const columns = {
    baseOffsets: new Float64Array(batchesMax),
    positions: new Uint32Array(batchesMax),
    lengths: new Uint32Array(batchesMax),
  };
  let visible = 0;
  let records = 0;
  let bytes = 0;
  const header = new BatchHeader(segment);
  const { baseOffsets, errors: codes, appended, logStartOffsets } = outcome;
  // Of the batch in all columns.
  let at = 0;
  for (let row = 0; row < runs.length; row += 1) {
    for (const { batch, position } of runs[row]!) {
      const { answer } = batch;
      const error = codes[at]!;
      answer.error = error;
      answer.message = error === 0 ? null : (errorByCode(error)?.name ?? null);
      answer.baseOffset = baseOffsets[at]!;
      answer.logStartOffset = logStartOffsets[row]!;
      if (appended[at] === 1) {
        header.position = position;
        header.stamp(baseOffsets[at]!, LEADER_EPOCH);
        columns.baseOffsets[visible] = baseOffsets[at]!;
        columns.positions[visible] = position;
        columns.lengths[visible] = batch.bytes;
        visible += 1;
        records += batch.records;
        bytes += batch.bytes;
      } else {
        // Of a duplicate the time at which the original was appended is not known here: -1, as with CreateTime.
        answer.logAppendTimeMs = -1;
      }
      at += 1;
    }
  }
  meters.producedBatches.add(visible);
  meters.producedRecords.add(records);
  meters.producedBytes.add(bytes);
  if (visible === batchesMax) return columns;
  return {
    baseOffsets: columns.baseOffsets.slice(0, visible),
    positions: columns.positions.slice(0, visible),
    lengths: columns.lengths.slice(0, visible),
  };
}

/** The answer to a request whose partitions are all decided. With acks=0 there is none, but an error closes (Kafka too). */
export function answerOf(request: Request, fate: Fate, closeAnyway: boolean): ProduceAnswer {
  const { id, acks, apiVersion, correlationId, topics, busyMs } = request;
  if (acks === 0) {
    const failed = topics.some(({ partitions }) => partitions.some(({ error }) => error !== 0));
    return { request: id, frame: undefined, fate, close: failed || closeAnyway, busyMs };
  }
  // A topic of which no partition was named is not answered, as in Kafka.
  const named = topics.filter(({ partitions }) => partitions.length > 0);
  const responses = named.map(({ name, topicId, partitions }) => ({
    name,
    topicId,
    partitionResponses: partitions.map((partition) => ({
      index: partition.index,
      errorCode: partition.error,
      baseOffset: partition.baseOffset,
      logAppendTimeMs: partition.logAppendTimeMs,
      logStartOffset: partition.logStartOffset,
      recordErrors: partition.recordErrors,
      errorMessage: partition.message,
    })),
  }));
  const frame = joined(encodeResponseFrame(apis.produce, apiVersion, correlationId, { responses }));
  return { request: id, frame, fate, close: closeAnyway, busyMs };
}

/** Counts the batches of an answered request that were not stored, by why. */
export function countRejected(request: Request, meters: Meters): void {
  for (const { partitions } of request.topics) {
    for (const { error } of partitions) {
      if (error !== 0) {
        meters.batchesRejected[reasonOf(error)].add(1);
      }
    }
  }
}

function reasonOf(error: number): keyof Meters['batchesRejected'] {
  switch (error) {
    case errors.CORRUPT_MESSAGE.code:
      return 'corrupt';
    case errors.MESSAGE_TOO_LARGE.code:
      return 'too-large';
    case errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code:
    case errors.INVALID_PRODUCER_EPOCH.code:
      return 'sequence';
    case errors.UNKNOWN_TOPIC_OR_PARTITION.code:
    case errors.UNKNOWN_TOPIC_ID.code:
      return 'unknown-topic';
    default:
      return errorByCode(error)?.retriable === true ? 'retriable' : 'invalid';
  }
}
