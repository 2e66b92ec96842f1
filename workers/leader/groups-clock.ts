import type { AliveReport } from '../../src/cluster/messages.js';
import type { Command } from '../../src/metadata/journal.wire.js';
import type { Outcome } from '../../src/metadata/outcomes.js';
import type { GroupView, MetadataView } from '../../src/metadata/view.js';
import type { World } from '../../src/world/world.js';
import { ignoreLost } from './leadership-lost.js';
import { SessionTimer } from './session-timer.js';

/** Groups of more members are not observed at every entry that touches them, but this often: to observe is to look at all. */
const LARGE_GROUP = 50;
const OBSERVE_PAUSE_MS = 20;
/** After a refused command of its own the clock looks at that group again no sooner than this. */
const REFUSED_PAUSE_MS = 1000;
/** Kafka's group.new.member.join.timeout.ms: a member that waits for its first answer may be gone; if not, it comes again. */
const FIRST_ANSWER_MS_MAX = 300_000;

/** What the clock remembers of a group, beside what the replica says. */
interface Watch {
  /** When each member last showed a sign of life, by the session clock. */
  readonly aliveMs: Map<string, number>;
  /** When a member that has had no answer yet was first seen to wait for it; whoever holds its request cannot speak for it. */
  readonly newSinceMs: Map<string, number>;
  /** Members that waited for the group's answer when it was last observed. */
  waiting: Set<string>;
  generation: number;
  generationStartedMs: number;
  joinPhase: number;
  joinDueMs: number;
  /** Kafka's InitialDelayedJoin: how much longer newcomers may still put the first assignment off. */
  initialDelayLeftMs: number;
  newcomer: boolean;
  /** A command of this clock has no outcome yet. */
  busy: boolean;
  nextLookMs: number;
}

/**
 * Sessions and join phases by the leader's monotonic clock (docs/ARCHITECTURE.md, Groups). Every wait starts in full when
 * leadership does, so a member is expired at least one whole session after a takeover. Time in which this thread stood
 * still does not count: the signs of life of that time are still waiting to be read.
 */
export class GroupsClock {
  readonly #timer: SessionTimer;
  readonly #view: () => MetadataView;
  readonly #propose: (command: Command) => Promise<Outcome>;
  readonly #watches = new Map<string, Watch>();
  /** Large groups that entries have touched since they were observed. */
  readonly #unseen = new Set<string>();
  #running = false;

  /** `propose` appends a command of the leader's own and rejects with `LeadershipLost` when leadership ends first. */
  constructor(
    world: Pick<World, 'clock' | 'timers'>,
    view: () => MetadataView,
    propose: (command: Command) => Promise<Outcome>,
  ) {
    this.#timer = new SessionTimer(world, () => {
      this.#observeUnseen();
      this.#look();
      this.#arm(this.#watches.values());
    });
    this.#view = view;
    this.#propose = propose;
  }

  /** Leadership begins: every group's waits start now. */
  start(): void {
    this.#running = true;
    this.#watches.clear();
    this.#unseen.clear();
    for (const group of this.#view().groups()) {
      this.#observe(group);
    }
    this.#arm(this.#watches.values());
  }

  /** Leadership is over. */
  stop(): void {
    this.#running = false;
    this.#watches.clear();
    this.#timer.stop();
  }

  /** An entry touched these groups. */
  applied(groups: Iterable<string>): void {
    if (!this.#running) {
      return;
    }
    const touched: Watch[] = [];
    for (const groupId of groups) {
      const group = this.#view().group(groupId);
      if (group === undefined) {
        this.#watches.delete(groupId);
      } else if (group.members.size > LARGE_GROUP && this.#watches.has(groupId)) {
        this.#unseen.add(groupId);
        this.#timer.arm(this.#timer.nowMs + OBSERVE_PAUSE_MS);
      } else {
        touched.push(this.#observe(group));
      }
    }
    this.#arm(touched);
  }

  alive(reports: readonly AliveReport[]): void {
    const nowMs = this.#timer.nowMs;
    for (const { group, memberIds } of reports) {
      const aliveMs = this.#watches.get(group)?.aliveMs;
      for (const memberId of memberIds) {
        if (aliveMs?.has(memberId) === true) {
          aliveMs.set(memberId, nowMs);
        }
      }
    }
  }

  /** Notes what changed in a group: newcomers, a new generation, a new join phase. */
  #observe(group: GroupView): Watch {
    const nowMs = this.#timer.nowMs;
    let watch = this.#watches.get(group.groupId);
    if (watch === undefined) {
      watch = {
        aliveMs: new Map(),
        newSinceMs: new Map(),
        waiting: new Set(),
        generation: group.generation,
        generationStartedMs: nowMs,
        joinPhase: -1,
        joinDueMs: 0,
        initialDelayLeftMs: 0,
        newcomer: false,
        busy: false,
        nextLookMs: nowMs,
      };
      this.#watches.set(group.groupId, watch);
    }
    const begins = watch.generation !== group.generation;
    if (begins) {
      watch.generation = group.generation;
      watch.generationStartedMs = nowMs;
    }
    const newcomer = noteMembers(group, watch, nowMs, begins);
    if (group.state === 'PreparingRebalance') {
      if (watch.joinPhase !== group.joinPhase) {
        watch.joinPhase = group.joinPhase;
        watch.newcomer = false;
        const waitMs = group.inInitialDelay ? group.initialDelayMs : group.rebalanceTimeoutMs;
        watch.joinDueMs = nowMs + waitMs;
        watch.initialDelayLeftMs = Math.max(0, group.rebalanceTimeoutMs - waitMs);
      } else {
        watch.newcomer ||= newcomer;
      }
    }
    watch.nextLookMs = Math.min(watch.nextLookMs, this.#dueMs(group, watch));
    return watch;
  }

  #observeUnseen(): void {
    for (const groupId of this.#unseen) {
      const group = this.#view().group(groupId);
      if (group !== undefined) {
        this.#observe(group);
      }
    }
    this.#unseen.clear();
  }

  /** When something of this group may be due; Infinity when nothing waits. */
  #dueMs(group: GroupView, watch: Watch): number {
    let dueMs = group.state === 'PreparingRebalance' ? watch.joinDueMs : Number.POSITIVE_INFINITY;
    let awaitsSync = false;
    for (const [memberId, member] of group.members) {
      dueMs = Math.min(dueMs, sessionEndMs(group, watch, memberId, member));
      awaitsSync ||= !member.synced && !member.pending;
    }
    return awaitsSync && hasGeneration(group) ? Math.min(dueMs, syncEndMs(group, watch)) : dueMs;
  }

  #look(): void {
    const nowMs = this.#timer.nowMs;
    for (const [groupId, watch] of this.#watches) {
      if (watch.busy || watch.nextLookMs > nowMs) {
        continue;
      }
      const group = this.#view().group(groupId);
      if (group === undefined) {
        this.#watches.delete(groupId);
        continue;
      }
      const command = this.#commandDue(group, watch, nowMs);
      if (command === undefined) {
        watch.nextLookMs = this.#dueMs(group, watch);
      } else {
        this.#send(groupId, watch, command);
      }
    }
  }

  #commandDue(group: GroupView, watch: Watch, nowMs: number): Command | undefined {
    const expired = expiredMembers(group, watch, nowMs);
    if (expired.length > 0) {
      const value = { group: group.groupId, generation: group.generation, memberIds: expired };
      return { kind: { $case: 'expireMembers', value } };
    }
    if (group.state !== 'PreparingRebalance' || watch.joinDueMs > nowMs) {
      return undefined;
    }
    if (group.inInitialDelay && watch.newcomer && watch.initialDelayLeftMs > 0) {
      const delayMs = Math.min(group.initialDelayMs, watch.initialDelayLeftMs);
      watch.newcomer = false;
      watch.initialDelayLeftMs -= delayMs;
      watch.joinDueMs = nowMs + delayMs;
      return undefined;
    }
    // When only static members are there and none of them came, the join phase starts over.
    watch.joinDueMs = nowMs + group.rebalanceTimeoutMs;
    return { kind: { $case: 'completeJoin', value: { group: group.groupId, joinPhase: group.joinPhase } } };
  }

  #send(groupId: string, watch: Watch, command: Command): void {
    watch.busy = true;
    this.#propose(command).then((outcome) => {
      watch.busy = false;
      const refused = outcome.kind === 'refused';
      watch.nextLookMs = this.#timer.nowMs + (refused ? REFUSED_PAUSE_MS : 0);
      if (this.#watches.get(groupId) === watch) {
        this.#arm([watch]);
      }
    }, ignoreLost);
  }

  /** Wakes this clock for the earliest of these watches, if it would not wake before. */
  #arm(watches: Iterable<Watch>): void {
    if (!this.#running) {
      return;
    }
    let dueMs = Number.POSITIVE_INFINITY;
    for (const watch of watches) {
      if (!watch.busy) {
        dueMs = Math.min(dueMs, watch.nextLookMs);
      }
    }
    this.#timer.arm(dueMs);
  }
}

type Member = GroupView['members'] extends ReadonlyMap<string, infer M> ? M : never;

/** Waits for the group's answer to its JoinGroup or SyncGroup, and so sends no heartbeats (Kafka: hasSatisfiedHeartbeat). */
function isWaiting(group: GroupView, member: Member): boolean {
  return (
    (group.state === 'PreparingRebalance' && member.joined) || (group.state === 'CompletingRebalance' && member.synced)
  );
}

/**
 * Notes who came, who was answered and who is gone. With a new generation every member's session starts anew, also that of a
 * static one which did not join again. True when there is a member that was not there before.
 */
function noteMembers(group: GroupView, watch: Watch, nowMs: number, begins: boolean): boolean {
  let newcomer = false;
  const waiting = new Set<string>();
  for (const [memberId, member] of group.members) {
    if (isWaiting(group, member)) {
      waiting.add(memberId);
    }
    if (!member.isNew) {
      watch.newSinceMs.delete(memberId);
    } else if (!watch.newSinceMs.has(memberId)) {
      newcomer = true;
      watch.newSinceMs.set(memberId, nowMs);
    }
    // The session of a member that was answered starts then (Kafka: completeAndScheduleNextHeartbeatExpiration).
    if (!watch.aliveMs.has(memberId) || watch.waiting.has(memberId) || (begins && !member.pending)) {
      watch.aliveMs.set(memberId, nowMs);
    }
  }
  watch.waiting = waiting;
  for (const memberId of watch.aliveMs.keys()) {
    if (!group.members.has(memberId)) {
      watch.aliveMs.delete(memberId);
      watch.newSinceMs.delete(memberId);
    }
  }
  return newcomer;
}

/** When a member is given up unless it shows a sign of life before; Infinity while it waits for an answer. */
function sessionEndMs(group: GroupView, watch: Watch, memberId: string, member: Member): number {
  if (isWaiting(group, member)) {
    const newSinceMs = watch.newSinceMs.get(memberId);
    return newSinceMs === undefined ? Number.POSITIVE_INFINITY : newSinceMs + FIRST_ANSWER_MS_MAX;
  }
  return (watch.aliveMs.get(memberId) ?? Number.POSITIVE_INFINITY) + member.sessionTimeoutMs;
}

/** The join phase is over: members are to fetch their assignments. */
function hasGeneration(group: GroupView): boolean {
  return group.state === 'CompletingRebalance' || group.state === 'Stable';
}

function syncEndMs(group: GroupView, watch: Watch): number {
  return watch.generationStartedMs + group.rebalanceTimeoutMs;
}

/** Sessions that ran out, and members that let a whole rebalance timeout pass without their SyncGroup. */
function expiredMembers(group: GroupView, watch: Watch, nowMs: number): string[] {
  const syncOver = hasGeneration(group) && syncEndMs(group, watch) <= nowMs;
  const expired: string[] = [];
  for (const [memberId, member] of group.members) {
    const neverSynced = syncOver && !member.synced && !member.pending;
    if (neverSynced || sessionEndMs(group, watch, memberId, member) <= nowMs) {
      expired.push(memberId);
    }
  }
  return expired;
}
