import { CONSUMER_PROTOCOL_TYPE } from '../protocol/consumer-protocol.js';
import { errors } from '../protocol/errors.js';
import type { Group } from './group.js';
import type { Groups } from './groups.js';
import type { CommitOffsets, DeleteOffsets } from './journal.wire.js';
import type { Ledger } from './limits.js';
import { SIZE, textBytes } from './limits.js';
import type { OffsetOwner } from './offset-owner.js';
import type { Outcome } from './outcomes.js';
import { refused } from './outcomes.js';
import { consumes } from './subscription.js';
import { topicIdText } from './topic-id.js';
import type { Topic, Topics } from './topics.js';
import type { CommittedOffset } from './view.js';
import { flawOfEpoch, mayCommitAt, staleEpoch } from './consumer-groups/commit.js';

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
      : existing.kind === 'consumer'
        ? flawOfEpoch(existing, command)
        : flawOf(existing, command);
  if (flaw !== errors.NONE.code) {
    return refused(flaw, 'the group does not accept this commit');
  }
  let group = existing;
  const { retentionMs } = command;
  const expiry = retentionMs === undefined ? {} : { expireMs: clampTime(timeMs + retentionMs) };
  const codes = command.offsets.map(({ topic: name, partition, offset, leaderEpoch, metadata }) => {
    const topic = topics.byName.get(name);
    if (topic === undefined || partition >= topic.partitions.length) {
      return errors.UNKNOWN_TOPIC_OR_PARTITION.code;
    }
    if (metadata.length > OFFSET_METADATA_MAX) {
      return errors.OFFSET_METADATA_TOO_LARGE.code;
    }
    if (existing?.kind === 'consumer' && !mayCommitAt(existing, command, topic.topicId, partition)) {
      return staleEpoch(existing, command.memberId);
    }
    const former = group?.offsets.get(topic.topicId)?.partitions.get(partition);
    if (former === undefined && ledger.full) {
      return errors.COORDINATOR_LOAD_IN_PROGRESS.code;
    }
    group ??= groups.create(command.group);
    topic.committedBy.add(command.group);
    const committed = { offset, leaderEpoch, metadata, committedMs: timeMs, ...expiry };
    putOffset(group, topic.topicId, partition, committed, ledger);
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

/** OffsetDelete (Kafka: OffsetMetadataManager.deleteOffsets, ClassicGroup.validateOffsetDelete). */
export function deleteOffsets(groups: Groups, topics: Topics, ledger: Ledger, command: DeleteOffsets): Outcome {
  const group = groups.byId.get(command.group);
  if (group === undefined) {
    return refused(errors.GROUP_ID_NOT_FOUND.code, 'there is no such group');
  }
  if (group.kind === 'classic' && group.state !== 'Empty' && group.protocolType !== CONSUMER_PROTOCOL_TYPE) {
    return refused(errors.NON_EMPTY_GROUP.code, 'the group has members, and what they consume is not known');
  }
  const codes = command.topics.flatMap(({ topicId, partitions }) => {
    const topic = topics.byId.get(topicIdText(topicId) ?? '');
    if (topic !== undefined && consumes(group, topic.name)) {
      return partitions.map(() => errors.GROUP_SUBSCRIBED_TO_TOPIC.code);
    }
    return partitions.map((partition) => {
      if (topic?.partitions[partition] === undefined) {
        return errors.UNKNOWN_TOPIC_OR_PARTITION.code;
      }
      removeOffset(group, topic, partition, ledger);
      return errors.NONE.code;
    });
  });
  group.mix();
  return { kind: 'offsets-deleted', errors: codes };
}

/** Forgets one offset, if it is there. */
export function removeOffset(group: OffsetOwner, topic: Topic, partition: number, ledger: Ledger): void {
  const ofTopic = group.offsets.get(topic.topicId);
  const former = ofTopic?.partitions.get(partition);
  if (ofTopic === undefined || former === undefined) {
    return;
  }
  ofTopic.partitions.delete(partition);
  ofTopic.bytes -= offsetBytes(former);
  ledger.bytes -= offsetBytes(former);
  ledger.digest.number(partition);
  if (ofTopic.partitions.size === 0) {
    group.offsets.delete(topic.topicId);
    topic.committedBy.delete(group.groupId);
  }
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

/** A client may ask for any retention. */
function clampTime(ms: number): number {
  return Math.min(Math.max(ms, 0), Number.MAX_SAFE_INTEGER);
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
