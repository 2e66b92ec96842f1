import { errors } from '../protocol/errors.js';
import type { Group } from './group.js';
import type { Groups } from './groups.js';
import type { CommitOffsets } from './journal.wire.js';
import type { Ledger } from './limits.js';
import { SIZE, textBytes } from './limits.js';
import type { OffsetOwner } from './offset-owner.js';
import type { Outcome } from './outcomes.js';
import { refused } from './outcomes.js';
import type { Topics } from './topics.js';
import type { CommittedOffset } from './view.js';

/** `offset.metadata.max.bytes`; Kafka counts characters. */
const OFFSET_METADATA_MAX = 4096;

/** OffsetCommit (Kafka: OffsetMetadataManager.commitOffset, ClassicGroup.validateOffsetCommit). */
export function commitOffsets(
  groups: Groups,
  topics: Topics,
  ledger: Ledger,
  command: CommitOffsets,
  timeMs: number,
): Outcome {
  const existing = groups.byId.get(command.group);
  const flaw =
    existing === undefined
      ? command.generation < 0
        ? errors.NONE.code
        : errors.GROUP_ID_NOT_FOUND.code
      : flawOf(existing, command);
  if (flaw !== errors.NONE.code) {
    return refused(flaw, 'the group does not accept this commit');
  }
  let group = existing;
  const codes = command.offsets.map(({ topic: name, partition, offset, leaderEpoch, metadata }) => {
    const topic = topics.byName.get(name);
    if (topic === undefined || partition >= topic.partitions.length) {
      return errors.UNKNOWN_TOPIC_OR_PARTITION.code;
    }
    if (metadata.length > OFFSET_METADATA_MAX) {
      return errors.OFFSET_METADATA_TOO_LARGE.code;
    }
    const former = group?.offsets.get(topic.topicId)?.partitions.get(partition);
    if (former === undefined && ledger.full) {
      return errors.COORDINATOR_LOAD_IN_PROGRESS.code;
    }
    group ??= groups.create(command.group);
    topic.committedBy.add(command.group);
    putOffset(group, topic.topicId, partition, { offset, leaderEpoch, metadata, committedMs: timeMs }, ledger);
    ledger.digest.number(offset);
    return errors.NONE.code;
  });
  group?.mix();
  return { kind: 'offsets-committed', errors: codes };
}

/** Writes one offset and its bytes. */
export function putOffset(
  group: OffsetOwner,
  topicId: string,
  partition: number,
  committed: CommittedOffset,
  ledger: Ledger,
): void {
  let topic = group.offsets.get(topicId);
  if (topic === undefined) {
    topic = { partitions: new Map(), bytes: 0 };
    group.offsets.set(topicId, topic);
  }
  const former = topic.partitions.get(partition);
  const grown = offsetBytes(committed) - (former === undefined ? 0 : offsetBytes(former));
  topic.partitions.set(partition, committed);
  topic.bytes += grown;
  ledger.bytes += grown;
}

/** Forgets what a group committed in a topic. */
export function dropOffsets(group: OffsetOwner, topicId: string, ledger: Ledger): void {
  ledger.bytes -= group.offsets.get(topicId)?.bytes ?? 0;
  group.offsets.delete(topicId);
}

/** A group that goes takes its offsets with it. */
export function forgetOffsets(group: OffsetOwner, topics: Topics, ledger: Ledger): void {
  for (const topicId of [...group.offsets.keys()]) {
    const topic = topics.byId.get(topicId) ?? topics.retiring.find((deleted) => deleted.topicId === topicId);
    topic?.committedBy.delete(group.groupId);
    dropOffsets(group, topicId, ledger);
  }
}

function offsetBytes({ metadata }: CommittedOffset): number {
  return SIZE.offset + textBytes(metadata);
}

/** A commit without a membership is for empty groups only; one with a membership must name the present generation. */
function flawOf(group: Group, { generation, memberId, instanceId }: CommitOffsets): number {
  if (generation < 0 && group.state === 'Empty') {
    return errors.NONE.code;
  }
  if (generation < 0 && memberId === '' && instanceId === undefined) {
    return errors.UNKNOWN_MEMBER_ID.code;
  }
  const speaker = group.judge(memberId, instanceId);
  if (speaker !== errors.NONE.code) {
    return speaker;
  }
  if (generation !== group.generation) {
    return errors.ILLEGAL_GENERATION.code;
  }
  return group.state === 'CompletingRebalance' ? errors.REBALANCE_IN_PROGRESS.code : errors.NONE.code;
}
