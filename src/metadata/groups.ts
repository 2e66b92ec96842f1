import { errors } from '../protocol/errors.js';
import { ConsumerGroup } from './consumer-groups/group.js';
import { Subscribers } from './consumer-groups/subscribers.js';
import { Group } from './group.js';
import type {
  CompleteJoin,
  DeleteGroup,
  ExpireMembers,
  LeaveGroup,
  LeavingMember,
  MemberAssignment,
  SyncGroup,
} from './journal.wire.js';
import { type Ledger, OPAQUE_BYTES_MAX } from './limits.js';
import type { Member } from './members.js';
import type { Outcome, Refused } from './outcomes.js';
import { DONE, refused } from './outcomes.js';

/** A group of any kind: all share one space of ids. */
export type AnyGroup = Group | ConsumerGroup;

/** Groups by id, and the rules of classic groups' commands; joining is join.ts, offsets are offsets.ts. */
export class Groups {
  readonly #ledger: Ledger;
  readonly byId = new Map<string, AnyGroup>();
  readonly #subscribers = new Subscribers();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** The classic group of this id. */
  classic(groupId: string): Group | undefined {
    const group = this.byId.get(groupId);
    return group?.kind === 'classic' ? group : undefined;
  }

  *classics(): Generator<Group> {
    for (const group of this.byId.values()) {
      if (group.kind === 'classic') {
        yield group;
      }
    }
  }

  consumer(groupId: string): ConsumerGroup | undefined {
    const group = this.byId.get(groupId);
    return group?.kind === 'consumer' ? group : undefined;
  }

  *consumers(): Generator<ConsumerGroup> {
    for (const group of this.byId.values()) {
      if (group.kind === 'consumer') {
        yield group;
      }
    }
  }

  createConsumer(groupId: string): ConsumerGroup {
    const group = new ConsumerGroup(groupId, this.#ledger, this.#subscribers);
    this.byId.set(groupId, group);
    this.#ledger.bytes += group.ownBytes;
    return group;
  }

  /** An empty consumer group in the place of a classic one: it keeps the offsets. */
  turnIntoConsumer(group: Group): ConsumerGroup {
    for (const member of [...group.members.values()]) {
      group.remove(member);
    }
    const made = new ConsumerGroup(group.groupId, this.#ledger, this.#subscribers, group.offsets);
    this.#ledger.bytes += made.ownBytes - group.ownBytes;
    this.byId.set(group.groupId, made);
    return made;
  }

  /** An empty classic group in the place of a consumer group: it keeps the offsets. */
  turnIntoClassic(group: ConsumerGroup): Group {
    group.clear();
    const made = new Group(group.groupId, this.#ledger, group.offsets);
    this.#ledger.bytes += made.ownBytes - group.ownBytes;
    this.byId.set(group.groupId, made);
    return made;
  }

  /** A topic came, went or grew: consumer groups that subscribe to it need a new assignment. Gives their ids. */
  topicChanged(topic: string): string[] {
    // In an order that does not depend on how this replica came to its state.
    const groupIds = [...this.#subscribers.of(topic)].sort();
    for (const groupId of groupIds) {
      this.consumer(groupId)?.bumpEpoch();
    }
    return groupIds;
  }

  create(groupId: string): Group {
    const group = new Group(groupId, this.#ledger);
    this.byId.set(groupId, group);
    this.#ledger.bytes += group.ownBytes;
    return group;
  }

  /** Kafka: classicGroupSyncToClassicMember. */
  sync(command: SyncGroup): Outcome {
    const group = this.classic(command.group);
    const speaker = group?.judge(command.memberId, command.instanceId) ?? errors.UNKNOWN_MEMBER_ID.code;
    if (group === undefined || speaker !== errors.NONE.code) {
      return refused(speaker, 'unknown or fenced member');
    }
    if (command.generation !== group.generation) {
      return refused(errors.ILLEGAL_GENERATION.code, `the group is at generation ${group.generation}`);
    }
    if (
      (command.protocolType ?? group.protocolType) !== group.protocolType ||
      (command.protocolName ?? group.protocolName) !== group.protocolName
    ) {
      return refused(errors.INCONSISTENT_GROUP_PROTOCOL.code, 'the group uses another protocol');
    }
    if (group.state === 'PreparingRebalance') {
      return refused(errors.REBALANCE_IN_PROGRESS.code, 'the group is rebalancing');
    }
    const member = group.member(command.memberId)!;
    const isPlan = group.state === 'CompletingRebalance' && group.leaderId === member.memberId;
    const flaw = isPlan ? flawOfPlan(group, command.assignments, this.#ledger) : undefined;
    if (flaw !== undefined) {
      return flaw;
    }
    member.synced = true;
    if (isPlan) {
      shareOut(group, command.assignments);
      group.state = 'Stable';
    }
    group.mix();
    return { kind: 'synced', assignment: group.state === 'Stable' ? member.assignment : undefined };
  }

  /** Kafka: classicGroupLeave. Every member is judged by itself; then the others rebalance once, for a reserved id too. */
  leave(command: LeaveGroup, timeMs: number): Outcome {
    const group = this.classic(command.group);
    if (group === undefined) {
      return { kind: 'members-left', errors: command.members.map(() => errors.UNKNOWN_MEMBER_ID.code) };
    }
    const codes = command.members.map((leaving) => leaveOne(group, leaving));
    if (codes.includes(errors.NONE.code)) {
      group.rebalanceWithoutRemoved(timeMs);
      this.#removed(group);
    }
    return { kind: 'members-left', errors: codes };
  }

  /**
   * Kafka: removeMemberAndUpdateClassicGroup, removePendingMemberAndUpdateClassicGroup. A reserved id that was never used
   * is no loss to a group that has its assignments; whoever goes may have been the last one that a join phase waited for.
   */
  expire(command: ExpireMembers, timeMs: number): Outcome {
    const group = this.classic(command.group);
    if (group === undefined || group.generation !== command.generation) {
      return refused(errors.ILLEGAL_GENERATION.code, 'the group has moved on');
    }
    const gone = [...new Set(command.memberIds)].flatMap((memberId) => group.members.get(memberId) ?? []);
    for (const member of gone) {
      group.remove(member);
    }
    if (gone.some(({ pending }) => !pending)) {
      group.rebalanceWithoutRemoved(timeMs);
    }
    if (gone.length > 0) {
      group.maybeCompleteJoin(timeMs, true);
      this.#removed(group);
    }
    return DONE;
  }

  /** Kafka: a member that is refused because the group is full is forgotten, be its id only reserved or not joined again yet. */
  evict(group: Group, member: Member, timeMs: number): void {
    group.remove(member);
    group.maybeCompleteJoin(timeMs);
    this.#removed(group);
  }

  completeJoin(command: CompleteJoin, timeMs: number): Outcome {
    const group = this.classic(command.group);
    if (group === undefined || group.state !== 'PreparingRebalance' || group.joinPhase !== command.joinPhase) {
      return refused(errors.ILLEGAL_GENERATION.code, 'this join phase is over');
    }
    group.completeJoin(timeMs);
    group.mix();
    return DONE;
  }

  /** `forget` takes the group's offsets out of the tables that know of them. */
  delete(command: DeleteGroup, forget: (group: AnyGroup) => void): Outcome {
    const group = this.byId.get(command.group);
    if (group === undefined) {
      return refused(errors.GROUP_ID_NOT_FOUND.code, 'there is no such group');
    }
    if (group.state !== 'Empty') {
      return refused(errors.NON_EMPTY_GROUP.code, 'the group has members');
    }
    if (group.kind === 'classic') {
      for (const reserved of [...group.members.values()]) {
        group.remove(reserved);
      }
    }
    forget(group);
    this.#drop(group);
    return DONE;
  }

  /** Kafka: maybeDeleteGroup. A group without members and offsets is of no use to anyone. */
  dropUnused(group: AnyGroup): void {
    if (group.state === 'Empty' && group.members.size === 0 && group.offsets.size === 0) {
      this.#drop(group);
    }
  }

  #removed(group: Group): void {
    group.mix();
    // Only ever reserved member ids and committed nothing: no one can tell that it was there.
    if (group.generation === 0 && group.members.size === 0 && group.offsets.size === 0) {
      this.#drop(group);
    }
  }

  #drop(group: AnyGroup): void {
    if (group.kind === 'consumer') {
      group.clear();
    }
    this.byId.delete(group.groupId);
    this.#ledger.bytes -= group.ownBytes;
    this.#ledger.digest.text(group.groupId);
  }
}

/**
 * As when Kafka cannot write the group down (appendGroupMetadataErrorToResponseError). To a full metadata a SyncGroup is not
 * answered as a JoinGroup is: consumers would give up.
 */
function flawOfPlan(group: Group, assignments: readonly MemberAssignment[], ledger: Ledger): Refused | undefined {
  let grownBytes = 0;
  for (const member of group.members.values()) {
    grownBytes -= member.assignment.length;
  }
  for (const { assignment } of assignments) {
    if (assignment.length > OPAQUE_BYTES_MAX) {
      return refused(errors.UNKNOWN_SERVER_ERROR.code, 'the assignment of a member is too large');
    }
    grownBytes += assignment.length;
  }
  return ledger.mayGrow(grownBytes)
    ? undefined
    : refused(errors.COORDINATOR_NOT_AVAILABLE.code, 'the metadata is full');
}

/** The leader's plan: members that it does not name get an empty assignment, unknown ones are ignored. */
function shareOut(group: Group, assignments: readonly MemberAssignment[]): void {
  group.clearAssignments();
  for (const { memberId, assignment } of assignments) {
    const member = group.member(memberId);
    if (member !== undefined) {
      group.assign(member, new Uint8Array(assignment));
    }
  }
}

function leaveOne(group: Group, { memberId, instanceId }: LeavingMember): number {
  // An administrator removes a static member by its instance id alone.
  const id = memberId === '' && instanceId !== undefined ? group.memberOfInstance(instanceId) : memberId;
  const member = group.members.get(id ?? '');
  if (member === undefined || !member.pending) {
    const error = group.judge(id ?? '', instanceId);
    if (error !== errors.NONE.code) {
      return error;
    }
  }
  group.remove(member!);
  return errors.NONE.code;
}
