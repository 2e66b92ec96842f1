import type { GroupProtocol } from '../journal.wire.js';
import { type Ledger, SIZE, textBytes } from '../limits.js';
import { protocolBytes } from '../members.js';
import { NOTHING_OWNED, type Owned, sameOwned, type Target } from './partitions.js';

/** Where a member is on its way to the target assignment (KIP-848). */
export type MemberState = 'stable' | 'unrevoked-partitions' | 'unreleased-partitions';

/** By their number in a snapshot. */
export const MEMBER_STATES: readonly MemberState[] = ['stable', 'unrevoked-partitions', 'unreleased-partitions'];

/** The epoch of a static member that left for a while. */
export const LEFT_FOR_A_WHILE = -2;

/** A member of a consumer group, as it stands. Never changed: a group replaces it. */
export interface ConsumerMember {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly rackId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  /** -1: never told. */
  readonly rebalanceTimeoutMs: number;
  /** Names of topics subscribed to, existing or not. */
  readonly topics: ReadonlySet<string>;
  /** Regular expression subscribed to; empty for none. */
  readonly regex: string;
  readonly assignor: string | undefined;
  readonly epoch: number;
  readonly previousEpoch: number;
  readonly state: MemberState;
  readonly assigned: Owned;
  /** What it must give up before it moves on. */
  readonly revoking: Owned;
  /** What is only known of members that use the classic protocol. */
  readonly classic: ClassicPart | undefined;
}

export interface ClassicPart {
  readonly sessionTimeoutMs: number;
  readonly protocols: readonly GroupProtocol[];
  /** Joined, and has not fetched its assignment since. */
  readonly awaitingSync: boolean;
}

/** A member that has not told anything yet (Kafka: ConsumerGroupMember.Builder). */
export function newMember(memberId: string): ConsumerMember {
  return {
    memberId,
    instanceId: undefined,
    rackId: undefined,
    clientId: '',
    clientHost: '',
    rebalanceTimeoutMs: -1,
    topics: new Set(),
    regex: '',
    assignor: undefined,
    epoch: 0,
    previousEpoch: -1,
    state: 'stable',
    assigned: NOTHING_OWNED,
    revoking: NOTHING_OWNED,
    classic: undefined,
  };
}

export function sameNames(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  if (one === other) {
    return true;
  }
  if (one.size !== other.size) {
    return false;
  }
  for (const name of one) {
    if (!other.has(name)) {
      return false;
    }
  }
  return true;
}

export function sameMember(one: ConsumerMember, other: ConsumerMember): boolean {
  return (
    one === other ||
    (one.memberId === other.memberId &&
      one.instanceId === other.instanceId &&
      one.rackId === other.rackId &&
      one.clientId === other.clientId &&
      one.clientHost === other.clientHost &&
      one.rebalanceTimeoutMs === other.rebalanceTimeoutMs &&
      sameNames(one.topics, other.topics) &&
      one.regex === other.regex &&
      one.assignor === other.assignor &&
      one.epoch === other.epoch &&
      one.previousEpoch === other.previousEpoch &&
      one.state === other.state &&
      one.classic === other.classic &&
      sameOwned(one.assigned, other.assigned) &&
      sameOwned(one.revoking, other.revoking))
  );
}

/** Bytes counted for a member. */
export function memberBytes(member: ConsumerMember): number {
  return (
    SIZE.member +
    textBytes(member.memberId) +
    textBytes(member.instanceId ?? '') +
    textBytes(member.rackId ?? '') +
    textBytes(member.clientId) +
    textBytes(member.clientHost) +
    textBytes(member.assignor ?? '') +
    ownedBytes(member.assigned) +
    ownedBytes(member.revoking) +
    subscriptionBytes(member)
  );
}

/** Whether there is room for the member, or for what it says besides before. What it owns is bounded by the partitions that exist. */
export function hasRoomFor(ledger: Ledger, member: ConsumerMember, former: ConsumerMember | undefined): boolean {
  return ledger.hasRoomFor(subscriptionBytes(member), former && subscriptionBytes(former));
}

function subscriptionBytes({ topics, regex, classic }: ConsumerMember): number {
  let bytes = textBytes(regex) + protocolBytes(classic?.protocols ?? []);
  for (const topic of topics) {
    bytes += SIZE.subscribedName + textBytes(topic);
  }
  return bytes;
}

/** An owned partition also stands in its group's table of owners. */
function ownedBytes(owned: Owned): number {
  let bytes = 0;
  for (const partitions of owned.values()) {
    bytes += SIZE.ownedTopic + partitions.size * SIZE.ownedPartition;
  }
  return bytes;
}

export function targetBytes(target: Target): number {
  let bytes = 0;
  for (const partitions of target.values()) {
    bytes += SIZE.ownedTopic + partitions.length * SIZE.targetPartition;
  }
  return bytes;
}
