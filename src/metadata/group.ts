import { errors } from '../protocol/errors.js';
import type { JoinGroup } from './journal.wire.js';
import type { Ledger } from './limits.js';
import { SIZE, textBytes } from './limits.js';
import type { Member } from './members.js';
import type { OffsetOwner, TopicOffsets } from './offset-owner.js';
import { type Subscription, subscriptionOf } from './subscription.js';
import type { GroupState, GroupView } from './view.js';

/**
 * One classic group: its members and the way from generation to generation (after Kafka's ClassicGroup).
 * Time only enters as the entry's; who waits too long is the leader's business.
 */
export class Group implements GroupView, OffsetOwner {
  readonly kind = 'classic';
  readonly groupId: string;
  readonly #ledger: Ledger;
  state: GroupState = 'Empty';
  generation = 0;
  joinPhase = 0;
  protocolType = '';
  protocolName: string | undefined = undefined;
  leaderId: string | undefined = undefined;
  joinStartedMs = 0;
  inInitialDelay = false;
  initialDelayMs = 0;
  emptySinceMs = 0;
  departures = 0;
  /** Members and reserved member ids, in the order in which they came. */
  readonly members = new Map<string, Member>();
  readonly #memberOfInstance = new Map<string, string>();
  /** How many members (not reserved ids) support each protocol. */
  readonly #support = new Map<string, number>();
  #reserved = 0;
  #joined = 0;
  /** What follows from the members; undefined: not looked at since they changed. */
  #subscription: Subscription | undefined;
  /** How many members (not reserved ids) gave each rebalance timeout; few are ever different. */
  readonly #rebalanceTimeouts = new Map<number, number>();
  readonly offsets: Map<string, TopicOffsets>;

  constructor(groupId: string, ledger: Ledger, offsets = new Map<string, TopicOffsets>()) {
    this.groupId = groupId;
    this.#ledger = ledger;
    this.offsets = offsets;
  }

  get ownBytes(): number {
    return SIZE.group + 2 * textBytes(this.groupId);
  }

  /** Members without the reserved ids. */
  get size(): number {
    return this.members.size - this.#reserved;
  }

  get subscription(): Subscription {
    this.#subscription ??= subscriptionOf(this);
    return this.#subscription;
  }

  /** Members that joined in the present join phase. */
  get joinedCount(): number {
    return this.#joined;
  }

  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const timeoutMs of this.#rebalanceTimeouts.keys()) {
      longest = Math.max(longest, timeoutMs);
    }
    return longest;
  }

  /** A member that is not only reserved. */
  member(memberId: string): Member | undefined {
    const member = this.members.get(memberId);
    return member?.pending === false ? member : undefined;
  }

  memberOfInstance(instanceId: string): string | undefined {
    return this.#memberOfInstance.get(instanceId);
  }

  /** Kafka's check of who speaks: 0, UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID when another took the instance id over. */
  judge(memberId: string, instanceId: string | undefined): number {
    if (instanceId !== undefined) {
      const owner = this.#memberOfInstance.get(instanceId);
      if (owner === undefined) {
        return errors.UNKNOWN_MEMBER_ID.code;
      }
      if (owner !== memberId) {
        return errors.FENCED_INSTANCE_ID.code;
      }
    }
    return this.member(memberId) === undefined ? errors.UNKNOWN_MEMBER_ID.code : errors.NONE.code;
  }

  /** Whether someone with these protocols fits in: a group without members takes any, others need one that all support. */
  supports(protocolType: string, names: readonly string[]): boolean {
    if (this.size === 0) {
      return protocolType !== '' && names.length > 0;
    }
    return protocolType === this.protocolType && names.some((name) => this.#support.get(name) === this.size);
  }

  /** Adds a member or a reserved id. The first member leads. */
  add(member: Member): void {
    this.members.set(member.memberId, member);
    this.#joined += member.joined ? 1 : 0;
    this.#ledger.bytes += member.ownBytes;
    this.#ledger.digest.text(member.memberId);
    if (member.pending) {
      this.#reserved++;
      return;
    }
    this.#count(member, 1);
    if (member.instanceId !== undefined) {
      this.#memberOfInstance.set(member.instanceId, member.memberId);
    }
    this.leaderId ??= member.memberId;
  }

  remove(member: Member): void {
    this.members.delete(member.memberId);
    this.departures++;
    this.#joined -= member.joined ? 1 : 0;
    this.#ledger.bytes -= member.ownBytes;
    this.#ledger.digest.text(member.memberId);
    if (member.pending) {
      this.#reserved--;
      return;
    }
    this.#count(member, -1);
    if (member.instanceId !== undefined) {
      this.#memberOfInstance.delete(member.instanceId);
    }
    if (this.leaderId === member.memberId) {
      this.leaderId = undefined;
      for (const other of this.members.values()) {
        if (!other.pending) {
          this.leaderId = other.memberId;
          break;
        }
      }
    }
  }

  update(member: Member, command: JoinGroup): void {
    this.#count(member, -1);
    this.#ledger.bytes -= member.ownBytes;
    member.update(command);
    this.#ledger.bytes += member.ownBytes;
    this.#count(member, 1);
  }

  /** The member takes part in the present join phase. */
  join(member: Member): void {
    this.#joined += member.joined ? 0 : 1;
    member.joined = true;
  }

  assign(member: Member, assignment: Uint8Array): void {
    this.#ledger.bytes += assignment.length - member.assignment.length;
    member.assignment = assignment;
    this.#ledger.digest.bytes(assignment);
  }

  clearAssignments(): void {
    for (const member of this.members.values()) {
      this.#ledger.bytes -= member.assignment.length;
      member.clearAssignment();
    }
  }

  /**
   * The protocol that most members prefer among those that all support; the first voted for wins a tie. Reserved ids have
   * no vote.
   */
  selectProtocol(): string | undefined {
    const votes = new Map<string, number>();
    for (const { pending, protocols } of this.members.values()) {
      // Snapshots of before may tell the protocols of a reserved id.
      const choice = pending ? undefined : protocols.find(({ name }) => this.#support.get(name) === this.size);
      if (choice !== undefined) {
        votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1);
      }
    }
    let best: string | undefined;
    for (const [name, count] of votes) {
      if (best === undefined || count > votes.get(best)!) {
        best = name;
      }
    }
    return best;
  }

  /**
   * Begins a join phase: everyone must join again. A group that was empty waits for its first members. What members have
   * been given stays with them until their leader shares out anew, as in Kafka, and goes when a leader never did.
   */
  prepareRebalance(timeMs: number, initialDelayMs: number): void {
    if (this.state === 'CompletingRebalance') {
      this.clearAssignments();
    }
    this.#subscription = undefined;
    this.inInitialDelay = this.state === 'Empty' && initialDelayMs > 0;
    this.initialDelayMs = this.inInitialDelay ? initialDelayMs : 0;
    this.state = 'PreparingRebalance';
    this.joinPhase++;
    this.joinStartedMs = timeMs;
    this.#joined = 0;
    for (const member of this.members.values()) {
      member.joined = false;
    }
  }

  /** Ends the join phase when everyone is there and, unless `evenFirst`, it is not a group's first that waits for newcomers. */
  maybeCompleteJoin(timeMs: number, evenFirst = false): void {
    if (
      this.state === 'PreparingRebalance' &&
      (evenFirst || !this.inInitialDelay) &&
      this.#reserved === 0 &&
      this.#joined === this.size
    ) {
      this.completeJoin(timeMs);
    }
  }

  /**
   * Ends the join phase. Dynamic members who did not join again are removed; static ones stay until their session runs out
   * (Kafka: completeClassicGroupJoin). When no one joined and static members remain, the phase starts over.
   */
  completeJoin(timeMs: number): void {
    for (const member of [...this.members.values()]) {
      if (!member.joined && !member.pending && member.instanceId === undefined) {
        this.remove(member);
      }
    }
    if (this.size > 0 && !this.#electJoined()) {
      this.joinStartedMs = timeMs;
      return;
    }
    this.generation++;
    this.inInitialDelay = false;
    this.initialDelayMs = 0;
    this.#subscription = undefined;
    if (this.size === 0) {
      this.state = 'Empty';
      this.protocolName = undefined;
      this.emptySinceMs = timeMs;
      return;
    }
    this.state = 'CompletingRebalance';
    this.protocolName = this.selectProtocol();
    for (const member of this.members.values()) {
      member.synced = false;
      member.isNew = false;
    }
  }

  /** The others must share anew; when no one is left there is nothing to wait for. */
  rebalanceWithoutRemoved(timeMs: number): void {
    if (this.state === 'Stable' || this.state === 'CompletingRebalance') {
      this.prepareRebalance(timeMs, 0);
    }
    this.maybeCompleteJoin(timeMs, this.members.size === 0);
  }

  /** Writes the outcome of a command to the digest. */
  mix(): void {
    const { digest } = this.#ledger;
    digest.text(this.groupId);
    digest.text(this.state);
    digest.number(this.generation);
    digest.number(this.joinPhase);
    digest.number(this.members.size);
    digest.text(this.leaderId ?? '');
    digest.text(this.protocolName ?? '');
  }

  /** Makes sure that the leader is someone who joined; false when no one did. */
  #electJoined(): boolean {
    if (this.leaderId !== undefined && this.members.get(this.leaderId)?.joined === true) {
      return true;
    }
    for (const { memberId, joined } of this.members.values()) {
      if (joined) {
        this.leaderId = memberId;
        return true;
      }
    }
    return false;
  }

  #count({ protocols, rebalanceTimeoutMs }: Member, by: 1 | -1): void {
    this.#subscription = undefined;
    const alike = (this.#rebalanceTimeouts.get(rebalanceTimeoutMs) ?? 0) + by;
    if (alike === 0) {
      this.#rebalanceTimeouts.delete(rebalanceTimeoutMs);
    } else {
      this.#rebalanceTimeouts.set(rebalanceTimeoutMs, alike);
    }
    for (const { name } of protocols) {
      const count = (this.#support.get(name) ?? 0) + by;
      if (count === 0) {
        this.#support.delete(name);
      } else {
        this.#support.set(name, count);
      }
    }
  }
}
