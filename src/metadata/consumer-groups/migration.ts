import { CONSUMER_PROTOCOL_TYPE, consumerAssignment, encodeVersioned } from '../../protocol/consumer-protocol.js';
import { errors } from '../../protocol/errors.js';
import { joined } from '../../protocol/frames.js';
import type { Group } from '../group.js';
import type { Groups } from '../groups.js';
import type { ConsumerHeartbeat } from '../journal.wire.js';
import { Member } from '../members.js';
import type { Ledger } from '../limits.js';
import type { Refused } from '../outcomes.js';
import { FULL, refused } from '../outcomes.js';
import type { Topics } from '../topics.js';
import type { ConsumerGroup } from './group.js';
import { type ConsumerMember, memberBytes, newMember, targetBytes } from './member.js';
import { OpaqueReader, type Subscription } from './opaque.js';
import { ownedAt, type Target } from './partitions.js';

/**
 * Groups change their kind while they work (KIP-848, policy "bidirectional"): a classic group of consumers becomes a
 * consumer group when the first member of the new protocol joins, and classic again when the last of them is gone. The
 * group's generation goes on as its epoch and back, so every member keeps what it has until it is told otherwise.
 */

/** An assignment as classic consumers read it, in the version of the member's own subscription. */
export function assignmentBytes(topics: Topics, target: Target, metadata: Uint8Array): Uint8Array {
  const written = metadata.length < 2 ? 0 : (metadata[0]! << 8) | metadata[1]!;
  const version = Math.min(written, consumerAssignment.versions.max);
  const assignedPartitions = Array.from(target, ([topicId, partitions]) => ({
    topic: topics.byId.get(topicId)?.name,
    partitions: [...partitions],
  })).filter((row): row is { topic: string; partitions: number[] } => row.topic !== undefined);
  return joined(encodeVersioned(consumerAssignment, version, { assignedPartitions, userData: null }));
}

function cannotUpgrade(groupId: string, why: string): Refused {
  return refused(
    errors.GROUP_ID_NOT_FOUND.code,
    `Cannot upgrade classic group ${groupId} to consumer group because ${why}.`,
  );
}

/** Why a classic group with members cannot become a consumer group for this join (Kafka: validateOnlineUpgrade). */
export function upgradeFlaw(group: Group, { memberId, groupSizeMax }: ConsumerHeartbeat): Refused | undefined {
  const { groupId } = group;
  if (group.protocolType !== CONSUMER_PROTOCOL_TYPE) {
    return cannotUpgrade(groupId, 'the group does not use the consumer embedded protocol');
  }
  if (groupSizeMax > 0 && group.size > groupSizeMax) {
    return cannotUpgrade(groupId, 'the group size exceeds the consumer group maximum size');
  }
  if (groupSizeMax > 0 && group.size === groupSizeMax && group.member(memberId) === undefined) {
    return refused(
      errors.GROUP_MAX_SIZE_REACHED.code,
      `The consumer group has reached its maximum capacity of ${groupSizeMax} members.`,
    );
  }
  return undefined;
}

/**
 * The consumer group that a classic one becomes (Kafka: ConsumerGroup.fromClassicGroup). Refused when a member's bytes
 * cannot be read, or say more than one command may take in.
 */
export function upgrade(groups: Groups, topics: Topics, ledger: Ledger, group: Group): ConsumerGroup | Refused {
  const opaque = new OpaqueReader();
  let grownBytes = 0;
  const protocolName = group.protocolName ?? group.selectProtocol();
  const members: { readonly member: ConsumerMember; readonly target: Target }[] = [];
  const given = new Map<string, Set<number>>();
  for (const former of group.members.values()) {
    if (former.pending) {
      continue;
    }
    const metadata = former.protocols.find(({ name }) => name === protocolName)?.metadata;
    const subscription = metadata === undefined ? undefined : opaque.subscription(metadata);
    const target = opaque.assignment(topics, former.assignment);
    if (subscription === undefined || target === undefined) {
      return cannotUpgrade(
        group.groupId,
        'the embedded consumer protocol is malformed or too large, or an unsupported custom assignor is in use',
      );
    }
    if (!give(given, target)) {
      return cannotUpgrade(group.groupId, 'its assignment gives a partition to two members');
    }
    const member = fromClassic(group, former, subscription, target);
    grownBytes += memberBytes(member) + targetBytes(target) - former.ownBytes;
    members.push({ member, target });
  }
  if (ledger.bytes + grownBytes > ledger.bytesMax) {
    return FULL;
  }
  const made = groups.turnIntoConsumer(group);
  made.groupEpoch = group.generation;
  made.assignmentEpoch = group.generation;
  for (const { member, target } of members) {
    made.put(member);
    made.setTarget(member.memberId, target);
  }
  return made;
}

/** False when one of the target's partitions was given before. */
function give(given: Map<string, Set<number>>, target: Target): boolean {
  for (const [topicId, partitions] of target) {
    const ofTopic = given.get(topicId) ?? new Set();
    given.set(topicId, ofTopic);
    for (const partition of partitions) {
      if (ofTopic.has(partition)) {
        return false;
      }
      ofTopic.add(partition);
    }
  }
  return true;
}

function fromClassic(group: Group, former: Member, subscription: Subscription, target: Target): ConsumerMember {
  return {
    ...newMember(former.memberId),
    instanceId: former.instanceId,
    rackId: subscription.rackId ?? undefined,
    clientId: former.clientId,
    clientHost: former.clientHost,
    rebalanceTimeoutMs: former.rebalanceTimeoutMs,
    topics: new Set(subscription.topics),
    epoch: group.generation,
    previousEpoch: group.generation,
    assigned: ownedAt(target, group.generation),
    classic: { sessionTimeoutMs: former.sessionTimeoutMs, protocols: former.protocols, awaitingSync: false },
  };
}

/**
 * The classic group that a consumer group becomes whose members all use the classic protocol: stable, with the target
 * assignment (Kafka: ClassicGroup.fromConsumerGroup).
 */
export function downgrade(groups: Groups, topics: Topics, group: ConsumerGroup): Group {
  const former = [...group.members.values()].map((member) => ({ member, target: group.target(member.memberId) }));
  const generation = group.groupEpoch;
  const made = groups.turnIntoClassic(group);
  made.generation = generation;
  made.protocolType = CONSUMER_PROTOCOL_TYPE;
  made.state = 'Stable';
  for (const { member } of former) {
    const classic = new Member(member.memberId, member.instanceId, member);
    classic.update({
      sessionTimeoutMs: member.classic!.sessionTimeoutMs,
      rebalanceTimeoutMs: Math.max(member.rebalanceTimeoutMs, 0),
      protocols: [...member.classic!.protocols],
    });
    classic.joined = true;
    classic.synced = true;
    made.add(classic);
  }
  made.protocolName = made.selectProtocol();
  for (const { member, target } of former) {
    const classic = made.member(member.memberId)!;
    const metadata = classic.protocols.find(({ name }) => name === made.protocolName)?.metadata;
    made.assign(classic, assignmentBytes(topics, target, metadata ?? new Uint8Array(0)));
  }
  made.mix();
  return made;
}
