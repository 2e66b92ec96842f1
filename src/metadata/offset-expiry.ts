import { CONSUMER_PROTOCOL_TYPE } from '../protocol/consumer-protocol.js';
import { errors } from '../protocol/errors.js';
import type { Groups } from './groups.js';
import type { ExpireOffsets } from './journal.wire.js';
import { type Ledger, ROWS_PER_ENTRY_MAX } from './limits.js';
import { removeOffset } from './offsets.js';
import type { Outcome } from './outcomes.js';
import { DONE, refused } from './outcomes.js';
import { topicIdText } from './topic-id.js';
import type { Topics } from './topics.js';
import { type AnyGroupView, generationOf, isConsumer } from './subscription.js';
import type { CommittedOffset } from './view.js';

/**
 * Whether an offset has been kept long enough (Kafka: offsetExpirationCondition of its groups). In a consumer group: since it
 * was committed. In a classic one, without members: since the
 * group became empty. With members that do not consume the topic, or never a member: since it was committed. A group that
 * rebalances keeps all. A commit that brought a retention of its own (OffsetCommit v2 to v4) goes by that instead. Who
 * consumes the topic is asked elsewhere.
 */
export function isOver(group: AnyGroupView, offset: CommittedOffset, nowMs: number, retentionMs: number): boolean {
  const sinceMs = keptSinceMs(group, offset);
  if (sinceMs === undefined) {
    return false;
  }
  return offset.expireMs === undefined ? nowMs - sinceMs >= retentionMs : nowMs >= offset.expireMs;
}

/** Undefined: not as long as the group is as it is. */
function keptSinceMs(group: AnyGroupView, { committedMs }: CommittedOffset): number | undefined {
  if (isConsumer(group) || group.protocolType === '') {
    return committedMs;
  }
  if (group.state === 'Empty') {
    return group.emptySinceMs;
  }
  return group.state === 'Stable' && group.protocolType === CONSUMER_PROTOCOL_TYPE ? committedMs : undefined;
}

/**
 * Only a leader makes it, of what it found due. The time is judged here again; that the members do not consume the topic
 * holds for the generation in which the leader looked. A group without offsets and members goes.
 */
export function expireOffsets(
  groups: Groups,
  topics: Topics,
  ledger: Ledger,
  command: ExpireOffsets,
  touched: (groupId: string) => void,
): Outcome {
  if (rowsOf(command) > ROWS_PER_ENTRY_MAX) {
    return refused(errors.INVALID_REQUEST.code, `more than ${ROWS_PER_ENTRY_MAX} rows`);
  }
  for (const named of command.groups) {
    const group = groups.byId.get(named.group);
    if (group === undefined || generationOf(group) !== named.generation) {
      continue;
    }
    for (const { topicId, partitions } of named.topics) {
      const topic = topics.byId.get(topicIdText(topicId) ?? '');
      for (const partition of topic === undefined ? [] : partitions) {
        const offset = group.offsets.get(topic!.topicId)?.partitions.get(partition);
        if (offset !== undefined && isOver(group, offset, command.nowMs, command.retentionMs)) {
          removeOffset(group, topic!, partition, ledger);
        }
      }
    }
    groups.dropUnused(group);
    touched(named.group);
  }
  return DONE;
}

/** Groups and offsets that it touches at most. */
function rowsOf({ groups }: ExpireOffsets): number {
  let rows = groups.length;
  for (const { topics } of groups) {
    for (const { partitions } of topics) {
      rows += partitions.length;
    }
  }
  return rows;
}
