import { errors } from '../protocol/errors.js';
import { joinAsClassic } from './consumer-groups/classic-members.js';
import type { Tables } from './consumer-groups/rules.js';
import type { Group } from './group.js';
import type { Groups } from './groups.js';
import type { JoinGroup } from './journal.wire.js';
import { OPAQUE_BYTES_MAX } from './limits.js';
import { Member, protocolBytes } from './members.js';
import type { Joined, Outcome } from './outcomes.js';
import { FULL, refused } from './outcomes.js';

/** JoinGroup (Kafka: GroupMetadataManager.classicGroupJoin). */
export function join(tables: Tables, command: JoinGroup, timeMs: number): Outcome {
  const { groups, ledger } = tables;
  if (command.group === '') {
    return refused(errors.INVALID_GROUP_ID.code, 'the group id is empty');
  }
  if (command.memberId === '') {
    return refused(
      errors.INVALID_REQUEST.code,
      'a join needs a member id, chosen by the agent when the client sent none',
    );
  }
  if (command.sessionTimeoutMs < 1) {
    return refused(errors.INVALID_SESSION_TIMEOUT.code, 'the session timeout is 0');
  }
  if (command.protocols.some(({ metadata }) => metadata.length > OPAQUE_BYTES_MAX)) {
    return refused(errors.UNKNOWN_SERVER_ERROR.code, 'the metadata of the member is too large');
  }
  const found = groups.byId.get(command.group);
  if (found?.kind === 'consumer' && found.size > 0) {
    return joinAsClassic(tables, found, command, timeMs);
  }
  // A consumer group without members becomes a classic one when the join is accepted.
  const existing = found?.kind === 'classic' ? found : undefined;
  if (existing !== undefined && !hasRoom(existing, command)) {
    return refuseFull(groups, existing, command, timeMs);
  }
  const flaw = existing === undefined ? flawOfFirst(command) : flawOf(existing, command);
  if (flaw !== errors.NONE.code) {
    return refused(flaw, 'the group does not accept this member');
  }
  if (!command.knownMember && existing?.members.has(command.memberId) === true) {
    return refused(errors.INVALID_REQUEST.code, 'the agent chose a member id that is taken');
  }
  const former = returningMember(existing, command);
  if (!ledger.hasRoomFor(protocolBytes(command.protocols), former && protocolBytes(former.protocols))) {
    return FULL;
  }
  const group = existing ?? (found?.kind === 'consumer' ? groups.turnIntoClassic(found) : groups.create(command.group));
  const joined = command.knownMember
    ? joinAgain(group, command, timeMs)
    : command.instanceId !== undefined
      ? joinStatic(group, command, command.instanceId, timeMs)
      : joinDynamic(group, command, timeMs);
  group.mix();
  return joined;
}

/** An unknown group begins with a member that does not claim to be known. */
function flawOfFirst(command: JoinGroup): number {
  if (command.knownMember) {
    return errors.UNKNOWN_MEMBER_ID.code;
  }
  return command.protocolType === '' || command.protocols.length === 0
    ? errors.INCONSISTENT_GROUP_PROTOCOL.code
    : errors.NONE.code;
}

function refuseFull(groups: Groups, group: Group, { memberId, knownMember }: JoinGroup, timeMs: number): Outcome {
  const member = knownMember ? group.members.get(memberId) : undefined;
  const error = errors.GROUP_MAX_SIZE_REACHED.code;
  if (member === undefined) {
    return refused(error, 'the group is full');
  }
  groups.evict(group, member, timeMs);
  return { kind: 'joined', error, memberId: '', joinPhase: undefined };
}

/** Kafka's order: the group's protocols, then who asks. */
function flawOf(group: Group, command: JoinGroup): number {
  if (
    !group.supports(
      command.protocolType,
      command.protocols.map(({ name }) => name),
    )
  ) {
    return errors.INCONSISTENT_GROUP_PROTOCOL.code;
  }
  if (!command.knownMember) {
    return errors.NONE.code;
  }
  if (group.members.get(command.memberId)?.pending === true) {
    return command.instanceId === undefined ? errors.NONE.code : errors.INVALID_REQUEST.code;
  }
  return group.judge(command.memberId, command.instanceId);
}

function hasRoom(group: Group, { memberId, groupSizeMax }: JoinGroup): boolean {
  switch (group.state) {
    case 'PreparingRebalance':
      return group.member(memberId)?.joined === true || group.joinedCount < (groupSizeMax || Infinity);
    case 'CompletingRebalance':
    case 'Stable':
      return group.member(memberId) !== undefined || group.size < (groupSizeMax || Infinity);
    default:
      return true;
  }
}

/** The member that the command speaks for and that is there already, be it under an older member id. */
function returningMember(group: Group | undefined, command: JoinGroup): Member | undefined {
  const memberId = command.knownMember ? command.memberId : group?.memberOfInstance(command.instanceId ?? '');
  return memberId === undefined ? undefined : group?.members.get(memberId);
}

function joinDynamic(group: Group, command: JoinGroup, timeMs: number): Joined {
  if (command.requireKnownMember) {
    group.add(Member.reserved(command));
    return { kind: 'joined', error: errors.MEMBER_ID_REQUIRED.code, memberId: command.memberId, joinPhase: undefined };
  }
  return addMember(group, command, timeMs);
}

function joinStatic(group: Group, command: JoinGroup, instanceId: string, timeMs: number): Joined {
  const former = group.member(group.memberOfInstance(instanceId) ?? '');
  if (former === undefined) {
    return addMember(group, command, timeMs);
  }
  const led = group.leaderId === former.memberId;
  const member = replace(group, former, command);
  if (group.state === 'Stable' && group.selectProtocol() === group.protocolName) {
    return {
      ...answer(group, command),
      ...(led ? { replacedLeaderId: former.memberId } : {}),
    };
  }
  return rebalance(group, member, command, timeMs);
}

/** The client knows its member id: it was reserved for it, or it is a member already. */
function joinAgain(group: Group, command: JoinGroup, timeMs: number): Joined {
  const member = group.members.get(command.memberId)!;
  if (member.pending) {
    group.remove(member);
    return addMember(group, command, timeMs);
  }
  const same = member.matches(command.protocols);
  // A lost answer is given again. A leader that joins a stable group asks for a rebalance: what it shares out has changed.
  if (
    same &&
    (group.state === 'CompletingRebalance' || (group.state === 'Stable' && group.leaderId !== member.memberId))
  ) {
    return answer(group, command);
  }
  group.update(member, command);
  return rebalance(group, member, command, timeMs);
}

function addMember(group: Group, command: JoinGroup, timeMs: number): Joined {
  if (group.size === 0) {
    group.protocolType = command.protocolType;
  }
  const member = new Member(command.memberId, command.instanceId, command);
  member.update(command);
  member.isNew = true;
  group.add(member);
  return rebalance(group, member, command, timeMs);
}

/** The instance id's new member id: it takes over the former's place and assignment; the former is fenced from now on. */
function replace(group: Group, former: Member, command: JoinGroup): Member {
  const member = new Member(command.memberId, former.instanceId, former);
  member.update(command);
  member.assignment = former.assignment;
  member.joined = former.joined;
  member.synced = former.synced;
  const led = group.leaderId === former.memberId;
  group.remove(former);
  group.add(member);
  if (led) {
    group.leaderId = member.memberId;
  }
  return member;
}

/** Counts the member as joined in the join phase that runs or now begins. */
function rebalance(group: Group, member: Member, command: JoinGroup, timeMs: number): Joined {
  const wasEmpty = group.state === 'Empty';
  if (group.state !== 'PreparingRebalance') {
    group.prepareRebalance(timeMs, command.initialDelayMs);
  }
  group.join(member);
  if (wasEmpty && !group.inInitialDelay) {
    // Without a delay the first join phase waits for nobody, not even for those who were given an id.
    group.completeJoin(timeMs);
  } else {
    group.maybeCompleteJoin(timeMs);
  }
  return answer(group, command);
}

function answer(group: Group, { memberId }: JoinGroup): Joined {
  const joinPhase = group.state === 'PreparingRebalance' ? group.joinPhase : undefined;
  return { kind: 'joined', error: errors.NONE.code, memberId, joinPhase };
}
