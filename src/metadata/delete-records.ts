import { errors } from '../protocol/errors.js';
import { isInternalTopic } from './internal-topics.js';
import type { DeleteRecords, TopicLogStarts } from './journal.wire.js';
import { ROWS_PER_ENTRY_MAX } from './limits.js';
import type { Outcome } from './outcomes.js';
import { refused } from './outcomes.js';
import { topicIdText } from './topic-id.js';
import type { Topic, Topics } from './topics.js';

/** The offset that stands for the high watermark (Kafka: DeleteRecordsRequest.HIGH_WATERMARK). */
const HIGH_WATERMARK = -1;

/** Moves log starts up, each partition judged by itself, in Kafka's order of checks (Partition.deleteRecordsOnLeader). */
export function deleteRecords(topics: Topics, command: DeleteRecords): Outcome {
  const flaw = flawOf(command.topics);
  if (flaw !== undefined) {
    return refused(errors.INVALID_REQUEST.code, flaw);
  }
  const codes: number[] = [];
  const lowWatermarks: number[] = [];
  for (const { topicId, partitions, offsets } of command.topics) {
    const topic = topics.byId.get(topicIdText(topicId) ?? '');
    // Once for all its partitions: the text may have 32 KiB.
    const isKept = topic !== undefined && !policiesOf(topic, command.defaultPolicy || 'delete').includes('delete');
    for (const [at, index] of partitions.entries()) {
      const error = raise(topics, topic, index, offsets[at]!, isKept);
      codes.push(error);
      lowWatermarks.push(error === errors.NONE.code ? topic!.partitions[index]!.logStartOffset : -1);
    }
  }
  return { kind: 'records-deleted', errors: codes, lowWatermarks };
}

function raise(topics: Topics, topic: Topic | undefined, index: number, asked: number, isKept: boolean): number {
  const partition = topic?.partitions[index];
  if (topic === undefined || partition === undefined) {
    return errors.UNKNOWN_TOPIC_OR_PARTITION.code;
  }
  if (isInternalTopic(topic.name)) {
    return errors.INVALID_TOPIC_EXCEPTION.code;
  }
  if (isKept) {
    return errors.POLICY_VIOLATION.code;
  }
  const offset = asked === HIGH_WATERMARK ? partition.highWatermark : asked;
  if (offset < 0 || offset > partition.highWatermark) {
    return errors.OFFSET_OUT_OF_RANGE.code;
  }
  if (offset > partition.logStartOffset) {
    topics.raiseLogStart(partition, offset);
  }
  return errors.NONE.code;
}

function policiesOf({ configs }: Topic, defaultPolicy: string): readonly string[] {
  return (configs.get('cleanup.policy') ?? defaultPolicy).split(',').map((policy) => policy.trim());
}

function flawOf(topics: readonly TopicLogStarts[]): string | undefined {
  let rows = 0;
  for (const { partitions, offsets } of topics) {
    if (partitions.length !== offsets.length) {
      return 'columns differ in length';
    }
    rows += partitions.length;
  }
  return rows > ROWS_PER_ENTRY_MAX ? `more than ${ROWS_PER_ENTRY_MAX} partitions` : undefined;
}
