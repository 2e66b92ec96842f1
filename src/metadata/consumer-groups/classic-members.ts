import { CONSUMER_PROTOCOL_TYPE } from '../../protocol/consumer-protocol.js';
import { errors } from '../../protocol/errors.js';
import type { JoinGroup, LeaveGroup, LeavingMember, SyncGroup } from '../journal.wire.js';
import type { Outcome, Refused } from '../outcomes.js';
import { FULL, refused } from '../outcomes.js';
import type { ConsumerGroupView } from '../view.js';
import type { ConsumerGroup } from './group.js';
import { reconcileIn, replace, subscriptionChange } from './heartbeat.js';
import { flawOfInstance, unknownMember } from './judge.js';
import { type ConsumerMember, newMember, sameNames, hasRoomFor } from './member.js';
import { assignmentBytes, downgrade } from './migration.js';
import { OpaqueReader, targetByName } from './opaque.js';
import { type Reported, withoutEpochs } from './partitions.js';
import { removeMembers, type Tables } from './rules.js';

/**
 * Members of the classic protocol in a consumer group (KIP-848, online migration). They join, sync and leave with the
 * classic requests; the group assigns to them as to the others. No join phase, nobody waits.
 */

/** JoinGroup (Kafka: classicGroupJoinToConsumerGroup). The group has members. */
export function joinAsClassic(tables: Tables, group: ConsumerGroup, command: JoinGroup, timeMs: number): Outcome {
  const { memberId, instanceId } = command;
  if (command.groupSizeMax > 0 && group.size >= command.groupSizeMax && !group.members.has(memberId)) {
    return refused(errors.GROUP_MAX_SIZE_REACHED.code, 'the group is full');
  }
  const names = command.protocols.map(({ name }) => name);
  if (command.protocolType !== CONSUMER_PROTOCOL_TYPE || !group.supportsClassic(names)) {
    return refused(errors.INCONSISTENT_GROUP_PROTOCOL.code, `Member ${memberId}'s protocols are not supported.`);
  }
  if (command.requireKnownMember && !command.knownMember && instanceId === undefined) {
    return { kind: 'joined', error: errors.MEMBER_ID_REQUIRED.code, memberId, joinPhase: undefined };
  }
  const speaker = judge(group, command);
  if ('kind' in speaker) {
    return speaker;
  }
  const subscription = new OpaqueReader().subscription(command.protocols[0]!.metadata);
  if (subscription === undefined) {
    return refused(errors.UNKNOWN_SERVER_ERROR.code, 'the subscription of the member cannot be read');
  }
  const before = speaker.member;
  const topics = new Set(subscription.topics);
  const updated: ConsumerMember = {
    ...before,
    instanceId: instanceId ?? before.instanceId,
    rackId: subscription.rackId ?? before.rackId,
    clientId: command.clientId,
    clientHost: command.clientHost,
    rebalanceTimeoutMs: command.rebalanceTimeoutMs,
    topics: sameNames(topics, before.topics) ? before.topics : topics,
    regex: '',
    classic: {
      sessionTimeoutMs: command.sessionTimeoutMs,
      protocols: command.protocols.map(({ name, metadata }) => ({ name, metadata: new Uint8Array(metadata) })),
      awaitingSync: true,
    },
  };
  if (!hasRoomFor(tables.ledger, updated, group.members.get(speaker.formerId))) {
    return FULL;
  }
  const bump = subscriptionChange(group, before, updated) !== 'none' || group.groupEpoch === 0;
  const after = reconcileIn(group, tables.topics, updated, {
    replaces: speaker.formerId === memberId ? undefined : speaker.formerId,
    subscriptionChanged: bump,
    reported: asReported(targetByName(tables.topics, subscription.ownedPartitions)),
  });
  if (speaker.formerId === memberId) {
    group.put(after);
  } else {
    replace(group, speaker.formerId, after);
  }
  if (bump) {
    group.bumpEpoch();
  }
  group.mix();
  if (speaker.wasConsumer && group.classicCount === group.size) {
    const classic = downgrade(tables.groups, tables.topics, group);
    if (group.assignmentEpoch < group.groupEpoch) {
      classic.prepareRebalance(timeMs, 0);
      classic.mix();
    }
  }
  return { kind: 'joined', error: errors.NONE.code, memberId, joinPhase: undefined };
}

interface Speaker {
  readonly member: ConsumerMember;
  /** The member id by which the group knows the speaker so far; its own when it is new. */
  readonly formerId: string;
  /** Its static instance used the consumer protocol until now. */
  readonly wasConsumer: boolean;
}

function judge(group: ConsumerGroup, { memberId, instanceId, knownMember }: JoinGroup): Speaker | Refused {
  const known = group.members.get(memberId);
  const asIs = (member: ConsumerMember): Speaker => ({
    member,
    formerId: memberId,
    wasConsumer: instanceId !== undefined && group.members.has(memberId) && member.classic === undefined,
  });
  if (instanceId === undefined) {
    return asIs(known ?? newMember(memberId));
  }
  const holder = group.memberOfInstance(instanceId);
  if (knownMember) {
    return flawOfInstance(holder, memberId, instanceId) ?? asIs(holder!);
  }
  if (holder === undefined) {
    return asIs(known ?? newMember(memberId));
  }
  return {
    member: { ...holder, memberId, epoch: 0, previousEpoch: 0 },
    formerId: holder.memberId,
    wasConsumer: holder.classic === undefined,
  };
}

function asReported(target: ReadonlyMap<string, readonly number[]>): Reported {
  return new Map(Array.from(target, ([topicId, partitions]) => [topicId, new Set(partitions)]));
}

/** SyncGroup (Kafka: classicGroupSyncToConsumerGroup): the member's assignment as it is now. */
export function syncAsClassic({ topics }: Tables, group: ConsumerGroup, command: SyncGroup): Outcome {
  const member = classicMember(group, command.memberId, command.instanceId);
  if ('kind' in member) {
    return member;
  }
  const classic = member.classic!;
  if (command.generation !== member.epoch) {
    return refused(errors.ILLEGAL_GENERATION.code, `the member is at epoch ${member.epoch}`);
  }
  const protocol = classic.protocols[0]!;
  if (
    (command.protocolType !== undefined && command.protocolType !== CONSUMER_PROTOCOL_TYPE) ||
    (command.protocolName !== undefined && command.protocolName !== protocol.name)
  ) {
    return refused(errors.INCONSISTENT_GROUP_PROTOCOL.code, 'the member joined with another protocol');
  }
  if (group.assignmentEpoch > member.epoch && member.state !== 'unrevoked-partitions') {
    return refused(errors.REBALANCE_IN_PROGRESS.code, 'there is a new assignment to join for');
  }
  if (classic.awaitingSync) {
    group.put({ ...member, classic: { ...classic, awaitingSync: false } });
    group.mix();
  }
  return {
    kind: 'synced',
    assignment: assignmentBytes(topics, withoutEpochs(member.assigned), protocol.metadata),
  };
}

/** Kafka's check of who speaks in SyncGroup and Heartbeat. */
export function classicMember(
  group: ConsumerGroupView,
  memberId: string,
  instanceId: string | undefined,
): ConsumerMember | Refused {
  if (instanceId !== undefined) {
    const flaw = flawOfInstance(group.memberOfInstance(instanceId), memberId, instanceId);
    if (flaw !== undefined) {
      return flaw;
    }
  }
  const member = group.members.get(memberId);
  if (member?.classic === undefined) {
    return unknownMember(group.groupId, memberId);
  }
  return member;
}

/** LeaveGroup, of classic members and by administrators of any (Kafka: classicGroupLeaveToConsumerGroup). */
export function leaveByRequest(tables: Tables, group: ConsumerGroup, command: LeaveGroup, timeMs: number): Outcome {
  const gone = new Set<string>();
  const codes = command.members.map((leaving) => {
    const found = leavingMember(group, leaving);
    if (typeof found === 'number') {
      return found;
    }
    gone.add(found.memberId);
    return errors.NONE.code;
  });
  removeMembers(tables, group, [...gone], timeMs);
  return { kind: 'members-left', errors: codes };
}

function leavingMember(group: ConsumerGroup, { memberId, instanceId }: LeavingMember): ConsumerMember | number {
  if (instanceId === undefined) {
    return group.members.get(memberId) ?? errors.UNKNOWN_MEMBER_ID.code;
  }
  const holder = group.memberOfInstance(instanceId);
  if (holder === undefined) {
    return errors.UNKNOWN_MEMBER_ID.code;
  }
  return memberId === '' || holder.memberId === memberId ? holder : errors.FENCED_INSTANCE_ID.code;
}
