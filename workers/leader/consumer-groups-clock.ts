import type { AliveReport } from '../../src/cluster/messages.js';
import { assignmentCommands } from '../../src/metadata/assignors/compute.js';
import type { ConsumerMember } from '../../src/metadata/consumer-groups/member.js';
import { mustRejoin } from '../../src/metadata/consumer-groups/must-rejoin.js';
import type { Command, MemberAtEpoch } from '../../src/metadata/journal.wire.js';
import type { Changes, Outcome } from '../../src/metadata/outcomes.js';
import type { ConsumerGroupView, MetadataView } from '../../src/metadata/view.js';
import type { World } from '../../src/world/world.js';
import { ignoreLost } from './leadership-lost.js';
import { RegexResolver } from './regex-resolver.js';
import { SessionTimer } from './session-timer.js';

/** After a refused command of its own the clock looks at that group again no sooner than this. */
const REFUSED_PAUSE_MS = 1000;

export interface ConsumerGroupTimes {
  readonly consumerSessionMs: number;
  /** Between two assignments of a group: what changes meanwhile goes into one (Kafka: group.consumer.assignment.interval.ms). */
  readonly consumerAssignmentIntervalMs: number;
}

interface MemberWatch {
  aliveMs: number;
  /** What it owes, and since when: to give partitions up, to join again, to fetch its assignment. */
  debt: ConsumerMember | 'join' | 'sync' | undefined;
  debtMs: number;
}

interface Watch {
  readonly members: Map<string, MemberWatch>;
  /** No assignment before this. */
  assignDueMs: number;
  /** Nor is an expression resolved before this: a command names all the topics that match, however few came or went. */
  resolveDueMs: number;
  /** A command of this clock has no outcome yet. */
  busy: boolean;
  nextLookMs: number;
}

/**
 * The leader's part in consumer groups (KIP-848): sessions and rebalance timeouts by its monotonic clock, as GroupsClock
 * has them for classic groups; target assignments (decision 004) and topics that match regular expressions, computed here
 * and journalled.
 */
export class ConsumerGroupsClock {
  readonly #view: () => MetadataView;
  readonly #propose: (command: Command) => Promise<Outcome>;
  readonly #times: ConsumerGroupTimes;
  readonly #timer: SessionTimer;
  readonly #regexes: RegexResolver;
  readonly #watches = new Map<string, Watch>();
  /** What a group has of an expression, and the resolver's list that it was found to be equal to. */
  readonly #resolved = new WeakMap<ReadonlySet<string>, readonly string[]>();
  #running = false;

  /** `propose` appends a command of the leader's own and rejects with `LeadershipLost` when leadership ends first. */
  constructor(
    world: Pick<World, 'clock' | 'timers'>,
    view: () => MetadataView,
    propose: (command: Command) => Promise<Outcome>,
    times: ConsumerGroupTimes,
  ) {
    this.#view = view;
    this.#propose = propose;
    this.#times = times;
    this.#timer = new SessionTimer(world, () => this.#lookAndArm());
    this.#regexes = new RegexResolver(world, view, () => this.#lookSoon());
  }

  /** Leadership begins: every wait starts now. */
  start(): void {
    this.#running = true;
    this.#watches.clear();
    this.#regexes.topicsChanged();
    for (const group of this.#view().consumerGroups()) {
      this.#observe(group);
    }
    this.#arm();
  }

  /** Leadership is over. */
  stop(): void {
    this.#running = false;
    this.#watches.clear();
    this.#regexes.clear();
    this.#timer.stop();
  }

  /** An entry was applied. */
  applied({ groups, topicsChanged }: Pick<Changes, 'groups' | 'topicsChanged'>): void {
    if (!this.#running) {
      return;
    }
    if (topicsChanged) {
      this.#regexes.topicsChanged();
      this.#lookAtRegexes();
    }
    for (const groupId of groups) {
      const group = this.#view().consumerGroup(groupId);
      if (group === undefined) {
        this.#watches.delete(groupId);
      } else {
        this.#observe(group);
      }
    }
    this.#arm();
  }

  alive(reports: readonly AliveReport[]): void {
    const { nowMs } = this.#timer;
    for (const { group, memberIds } of reports) {
      const members = this.#watches.get(group)?.members;
      for (const memberId of memberIds) {
        const member = members?.get(memberId);
        if (member !== undefined) {
          member.aliveMs = nowMs;
        }
      }
    }
  }

  #observe(group: ConsumerGroupView): void {
    const { nowMs } = this.#timer;
    let watch = this.#watches.get(group.groupId);
    if (watch === undefined) {
      watch = { members: new Map(), assignDueMs: nowMs, resolveDueMs: nowMs, busy: false, nextLookMs: nowMs };
      this.#watches.set(group.groupId, watch);
    }
    for (const [memberId, member] of group.members) {
      const known = watch.members.get(memberId);
      const debt = debtOf(group, member);
      if (known === undefined) {
        watch.members.set(memberId, { aliveMs: nowMs, debt, debtMs: nowMs });
      } else if (known.debt !== debt) {
        known.debt = debt;
        known.debtMs = nowMs;
      }
    }
    for (const memberId of watch.members.keys()) {
      if (!group.members.has(memberId)) {
        watch.members.delete(memberId);
      }
    }
    watch.nextLookMs = Math.min(watch.nextLookMs, this.#dueMs(group, watch));
  }

  /** When something of this group may be due; Infinity when nothing waits. */
  #dueMs(group: ConsumerGroupView, watch: Watch): number {
    let dueMs = needsAssignment(group) ? watch.assignDueMs : Number.POSITIVE_INFINITY;
    if (this.#unresolved(group).length > 0) {
      dueMs = Math.min(dueMs, watch.resolveDueMs);
    }
    for (const [memberId, member] of group.members) {
      dueMs = Math.min(dueMs, this.#memberDueMs(group, member, watch.members.get(memberId)!));
    }
    return dueMs;
  }

  #memberDueMs(group: ConsumerGroupView, member: ConsumerMember, watch: MemberWatch): number {
    const sessionDueMs = watch.aliveMs + (member.classic?.sessionTimeoutMs ?? this.#sessionMs(group));
    return watch.debt === undefined ? sessionDueMs : Math.min(sessionDueMs, watch.debtMs + member.rebalanceTimeoutMs);
  }

  #sessionMs({ groupId }: ConsumerGroupView): number {
    return Number(
      this.#view().groupConfigs(groupId).get('consumer.session.timeout.ms') ?? this.#times.consumerSessionMs,
    );
  }

  #assignmentIntervalMs({ groupId }: ConsumerGroupView): number {
    const set = this.#view().groupConfigs(groupId).get('consumer.assignment.interval.ms');
    return Number(set ?? this.#times.consumerAssignmentIntervalMs);
  }

  #lookAndArm(): void {
    this.#look();
    this.#arm();
  }

  #look(): void {
    const { nowMs } = this.#timer;
    for (const [groupId, watch] of this.#watches) {
      if (watch.busy || watch.nextLookMs > nowMs) {
        continue;
      }
      const group = this.#view().consumerGroup(groupId);
      if (group === undefined) {
        this.#watches.delete(groupId);
        continue;
      }
      const commands = this.#commandsDue(group, watch, nowMs);
      if (commands.length === 0) {
        watch.nextLookMs = this.#dueMs(group, watch);
      } else {
        this.#send(groupId, watch, commands);
      }
    }
  }

  #commandsDue(group: ConsumerGroupView, watch: Watch, nowMs: number): Command[] {
    const members: MemberAtEpoch[] = [];
    for (const [memberId, member] of group.members) {
      if (this.#memberDueMs(group, member, watch.members.get(memberId)!) <= nowMs) {
        members.push({ memberId, memberEpoch: member.epoch });
      }
    }
    if (members.length > 0) {
      return [{ kind: { $case: 'expireConsumerMembers', value: { group: group.groupId, members } } }];
    }
    const unresolved = watch.resolveDueMs > nowMs ? [] : this.#unresolved(group);
    if (unresolved.length > 0) {
      watch.resolveDueMs = nowMs + this.#assignmentIntervalMs(group);
      const regexes = unresolved.map(([regex, topics]) => ({ regex, topics: [...topics] }));
      return [{ kind: { $case: 'resolveRegexes', value: { group: group.groupId, regexes } } }];
    }
    if (!needsAssignment(group) || watch.assignDueMs > nowMs) {
      return [];
    }
    watch.assignDueMs = nowMs + this.#assignmentIntervalMs(group);
    return assignmentCommands(group, this.#view());
  }

  /** Expressions whose topics the group does not know, or that match other ones by now, with these; not those yet to be matched. */
  #unresolved(group: ConsumerGroupView): (readonly [regex: string, topics: readonly string[]])[] {
    const found: (readonly [string, readonly string[]])[] = [];
    for (const regex of group.subscribedRegexes) {
      const known = group.regexes.get(regex);
      const now = this.#regexes.matching(regex);
      if (now === undefined || (known !== undefined && this.#resolved.get(known) === now)) {
        continue;
      }
      if (known !== undefined && now.length === known.size && now.every((name) => known.has(name))) {
        this.#resolved.set(known, now);
      } else {
        found.push([regex, now]);
      }
    }
    return found;
  }

  /** Groups that subscribe by expression may match other topics now. */
  #lookAtRegexes(): void {
    const regexes = new Set<string>();
    for (const group of this.#view().consumerGroups()) {
      for (const regex of group.subscribedRegexes) {
        regexes.add(regex);
        const watch = this.#watches.get(group.groupId);
        if (watch !== undefined) {
          watch.nextLookMs = Math.min(watch.nextLookMs, this.#timer.nowMs);
        }
      }
    }
    this.#regexes.keep(regexes);
  }

  #lookSoon(): void {
    if (this.#running) {
      this.#lookAtRegexes();
      this.#arm();
    }
  }

  #send(groupId: string, watch: Watch, commands: readonly Command[]): void {
    watch.busy = true;
    Promise.all(commands.map((command) => this.#propose(command))).then((outcomes) => {
      watch.busy = false;
      const refused = outcomes.some(({ kind }) => kind === 'refused');
      watch.nextLookMs = this.#timer.nowMs + (refused ? REFUSED_PAUSE_MS : 0);
      if (this.#watches.get(groupId) === watch) {
        this.#arm();
      }
    }, ignoreLost);
  }

  #arm(): void {
    if (!this.#running) {
      return;
    }
    let dueMs = Number.POSITIVE_INFINITY;
    for (const watch of this.#watches.values()) {
      if (!watch.busy) {
        dueMs = Math.min(dueMs, watch.nextLookMs);
      }
    }
    this.#timer.arm(dueMs);
  }
}

function needsAssignment(group: ConsumerGroupView): boolean {
  return group.groupEpoch > group.assignmentEpoch && group.members.size > 0;
}

function debtOf(group: ConsumerGroupView, member: ConsumerMember): MemberWatch['debt'] {
  if (member.classic === undefined) {
    // With each step the time to give up partitions starts anew.
    return member.state === 'unrevoked-partitions' ? member : undefined;
  }
  if (member.classic.awaitingSync) {
    return 'sync';
  }
  return mustRejoin(group, member) ? 'join' : undefined;
}
