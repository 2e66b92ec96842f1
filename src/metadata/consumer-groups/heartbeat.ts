import { errors } from '../../protocol/errors.js';
import type { ConsumerHeartbeat } from '../journal.wire.js';
import type { ConsumerHeartbeatAnswered, Refused } from '../outcomes.js';
import { refused } from '../outcomes.js';
import type { Topics } from '../topics.js';
import type { ConsumerGroup } from './group.js';
import { isRefused, judgeSpeaker } from './judge.js';
import { type ConsumerMember, sameMember, sameNames } from './member.js';
import { NO_TARGET, type Reported, reported, sameOwned, withoutEpochs } from './partitions.js';
import { reconcile } from './reconcile.js';

/** What a heartbeat would do to its group. */
export interface Plan {
  readonly before: ConsumerMember;
  readonly after: ConsumerMember;
  readonly replaces?: string;
  /** Asks for a new assignment. */
  readonly bump: boolean;
  readonly answer: ConsumerHeartbeatAnswered;
}

/** Kafka: GroupMetadataManager.consumerGroupHeartbeat. Changes nothing. */
export function planHeartbeat(group: ConsumerGroup, topics: Topics, command: ConsumerHeartbeat): Plan | Refused {
  const speaker = judgeSpeaker(group, command);
  if (isRefused(speaker)) {
    return speaker;
  }
  const before = speaker.member;
  const updated = told(before, command);
  const change = subscriptionChange(group, before, updated);
  const after = reconcileIn(group, topics, updated, {
    replaces: speaker.replaces,
    subscriptionChanged: change !== 'none',
    reported: reported(command.owned),
  });
  const isFull =
    command.rebalanceTimeoutMs !== undefined &&
    (command.topics !== undefined || command.regex !== undefined) &&
    command.owned !== undefined;
  const tell = command.memberEpoch === 0 || isFull || !sameOwned(before.assigned, after.assigned);
  return {
    before,
    after,
    ...(speaker.replaces === undefined ? {} : { replaces: speaker.replaces }),
    bump: change === 'assign' || group.groupEpoch === 0,
    answer: {
      kind: 'consumer-heartbeat',
      memberId: after.memberId,
      epoch: after.epoch,
      assignment: tell ? withoutEpochs(after.assigned) : undefined,
    },
  };
}

/** Whether the group is the same after the heartbeat as before it. */
export function changesNothing(group: ConsumerGroup, { before, after, bump, replaces }: Plan): boolean {
  return !bump && replaces === undefined && group.members.get(before.memberId) === before && sameMember(before, after);
}

export function carryOut(group: ConsumerGroup, { after, bump, replaces }: Plan): void {
  if (replaces !== undefined) {
    replace(group, replaces, after);
  } else {
    group.put(after);
  }
  if (bump) {
    group.bumpEpoch();
  }
  group.mix();
}

/** A static member under its new id takes over place, target and partitions of the former. */
export function replace(group: ConsumerGroup, formerId: string, member: ConsumerMember): void {
  const target = group.targets.get(formerId);
  const resolved = group.regexes.get(member.regex);
  group.remove(formerId);
  group.put(member);
  group.setTarget(member.memberId, target ?? NO_TARGET);
  // The former may have been the only one with this expression: what it matches is still known.
  if (resolved !== undefined && !group.regexes.has(member.regex)) {
    group.resolve(member.regex, resolved);
  }
}

/** The member with what the heartbeat says of it; what it leaves out stays. The same object when that is nothing new. */
function told(member: ConsumerMember, command: ConsumerHeartbeat): ConsumerMember {
  const topics = command.topics === undefined ? member.topics : new Set(command.topics.names);
  const updated: ConsumerMember = {
    ...member,
    instanceId: command.instanceId ?? member.instanceId,
    rackId: command.rackId ?? member.rackId,
    rebalanceTimeoutMs: command.rebalanceTimeoutMs ?? member.rebalanceTimeoutMs,
    topics: sameNames(topics, member.topics) ? member.topics : topics,
    regex: command.regex ?? member.regex,
    assignor: command.assignor ?? member.assignor,
    clientId: command.clientId,
    clientHost: command.clientHost,
    classic: undefined,
  };
  return sameMember(updated, member) ? member : updated;
}

/**
 * 'assign': the group needs a new assignment. 'resolve': only once the member's new regular expression is resolved; until
 * then it matches nothing.
 */
export function subscriptionChange(
  group: ConsumerGroup,
  before: ConsumerMember,
  after: ConsumerMember,
): 'none' | 'resolve' | 'assign' {
  if (!sameNames(before.topics, after.topics)) {
    return 'assign';
  }
  if (before.regex === after.regex) {
    return 'none';
  }
  return after.regex === '' || group.regexes.has(after.regex) ? 'assign' : 'resolve';
}

export interface Step {
  /** The member id whose target and partitions are this member's. */
  readonly replaces: string | undefined;
  readonly subscriptionChanged: boolean;
  readonly reported: Reported | undefined;
}

export function reconcileIn(
  group: ConsumerGroup,
  topics: Topics,
  member: ConsumerMember,
  { replaces, subscriptionChanged, reported: has }: Step,
): ConsumerMember {
  if (!subscriptionChanged && member.state === 'stable' && member.epoch === group.assignmentEpoch) {
    return member;
  }
  const ownId = replaces ?? member.memberId;
  const subscribed = new Set<string>();
  for (const name of group.subscribedTopics(member)) {
    const topic = topics.byName.get(name);
    if (topic !== undefined) {
      subscribed.add(topic.topicId);
    }
  }
  return reconcile(member, {
    epoch: group.assignmentEpoch,
    target: group.target(ownId),
    subscribed,
    subscriptionChanged,
    reported: has,
    isTaken: (topicId, partition) => {
      const owner = group.ownerOf(topicId, partition);
      return owner !== undefined && owner !== ownId;
    },
  });
}

/** The refusal of a heartbeat to a group that is not there, or of another kind. */
export function notThere(groupId: string, exists: boolean): Refused {
  return refused(
    errors.GROUP_ID_NOT_FOUND.code,
    exists ? `Group ${groupId} is not a consumer group.` : `Consumer group ${groupId} not found.`,
  );
}
