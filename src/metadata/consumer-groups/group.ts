import type { Ledger } from '../limits.js';
import { SIZE, textBytes } from '../limits.js';
import type { OffsetOwner, TopicOffsets } from '../offset-owner.js';
import type { ConsumerGroupState, ConsumerGroupView } from '../view.js';
import { type ConsumerMember, memberBytes, targetBytes } from './member.js';
import { NO_TARGET, type Owned, type Target } from './partitions.js';
import type { Subscribers } from './subscribers.js';

/** The assignor of a group whose members name none (Kafka: the first of `group.consumer.assignors`). */
const ASSIGNOR_DEFAULT = 'uniform';

/** A target assignment of which not all slices have come. */
export interface Staged {
  readonly epoch: number;
  readonly targets: Map<string, { readonly instanceId: string | undefined; readonly target: Target }>;
}

/**
 * One group of the consumer protocol (KIP-848; Kafka: ConsumerGroup). Three epochs: the group's rises with every change
 * that asks for a new assignment, the assignment's follows when one was computed, each member's follows when it has given
 * up what it shall not keep. A partition has one owner at any time, also while it is being given up.
 */
export class ConsumerGroup implements ConsumerGroupView, OffsetOwner {
  readonly kind = 'consumer';
  readonly groupId: string;
  readonly offsets: Map<string, TopicOffsets>;
  readonly #ledger: Ledger;
  readonly #subscribers: Subscribers;
  groupEpoch = 0;
  assignmentEpoch = 0;
  /** In the order in which they came. */
  readonly members = new Map<string, ConsumerMember>();
  /** By member id; a member that no assignment named has none. */
  readonly targets = new Map<string, Target>();
  /** Names of the topics that match each regular expression, once it was resolved. */
  readonly regexes = new Map<string, ReadonlySet<string>>();
  staged: Staged | undefined = undefined;
  readonly #memberOfInstance = new Map<string, string>();
  /** Member ids by topic id and partition: of what is assigned, and of what has yet to be given up. */
  readonly #owners = new Map<string, Map<number, string>>();
  /** How many members and resolved expressions name each topic. */
  readonly #subscribed = new Map<string, number>();
  readonly #regexMembers = new Map<string, number>();
  /** How many members of the classic protocol support each of its protocols. */
  readonly #classicSupport = new Map<string, number>();
  #classicCount = 0;

  constructor(
    groupId: string,
    ledger: Ledger,
    subscribers: Subscribers,
    offsets: Map<string, TopicOffsets> = new Map(),
  ) {
    this.groupId = groupId;
    this.offsets = offsets;
    this.#ledger = ledger;
    this.#subscribers = subscribers;
  }

  get ownBytes(): number {
    return SIZE.group + 2 * textBytes(this.groupId);
  }

  get size(): number {
    return this.members.size;
  }

  get classicCount(): number {
    return this.#classicCount;
  }

  get state(): ConsumerGroupState {
    if (this.members.size === 0) {
      return 'Empty';
    }
    if (this.groupEpoch > this.assignmentEpoch) {
      return 'Assigning';
    }
    for (const { state, epoch } of this.members.values()) {
      if (state !== 'stable' || epoch !== this.assignmentEpoch) {
        return 'Reconciling';
      }
    }
    return 'Stable';
  }

  /** The assignor that most members ask for. */
  get assignor(): string {
    const votes = new Map<string, number>();
    let best = ASSIGNOR_DEFAULT;
    for (const { assignor } of this.members.values()) {
      if (assignor !== undefined) {
        const count = (votes.get(assignor) ?? 0) + 1;
        votes.set(assignor, count);
        best = count > (votes.get(best) ?? 0) ? assignor : best;
      }
    }
    return best;
  }

  memberOfInstance(instanceId: string): ConsumerMember | undefined {
    return this.members.get(this.#memberOfInstance.get(instanceId) ?? '');
  }

  target(memberId: string): Target {
    return this.targets.get(memberId) ?? NO_TARGET;
  }

  ownerOf(topicId: string, partition: number): string | undefined {
    return this.#owners.get(topicId)?.get(partition);
  }

  isSubscribed(topic: string): boolean {
    return this.#subscribed.has(topic);
  }

  regexMembers(regex: string): number {
    return this.#regexMembers.get(regex) ?? 0;
  }

  /** Regular expressions that members subscribe to, resolved or not. */
  get subscribedRegexes(): Iterable<string> {
    return this.#regexMembers.keys();
  }

  /** Names of the topics that the member subscribes to; an expression that is not resolved yet matches nothing. */
  subscribedTopics({ topics, regex }: ConsumerMember): ReadonlySet<string> {
    const matching = regex === '' ? undefined : this.regexes.get(regex);
    if (matching === undefined || matching.size === 0) {
      return topics;
    }
    return topics.size === 0 ? matching : new Set([...topics, ...matching]);
  }

  /** Whether a member of the classic protocol with these protocols fits in. */
  supportsClassic(names: readonly string[]): boolean {
    return names.some((name) => (this.#classicSupport.get(name) ?? 0) === this.#classicCount);
  }

  /** Adds the member, or puts it in the place of the one with its id. */
  put(member: ConsumerMember): void {
    const former = this.members.get(member.memberId);
    this.members.set(member.memberId, member);
    if (former !== undefined) {
      this.#forget(former);
    }
    this.#ledger.bytes += memberBytes(member);
    this.#own(member, member.assigned);
    this.#own(member, member.revoking);
    this.#countNames(member.topics, 1);
    count(this.#regexMembers, member.regex, member.regex === '' ? 0 : 1);
    this.#countClassic(member, 1);
    if (member.instanceId !== undefined) {
      this.#memberOfInstance.set(member.instanceId, member.memberId);
    }
    this.#mixMember(member);
    this.#prune(former?.regex ?? '');
  }

  /** Takes the member and its target out. An expression that it alone subscribed to goes as well. */
  remove(memberId: string): void {
    const member = this.members.get(memberId);
    if (member === undefined) {
      return;
    }
    this.members.delete(memberId);
    this.#forget(member);
    this.setTarget(memberId, undefined);
    this.#ledger.digest.text(memberId);
    this.#prune(member.regex);
  }

  setTarget(memberId: string, target: Target | undefined): void {
    const former = this.targets.get(memberId);
    this.#ledger.bytes += (target === undefined ? 0 : targetBytes(target)) - (former ? targetBytes(former) : 0);
    if (target === undefined) {
      this.targets.delete(memberId);
      return;
    }
    this.targets.set(memberId, target);
    const { digest } = this.#ledger;
    digest.text(memberId);
    for (const [topicId, partitions] of target) {
      digest.text(topicId);
      for (const partition of partitions) {
        digest.number(partition);
      }
    }
  }

  /** Sets the topics that an expression matches; undefined forgets it. */
  resolve(regex: string, topics: ReadonlySet<string> | undefined): void {
    const former = this.regexes.get(regex);
    if (former !== undefined) {
      this.#countNames(former, -1);
      this.#ledger.bytes -= regexBytes(regex, former);
    }
    this.#ledger.digest.text(regex);
    if (topics === undefined) {
      this.regexes.delete(regex);
      return;
    }
    this.regexes.set(regex, topics);
    this.#countNames(topics, 1);
    this.#ledger.bytes += regexBytes(regex, topics);
    for (const topic of topics) {
      this.#ledger.digest.text(topic);
    }
  }

  stage(staged: Staged | undefined): void {
    for (const { target } of this.staged?.targets.values() ?? []) {
      this.#ledger.bytes -= SIZE.stagedTarget + targetBytes(target);
    }
    this.staged = staged;
    for (const { target } of staged?.targets.values() ?? []) {
      this.#ledger.bytes += SIZE.stagedTarget + targetBytes(target);
    }
  }

  bumpEpoch(): void {
    this.groupEpoch++;
    this.mix();
  }

  /** Everything that the group counts goes; its offsets stay where they are. */
  clear(): void {
    for (const memberId of [...this.members.keys()]) {
      this.remove(memberId);
    }
    for (const regex of [...this.regexes.keys()]) {
      this.resolve(regex, undefined);
    }
    this.stage(undefined);
  }

  /** Writes the outcome of a command to the digest. */
  mix(): void {
    const { digest } = this.#ledger;
    digest.text(this.groupId);
    digest.number(this.groupEpoch);
    digest.number(this.assignmentEpoch);
    digest.number(this.members.size);
  }

  /** An expression that nobody subscribes to any more is not kept. */
  #prune(regex: string): void {
    if (this.regexes.has(regex) && !this.#regexMembers.has(regex)) {
      this.resolve(regex, undefined);
    }
  }

  #forget(member: ConsumerMember): void {
    this.#ledger.bytes -= memberBytes(member);
    this.#disown(member, member.assigned);
    this.#disown(member, member.revoking);
    this.#countNames(member.topics, -1);
    count(this.#regexMembers, member.regex, member.regex === '' ? 0 : -1);
    this.#countClassic(member, -1);
    if (member.instanceId !== undefined && this.#memberOfInstance.get(member.instanceId) === member.memberId) {
      this.#memberOfInstance.delete(member.instanceId);
    }
  }

  #own({ memberId }: ConsumerMember, owned: Owned): void {
    for (const [topicId, partitions] of owned) {
      const owners = this.#owners.get(topicId) ?? new Map<number, string>();
      this.#owners.set(topicId, owners);
      for (const partition of partitions.keys()) {
        const owner = owners.get(partition);
        if (owner !== undefined) {
          throw new Error(`partition ${partition} of ${topicId} given to ${memberId} while ${owner} has it`);
        }
        owners.set(partition, memberId);
      }
    }
  }

  #disown({ memberId }: ConsumerMember, owned: Owned): void {
    for (const [topicId, partitions] of owned) {
      const owners = this.#owners.get(topicId);
      for (const partition of partitions.keys()) {
        if (owners?.get(partition) === memberId) {
          owners.delete(partition);
        }
      }
      if (owners?.size === 0) {
        this.#owners.delete(topicId);
      }
    }
  }

  #countNames(topics: ReadonlySet<string>, by: 1 | -1): void {
    for (const topic of topics) {
      const before = this.#subscribed.get(topic) ?? 0;
      const after = count(this.#subscribed, topic, by);
      if (before === 0 || after === 0) {
        this.#subscribers.note(topic, this.groupId, after > 0);
      }
    }
  }

  #countClassic({ classic }: ConsumerMember, by: 1 | -1): void {
    if (classic !== undefined) {
      this.#classicCount += by;
      for (const { name } of classic.protocols) {
        count(this.#classicSupport, name, by);
      }
    }
  }

  #mixMember(member: ConsumerMember): void {
    const { digest } = this.#ledger;
    digest.text(member.memberId);
    digest.text(member.instanceId ?? '');
    digest.text(member.regex);
    digest.text(member.assignor ?? '');
    digest.text(member.state);
    digest.number(member.topics.size);
    digest.number(member.epoch);
    digest.number(member.previousEpoch);
    for (const owned of [member.assigned, member.revoking]) {
      digest.number(owned.size);
      for (const [topicId, partitions] of owned) {
        digest.text(topicId);
        for (const [partition, epoch] of partitions) {
          digest.number(partition);
          digest.number(epoch);
        }
      }
    }
  }
}

function regexBytes(regex: string, topics: ReadonlySet<string>): number {
  let bytes = SIZE.subscribedName + textBytes(regex);
  for (const topic of topics) {
    bytes += SIZE.subscribedName + textBytes(topic);
  }
  return bytes;
}

function count(counts: Map<string, number>, key: string, by: number): number {
  const after = (counts.get(key) ?? 0) + by;
  if (after === 0) {
    counts.delete(key);
  } else {
    counts.set(key, after);
  }
  return after;
}
