import { errors } from '../protocol/errors.js';
import type { Agent } from './agents.js';
import type { PublishSegment, SegmentPartition } from './journal.wire.js';
import type { Ledger } from './limits.js';
import { SEGMENT_BYTES_MAX } from './limits.js';
import type { Outcome, PublishedPartition } from './outcomes.js';
import { refused } from './outcomes.js';
import type { Partition } from './partition.js';
import type { Producers } from './producers.js';
import type { Segments } from './segments.js';
import { topicIdText } from './topic-id.js';
import type { Topics } from './topics.js';

export interface PublishTables {
  readonly ledger: Ledger;
  readonly topics: Topics;
  readonly segments: Segments;
  readonly producers: Producers;
}

/**
 * Makes a segment visible: decides its batches one by one, in their order. A refused batch and a repeat take no offsets
 * and cut the extent; a run of accepted batches of a partition is one extent. A command that breaks its format is
 * refused as a whole, before anything is changed.
 */
export function publish(
  tables: PublishTables,
  agent: Agent,
  command: PublishSegment,
  timeMs: number,
  advanced: (partition: Partition) => void,
): Outcome {
  const flaw = flawOf(command);
  if (flaw !== undefined) {
    return refused(errors.INVALID_REQUEST.code, flaw);
  }
  if (agent.hasPublished(command.segment)) {
    return refused(errors.INVALID_REQUEST.code, 'a segment of this number was published before');
  }
  agent.notePublished(command.segment, tables.ledger);
  const segment = new OpenSegment(tables.segments, agent.agentEpoch, command);
  return {
    kind: 'published',
    partitions: command.partitions.map((columns) => {
      const topicId = topicIdText(columns.topicId);
      const topic = topicId === undefined ? undefined : tables.topics.byId.get(topicId);
      const partition = topic?.partitions[columns.partition];
      if (partition === undefined) {
        return failed(columns.lengths.length, errors.UNKNOWN_TOPIC_OR_PARTITION.code, -1);
      }
      tables.ledger.weigh();
      if (tables.ledger.full) {
        return failed(columns.lengths.length, errors.KAFKA_STORAGE_ERROR.code, partition.logStartOffset);
      }
      const before = partition.highWatermark;
      const published = publishPartition(tables, segment, partition, columns, timeMs);
      if (partition.highWatermark !== before) {
        advanced(partition);
      }
      return published;
    }),
  };
}

function publishPartition(
  tables: PublishTables,
  segment: OpenSegment,
  partition: Partition,
  columns: SegmentPartition,
  timeMs: number,
): PublishedPartition {
  const count = columns.lengths.length;
  const baseOffsets = new Float64Array(count);
  const codes = new Int16Array(count);
  const appended = new Uint8Array(count);
  const withProducers = columns.producerIds.length > 0;
  let position = columns.position;
  let nextOffset = partition.highWatermark;
  let runPosition = position;
  let runRecords = 0;
  let runMaxTimestamp = 0;
  const endRun = (end: number) => {
    if (runRecords > 0) {
      tables.topics.addExtent(partition, runRecords, runMaxTimestamp, segment.row(), runPosition, end - runPosition);
      runRecords = 0;
    }
  };
  for (let at = 0; at < count; at++) {
    const records = columns.records[at]!;
    const producerId = withProducers ? columns.producerIds[at]! : -1;
    let error: number =
      nextOffset + records <= Number.MAX_SAFE_INTEGER ? errors.NONE.code : errors.KAFKA_STORAGE_ERROR.code;
    let baseOffset = nextOffset;
    let append = error === errors.NONE.code;
    if (append && producerId !== -1) {
      const epoch = columns.producerEpochs[at]!;
      const sequence = columns.baseSequences[at]!;
      if (producerId < 0 || epoch < 0 || epoch > 0x7fff || sequence < 0) {
        const lowEpoch = producerId >= 0 && sequence >= 0 && epoch < 0;
        error = lowEpoch ? errors.INVALID_PRODUCER_EPOCH.code : errors.INVALID_RECORD.code;
        append = false;
      } else {
        const judgement = tables.producers.judge(partition, producerId, epoch, sequence, records);
        error = judgement.error;
        append = error === errors.NONE.code && judgement.duplicateOf === -1;
        if (append) {
          tables.producers.accept(
            partition,
            producerId,
            epoch,
            sequence,
            records,
            nextOffset,
            columns.maxTimestamps[at]!,
            timeMs,
          );
        } else {
          baseOffset = judgement.duplicateOf;
        }
      }
    }
    if (append) {
      const timestamp = columns.maxTimestamps[at]!;
      if (runRecords + records > EXTENT_RECORDS_MAX) {
        endRun(position);
      }
      if (runRecords === 0) {
        runPosition = position;
        runMaxTimestamp = timestamp;
      } else if (timestamp > runMaxTimestamp) {
        runMaxTimestamp = timestamp;
      }
      runRecords += records;
      nextOffset += records;
      appended[at] = 1;
    } else {
      endRun(position);
    }
    baseOffsets[at] = error === errors.NONE.code ? baseOffset : -1;
    codes[at] = error;
    position += columns.lengths[at]!;
  }
  endRun(position);
  return { baseOffsets, errors: codes, appended, logStartOffset: partition.logStartOffset };
}

/** A segment's row, made when its first extent needs it. */
class OpenSegment {
  readonly #segments: Segments;
  readonly #agentEpoch: number;
  readonly #command: PublishSegment;
  #row = -1;

  constructor(segments: Segments, agentEpoch: number, command: PublishSegment) {
    this.#segments = segments;
    this.#agentEpoch = agentEpoch;
    this.#command = command;
  }

  row(): number {
    if (this.#row === -1) {
      this.#row = this.#segments.add(this.#agentEpoch, this.#command.segment, this.#command.bytes);
    }
    return this.#row;
  }
}

const EXTENT_RECORDS_MAX = 0xffff_ffff;
const BATCH_RECORDS_MAX = 0x7fff_ffff;

function failed(count: number, error: number, logStartOffset: number): PublishedPartition {
  return {
    baseOffsets: new Float64Array(count).fill(-1),
    errors: new Int16Array(count).fill(error),
    appended: new Uint8Array(count),
    logStartOffset,
  };
}

/** What breaks the command's format, or undefined. */
function flawOf(command: PublishSegment): string | undefined {
  if (command.segment < 1) {
    return 'segments count from 1';
  }
  if (command.bytes > SEGMENT_BYTES_MAX) {
    return `a segment holds at most ${SEGMENT_BYTES_MAX} bytes`;
  }
  let end = 0;
  for (const columns of command.partitions) {
    const count = columns.lengths.length;
    const producers = columns.producerIds.length;
    if (
      count === 0 ||
      columns.records.length !== count ||
      columns.maxTimestamps.length !== count ||
      (producers !== 0 && producers !== count) ||
      columns.producerEpochs.length !== producers ||
      columns.baseSequences.length !== producers
    ) {
      return 'the columns of a partition differ in length or are empty';
    }
    if (columns.position < end) {
      return 'partitions overlap or are out of order';
    }
    end = columns.position;
    for (let at = 0; at < count; at++) {
      const length = columns.lengths[at]!;
      const records = columns.records[at]!;
      if (length === 0 || records === 0 || records > BATCH_RECORDS_MAX) {
        return 'a batch without bytes or records, or with too many';
      }
      end += length;
    }
    if (end > command.bytes) {
      return 'batches lie beyond the end of the segment';
    }
  }
  return undefined;
}
