import type { ConsumerGroupView } from '../view.js';
import type { ConsumerMember } from './member.js';

/**
 * Whether a member of the classic protocol should send JoinGroup (Kafka: classicGroupHeartbeatToConsumerGroup): there is
 * a newer assignment, it has partitions to give up, or what it waited for is free.
 */
export function mustRejoin(group: ConsumerGroupView, member: ConsumerMember): boolean {
  return (
    member.epoch < group.assignmentEpoch ||
    member.state === 'unrevoked-partitions' ||
    (member.state === 'unreleased-partitions' && !waitsForOthers(group, member))
  );
}

function waitsForOthers(group: ConsumerGroupView, member: ConsumerMember): boolean {
  for (const [topicId, partitions] of group.target(member.memberId)) {
    const has = member.assigned.get(topicId);
    for (const partition of partitions) {
      if (has?.has(partition) !== true && group.ownerOf(topicId, partition) !== undefined) {
        return true;
      }
    }
  }
  return false;
}
