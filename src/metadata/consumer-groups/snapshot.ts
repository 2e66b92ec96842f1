import type { Groups } from '../groups.js';
import type { ConsumerGroupRow, ConsumerMemberRow, OwnedRow } from '../snapshot.wire.js';
import { must } from '../snapshot-format.js';
import { topicIdBytes, topicIdText } from '../topic-id.js';
import type { ConsumerGroup } from './group.js';
import { type ConsumerMember, MEMBER_STATES } from './member.js';
import { type Owned, type Target, targetOf } from './partitions.js';

/** A consumer group's row without its id and offsets, which GroupRow has. */
export function consumerGroupRow(group: ConsumerGroup): ConsumerGroupRow {
  return {
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    members: Array.from(group.members.values(), (member) => memberRow(member, group.targets.get(member.memberId))),
    regexes: Array.from(group.regexes, ([regex, topics]) => ({ regex, topics: [...topics] })),
    staged: group.staged && {
      epoch: group.staged.epoch,
      targets: Array.from(group.staged.targets, ([memberId, { instanceId, target }]) => ({
        memberId,
        instanceId,
        topics: targetRow(target),
      })),
    },
  };
}

function memberRow(member: ConsumerMember, target: Target | undefined): ConsumerMemberRow {
  return {
    memberId: member.memberId,
    instanceId: member.instanceId,
    rackId: member.rackId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    topics: [...member.topics],
    regex: member.regex,
    assignor: member.assignor,
    epoch: member.epoch,
    previousEpoch: member.previousEpoch,
    state: MEMBER_STATES.indexOf(member.state),
    assigned: ownedRows(member.assigned),
    revoking: ownedRows(member.revoking),
    classic: member.classic && { ...member.classic, protocols: [...member.classic.protocols] },
    target: target && { topics: targetRow(target) },
  };
}

/** Rows of partitions without epochs. */
export function targetRow(target: Target): OwnedRow[] {
  return Array.from(target, ([topicId, partitions]) => ({
    topicId: topicIdBytes(topicId),
    partitions: [...partitions],
    epochs: [],
  }));
}

function ownedRows(owned: Owned): OwnedRow[] {
  return Array.from(owned, ([topicId, partitions]) => ({
    topicId: topicIdBytes(topicId),
    partitions: [...partitions.keys()],
    epochs: [...partitions.values()],
  }));
}

export function restoreConsumerGroup(groups: Groups, groupId: string, row: ConsumerGroupRow): ConsumerGroup {
  const group = groups.createConsumer(groupId);
  group.groupEpoch = row.groupEpoch;
  group.assignmentEpoch = row.assignmentEpoch;
  for (const member of row.members) {
    must(!group.members.has(member.memberId), 'a member is there twice');
    group.put(memberOf(group, member));
    if (member.target !== undefined) {
      group.setTarget(member.memberId, targetOf(member.target.topics));
    }
  }
  for (const { regex, topics } of row.regexes) {
    group.resolve(regex, new Set(topics));
  }
  if (row.staged !== undefined) {
    const targets = new Map(
      row.staged.targets.map(({ memberId, instanceId, topics }) => [
        memberId,
        { instanceId, target: targetOf(topics) },
      ]),
    );
    group.stage({ epoch: row.staged.epoch, targets });
  }
  return group;
}

function memberOf(group: ConsumerGroup, row: ConsumerMemberRow): ConsumerMember {
  const state = MEMBER_STATES[row.state];
  must(state !== undefined, 'state of a member');
  return {
    memberId: row.memberId,
    instanceId: row.instanceId,
    rackId: row.rackId,
    clientId: row.clientId,
    clientHost: row.clientHost,
    rebalanceTimeoutMs: row.rebalanceTimeoutMs,
    topics: new Set(row.topics),
    regex: row.regex,
    assignor: row.assignor,
    epoch: row.epoch,
    previousEpoch: row.previousEpoch,
    state,
    assigned: ownedOf(group, row.assigned),
    revoking: ownedOf(group, row.revoking),
    classic: row.classic && {
      ...row.classic,
      protocols: row.classic.protocols.map(({ name, metadata }) => ({ name, metadata: new Uint8Array(metadata) })),
    },
  };
}

function ownedOf(group: ConsumerGroup, rows: readonly OwnedRow[]): Owned {
  const owned = new Map<string, Map<number, number>>();
  for (const { topicId, partitions, epochs } of rows) {
    const id = topicIdText(topicId);
    must(id !== undefined && partitions.length === epochs.length, 'partitions of a member');
    for (const partition of partitions) {
      must(group.ownerOf(id, partition) === undefined, 'a partition has two owners');
    }
    owned.set(id, new Map(partitions.map((partition, at) => [partition, epochs[at]!])));
  }
  return owned;
}
