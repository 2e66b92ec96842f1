import { errors } from '../../protocol/errors.js';
import type { Groups } from '../groups.js';
import type { AssignTargets, ConsumerHeartbeat, ExpireConsumerMembers, ResolveRegexes } from '../journal.wire.js';
import { type Ledger, SUBSCRIBED_NAMES_MAX } from '../limits.js';
import type { ConsumerHeartbeatAnswered, Outcome, Refused } from '../outcomes.js';
import { DONE, FULL, refused } from '../outcomes.js';
import type { Topics } from '../topics.js';
import type { ConsumerGroup } from './group.js';
import { carryOut, changesNothing, notThere, type Plan, planHeartbeat } from './heartbeat.js';
import { flawOfInstance, unknownMember } from './judge.js';
import { type ConsumerMember, LEFT_FOR_A_WHILE, sameNames, hasRoomFor } from './member.js';
import { downgrade, upgrade, upgradeFlaw } from './migration.js';
import { NOTHING_OWNED, ownedAt, targetOf, withoutEpochs } from './partitions.js';

/** The tables that the rules of consumer groups touch. */
export interface Tables {
  readonly groups: Groups;
  readonly topics: Topics;
  readonly ledger: Ledger;
}

/** ConsumerGroupHeartbeat, leaving included (Kafka: GroupMetadataManager.consumerGroupHeartbeat). */
export function heartbeat(tables: Tables, command: ConsumerHeartbeat, timeMs: number): Outcome {
  const flaw = flawOf(command);
  if (flaw !== undefined) {
    return flaw;
  }
  if (command.memberEpoch < 0) {
    return leave(tables, command, timeMs);
  }
  const group = groupFor(tables, command);
  if ('error' in group) {
    return group;
  }
  const plan = planHeartbeat(group, tables.topics, command);
  if (isRefusal(plan)) {
    return plan;
  }
  if (!hasRoomFor(tables.ledger, plan.after, group.members.get(plan.replaces ?? plan.before.memberId))) {
    return FULL;
  }
  carryOut(group, plan);
  return plan.answer;
}

/** The same for a reader of the state: undefined when the heartbeat would change something. */
export function answerHeartbeat(
  { groups, topics }: Tables,
  command: ConsumerHeartbeat,
): ConsumerHeartbeatAnswered | Refused | undefined {
  const group = groups.consumer(command.group);
  if (group === undefined) {
    return command.memberEpoch === 0 ? undefined : notThere(command.group, groups.byId.has(command.group));
  }
  if (command.memberEpoch < 0) {
    const leaving = leaver(group, command);
    return 'kind' in leaving ? leaving : undefined;
  }
  const plan = planHeartbeat(group, topics, command);
  if (isRefusal(plan)) {
    return plan;
  }
  return changesNothing(group, plan) ? plan.answer : undefined;
}

function isRefusal(plan: Plan | Refused): plan is Refused {
  return 'kind' in plan;
}

function flawOf({ group, memberId, memberEpoch, topics }: ConsumerHeartbeat): Refused | undefined {
  if (group === '' || memberId === '' || memberEpoch < LEFT_FOR_A_WHILE) {
    return refused(errors.INVALID_REQUEST.code, 'a heartbeat needs a group, a member id and an epoch');
  }
  if ((topics?.names.length ?? 0) > SUBSCRIBED_NAMES_MAX) {
    return refused(errors.INVALID_REQUEST.code, `a member subscribes to ${SUBSCRIBED_NAMES_MAX} topics at most`);
  }
  return undefined;
}

/**
 * The consumer group that the heartbeat is for. A join makes it where there is none or an empty classic group, and turns
 * a classic group of consumers into one. Refused before anything has changed.
 */
function groupFor({ groups, topics, ledger }: Tables, command: ConsumerHeartbeat): ConsumerGroup | Refused {
  const existing = groups.byId.get(command.group);
  if (existing?.kind === 'consumer') {
    return existing;
  }
  if (command.memberEpoch !== 0) {
    return notThere(command.group, existing !== undefined);
  }
  if (ledger.full) {
    return FULL;
  }
  if (existing === undefined) {
    return groups.createConsumer(command.group);
  }
  if (existing.size === 0 && existing.state === 'Empty') {
    return groups.turnIntoConsumer(existing);
  }
  return upgradeFlaw(existing, command) ?? upgrade(groups, topics, ledger, existing);
}

function leave(tables: Tables, command: ConsumerHeartbeat, timeMs: number): Outcome {
  const group = tables.groups.consumer(command.group);
  if (group === undefined) {
    return notThere(command.group, tables.groups.byId.has(command.group));
  }
  const leaving = leaver(group, command);
  if ('kind' in leaving) {
    return leaving;
  }
  if (command.memberEpoch === LEFT_FOR_A_WHILE && command.instanceId !== undefined) {
    // Nobody takes its partitions until its session runs out; those that it had yet to give up are free.
    group.put({
      ...leaving,
      epoch: LEFT_FOR_A_WHILE,
      assigned: ownedAt(withoutEpochs(leaving.assigned), 0),
      revoking: NOTHING_OWNED,
    });
    group.mix();
  } else {
    removeMembers(tables, group, [leaving.memberId], timeMs);
  }
  return {
    kind: 'consumer-heartbeat',
    memberId: command.memberId,
    epoch: command.memberEpoch,
    assignment: undefined,
  };
}

function leaver(group: ConsumerGroup, { memberId, instanceId }: ConsumerHeartbeat): ConsumerMember | Refused {
  if (instanceId === undefined) {
    return group.members.get(memberId) ?? unknownMember(group.groupId, memberId);
  }
  const holder = group.memberOfInstance(instanceId);
  return flawOfInstance(holder, memberId, instanceId) ?? holder!;
}

/**
 * Takes members out (Kafka: consumerGroupFenceMembers): the others get a new assignment, or, when all of them use the
 * classic protocol, become a classic group that rebalances.
 */
export function removeMembers(
  { groups, topics }: Tables,
  group: ConsumerGroup,
  memberIds: readonly string[],
  timeMs: number,
): void {
  if (memberIds.length === 0) {
    return;
  }
  for (const memberId of memberIds) {
    group.remove(memberId);
  }
  if (group.size > 0 && group.classicCount === group.size) {
    // At the epoch that its members know as their generation: they go on committing until they have joined again.
    const classic = downgrade(groups, topics, group);
    classic.prepareRebalance(timeMs, 0);
    classic.mix();
    return;
  }
  group.bumpEpoch();
}

export function expireConsumerMembers(tables: Tables, command: ExpireConsumerMembers, timeMs: number): Outcome {
  const group = tables.groups.consumer(command.group);
  if (group === undefined) {
    return refused(errors.GROUP_ID_NOT_FOUND.code, 'the group is gone');
  }
  const gone = new Set<string>();
  for (const { memberId, memberEpoch } of command.members) {
    if (group.members.get(memberId)?.epoch === memberEpoch) {
      gone.add(memberId);
    }
  }
  removeMembers(tables, group, [...gone], timeMs);
  return DONE;
}

/** A slice of a target assignment. It may have been computed before the last members came or went. */
export function assignTargets({ groups, ledger }: Tables, command: AssignTargets): Outcome {
  const group = groups.consumer(command.group);
  if (group === undefined || command.epoch <= group.assignmentEpoch || command.epoch > group.groupEpoch) {
    return refused(errors.ILLEGAL_GENERATION.code, 'the group has moved on');
  }
  if (!command.first && group.staged?.epoch !== command.epoch) {
    return refused(errors.ILLEGAL_GENERATION.code, 'an earlier slice is missing');
  }
  const staged = command.first ? new Map() : new Map(group.staged?.targets);
  for (const { memberId, instanceId, topics } of command.targets) {
    staged.set(memberId, { instanceId, target: targetOf(topics) });
    ledger.digest.text(memberId);
  }
  group.stage({ epoch: command.epoch, targets: staged });
  if (command.last) {
    for (const [memberId, { instanceId, target }] of staged) {
      const member = instanceId === undefined ? group.members.get(memberId) : group.memberOfInstance(instanceId);
      if (member !== undefined) {
        group.setTarget(member.memberId, target);
      }
    }
    group.stage(undefined);
    group.assignmentEpoch = command.epoch;
  }
  group.mix();
  return DONE;
}

export function resolveRegexes({ groups, ledger }: Tables, command: ResolveRegexes): Outcome {
  const group = groups.consumer(command.group);
  if (group === undefined) {
    return refused(errors.GROUP_ID_NOT_FOUND.code, 'the group is gone');
  }
  const grows = command.regexes.some(({ regex, topics }) => topics.length > (group.regexes.get(regex)?.size ?? 0));
  if (grows && ledger.full) {
    return FULL;
  }
  let changed = false;
  for (const { regex, topics } of command.regexes) {
    const former = group.regexes.get(regex);
    const now = new Set(topics);
    if (group.regexMembers(regex) > 0 && !(former !== undefined && sameNames(former, now))) {
      changed ||= former !== undefined || now.size > 0;
      group.resolve(regex, now);
    }
  }
  if (changed) {
    group.bumpEpoch();
  }
  return DONE;
}
