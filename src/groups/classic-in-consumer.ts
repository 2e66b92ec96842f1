import { classicMember } from '../metadata/consumer-groups/classic-members.js';
import { mustRejoin } from '../metadata/consumer-groups/must-rejoin.js';
import type { ConsumerGroupView } from '../metadata/view.js';
import { CONSUMER_PROTOCOL_TYPE } from '../protocol/consumer-protocol.js';
import { errors } from '../protocol/errors.js';
import type { JoinAnswer, MemberRequest } from './requests.js';

/** Answers to members of the classic protocol in a consumer group (KIP-848, online migration). */

/** Nobody leads: each gets its assignment from the group. The member joined a moment ago. */
export function joinedConsumerGroup(group: ConsumerGroupView, memberId: string): JoinAnswer | undefined {
  const member = group.members.get(memberId);
  return (
    member?.classic && {
      error: errors.NONE.code,
      memberId,
      generation: member.epoch,
      protocolType: CONSUMER_PROTOCOL_TYPE,
      protocolName: member.classic.protocols[0]?.name,
      leaderId: '',
      skipAssignment: false,
      members: [],
    }
  );
}

/** The error of a Heartbeat; 0 and REBALANCE_IN_PROGRESS are of a member that is alive. */
export function heartbeatInConsumerGroup(group: ConsumerGroupView, request: MemberRequest): number {
  const member = classicMember(group, request.memberId, request.instanceId);
  if ('kind' in member) {
    return member.error;
  }
  if (member.epoch !== request.generation) {
    return errors.ILLEGAL_GENERATION.code;
  }
  return (mustRejoin(group, member) ? errors.REBALANCE_IN_PROGRESS : errors.NONE).code;
}
