import { errors } from '../../protocol/errors.js';
import type { ConsumerHeartbeat } from '../journal.wire.js';
import type { Refused } from '../outcomes.js';
import { refused } from '../outcomes.js';
import type { ConsumerGroup } from './group.js';
import { type ConsumerMember, LEFT_FOR_A_WHILE, newMember } from './member.js';
import { type Reported, reported } from './partitions.js';

/** Whom a heartbeat speaks for. */
export interface Speaker {
  /** As it is before the heartbeat. */
  readonly member: ConsumerMember;
  /** The member id whose place the speaker takes: its static instance went by that id. */
  readonly replaces?: string;
}

export function isRefused(judged: Speaker | Refused): judged is Refused {
  return 'kind' in judged;
}

export function unknownMember(groupId: string, memberId: string): Refused {
  return refused(errors.UNKNOWN_MEMBER_ID.code, `Member ${memberId} is not a member of group ${groupId}.`);
}

/** Kafka's checks of who sends a heartbeat that does not leave, in its order: room, instance id, epoch. */
export function judgeSpeaker(group: ConsumerGroup, command: ConsumerHeartbeat): Speaker | Refused {
  const { memberId, instanceId } = command;
  if (command.groupSizeMax > 0 && group.size >= command.groupSizeMax && !group.members.has(memberId)) {
    return refused(
      errors.GROUP_MAX_SIZE_REACHED.code,
      `The consumer group has reached its maximum capacity of ${command.groupSizeMax} members.`,
    );
  }
  return instanceId === undefined ? judgeDynamic(group, command) : judgeStatic(group, command, instanceId);
}

function judgeDynamic(group: ConsumerGroup, command: ConsumerHeartbeat): Speaker | Refused {
  const member = group.members.get(command.memberId);
  if (member === undefined) {
    return command.memberEpoch === 0
      ? { member: newMember(command.memberId) }
      : unknownMember(group.groupId, command.memberId);
  }
  return flawOfEpoch(member, command.memberEpoch, reported(command.owned)) ?? { member };
}

function judgeStatic(group: ConsumerGroup, command: ConsumerHeartbeat, instanceId: string): Speaker | Refused {
  const { memberId, memberEpoch } = command;
  const holder = group.memberOfInstance(instanceId);
  if (memberEpoch !== 0) {
    return (
      flawOfInstance(holder, memberId, instanceId) ??
      flawOfEpoch(holder!, memberEpoch, reported(command.owned)) ?? { member: holder! }
    );
  }
  if (holder === undefined) {
    return { member: group.members.get(memberId) ?? newMember(memberId) };
  }
  // A join that has not been answered yet, since the group has no assignment, goes on under the same epoch.
  const isOwnJoin = holder.memberId === memberId && holder.epoch === 0;
  if (isOwnJoin) {
    return { member: holder };
  }
  if (holder.classic === undefined && holder.epoch !== LEFT_FOR_A_WHILE) {
    return refused(
      errors.UNRELEASED_INSTANCE_ID.code,
      `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${holder.memberId} member.`,
    );
  }
  return {
    member: { ...holder, memberId, epoch: 0, previousEpoch: 0 },
    replaces: holder.memberId,
  };
}

/** Whether `memberId` may speak for an instance id. */
export function flawOfInstance(
  holder: ConsumerMember | undefined,
  memberId: string,
  instanceId: string,
): Refused | undefined {
  if (holder === undefined) {
    return refused(errors.UNKNOWN_MEMBER_ID.code, `Instance id ${instanceId} is unknown.`);
  }
  if (holder.memberId !== memberId) {
    return refused(
      errors.FENCED_INSTANCE_ID.code,
      `Static member ${memberId} with instance id ${instanceId} was fenced by member ${holder.memberId}.`,
    );
  }
  return undefined;
}

/** A member may be one epoch behind when the answer that told it of the present one was lost. */
function flawOfEpoch(member: ConsumerMember, received: number, has: Reported | undefined): Refused | undefined {
  if (received === 0 || received === member.epoch) {
    return undefined;
  }
  if (received > member.epoch) {
    return fenced('greater', received, member.epoch);
  }
  return received === member.previousEpoch && isAssigned(has, member)
    ? undefined
    : fenced('smaller', received, member.epoch);
}

function fenced(than: string, received: number, known: number): Refused {
  return refused(
    errors.FENCED_MEMBER_EPOCH.code,
    `The consumer group member has a ${than} member epoch (${received}) than the one known by the group coordinator (${known}). The member must abandon all its partitions and rejoin.`,
  );
}

function isAssigned(has: Reported | undefined, { assigned }: ConsumerMember): boolean {
  if (has === undefined) {
    return false;
  }
  for (const [topicId, partitions] of has) {
    const owned = assigned.get(topicId);
    for (const partition of partitions) {
      if (owned?.has(partition) !== true) {
        return false;
      }
    }
  }
  return true;
}
