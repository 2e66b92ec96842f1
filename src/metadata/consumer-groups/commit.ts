import { errors } from '../../protocol/errors.js';
import type { CommitOffsets } from '../journal.wire.js';
import type { ConsumerGroup } from './group.js';

/**
 * Who may commit in a consumer group (KIP-848; Kafka: ConsumerGroup.validateOffsetCommit): its members at their present
 * epoch; at an older one, for partitions that they have had since then.
 */

type Commit = Pick<CommitOffsets, 'generation' | 'memberId' | 'memberEpochs'>;

/** Why nothing of the request may be committed; 0 when it is up to the partitions. */
export function flawOfEpoch(group: ConsumerGroup, { generation, memberId, memberEpochs }: Commit): number {
  if (generation < 0 && group.size === 0) {
    return errors.NONE.code;
  }
  const member = group.members.get(memberId);
  if (member === undefined) {
    return errors.UNKNOWN_MEMBER_ID.code;
  }
  if (member.classic === undefined && memberEpochs !== true) {
    return errors.UNSUPPORTED_VERSION.code;
  }
  return generation > member.epoch ? staleEpoch(group, memberId) : errors.NONE.code;
}

export function mayCommitAt(
  group: ConsumerGroup,
  { generation, memberId }: Commit,
  topicId: string,
  partition: number,
): boolean {
  const member = group.members.get(memberId);
  if (member === undefined || generation === member.epoch) {
    return true;
  }
  const epoch = member.assigned.get(topicId)?.get(partition) ?? member.revoking.get(topicId)?.get(partition);
  return epoch !== undefined && generation >= epoch;
}

/** The error for a wrong epoch, in the words of the protocol that the member uses. */
export function staleEpoch(group: Pick<ConsumerGroup, 'members'>, memberId: string): number {
  const isClassic = group.members.get(memberId)?.classic !== undefined;
  return (isClassic ? errors.ILLEGAL_GENERATION : errors.STALE_MEMBER_EPOCH).code;
}
