import type { Api } from '../../src/protocol/codec.js';
import { apis } from '../../src/protocol/apis.js';
import {
  consumerAssignment,
  consumerSubscription,
  decodeVersioned,
  encodeVersioned,
} from '../../src/protocol/consumer-protocol.js';
import { errorByCode, errors } from '../../src/protocol/errors.js';
import type { GroupHistory } from './group-history.js';
import type { SeededRandom } from './random.js';

/** A connection to whoever coordinates. Rejects with `Lost` when it breaks before the answer. */
export interface Caller {
  call<A extends Api>(
    api: A,
    version: number,
    request: Parameters<A['request']['encode']>[1],
  ): Promise<ReturnType<A['response']['decode']>>;
  close(): void;
}

export class Lost extends Error {
  override readonly name = 'Lost';
}

/** Simulated or real: a member knows only this of the world. */
export interface MemberWorld {
  /** Undefined: nobody is there at present. */
  connect(): Promise<Caller | undefined>;
  pause(ms: number): Promise<void>;
  readonly random: SeededRandom;
  readonly history: GroupHistory;
  violation(sentence: string): void;
}

export interface MemberPlan {
  readonly name: string;
  readonly group: string;
  /** Set: a static member. */
  readonly instanceId: string | undefined;
  readonly topics: readonly { readonly name: string; readonly partitions: number }[];
  readonly sessionMs: number;
  readonly rebalanceMs: number;
  readonly joinVersion: number;
}

interface Share {
  readonly memberId: string;
  readonly assignment: Uint8Array;
}

/** What a member may be up to beside consuming: chances at each step. */
export interface Mischief {
  readonly pause: number;
  readonly leave: number;
  readonly vanish: number;
}

export const wellBehaved: Mischief = { pause: 0, leave: 0, vanish: 0 };

const { NONE, FENCED_INSTANCE_ID, ILLEGAL_GENERATION, MEMBER_ID_REQUIRED, REBALANCE_IN_PROGRESS, UNKNOWN_MEMBER_ID } =
  errors;
const RETRY_MS = 50;

/**
 * A consumer of a group, as far as its group goes: joins, shares out when it leads, commits ever larger offsets of what it
 * was given, and now and then pauses longer than its session, leaves, vanishes, or commits although it was told that
 * its generation is over. It tells the history all that it hears.
 */
export class ModelMember {
  readonly #plan: MemberPlan;
  readonly #world: MemberWorld;
  #memberId = '';
  #generation = -1;
  /** Partitions that it was given, and the offset it is at. */
  #positions = new Map<string, number>();

  constructor(plan: MemberPlan, world: MemberWorld) {
    this.#plan = plan;
    this.#world = world;
  }

  /** Until `over`; then it leaves. */
  async run(over: () => boolean, mischief: () => Mischief): Promise<void> {
    while (!over()) {
      const caller = await this.#world.connect();
      try {
        if (caller !== undefined) await this.#live(caller, over, mischief);
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
      }
      caller?.close();
      await this.#world.pause(this.#world.random.between(1, RETRY_MS));
    }
  }

  async #live(caller: Caller, over: () => boolean, mischief: () => Mischief): Promise<void> {
    while (!over()) {
      if ((await this.#join(caller)) && (await this.#findPositions(caller))) {
        await this.#consume(caller, over, mischief);
      } else {
        await this.#world.pause(RETRY_MS);
      }
    }
    await this.#leave(caller);
  }

  // ---- joining

  async #join(caller: Caller): Promise<boolean> {
    const { group, instanceId = null, sessionMs, rebalanceMs, joinVersion, topics } = this.#plan;
    const subscription = encodeVersioned(consumerSubscription, 1, { topics: topics.map(({ name }) => name) });
    const answer = await caller.call(apis.joinGroup, joinVersion, {
      groupId: group,
      sessionTimeoutMs: sessionMs,
      rebalanceTimeoutMs: rebalanceMs,
      memberId: this.#memberId,
      groupInstanceId: instanceId,
      protocolType: 'consumer',
      protocols: [{ name: 'model', metadata: Buffer.concat(subscription.slices) }],
      reason: null,
    });
    if (answer.errorCode === MEMBER_ID_REQUIRED.code) {
      this.#memberId = answer.memberId;
      return this.#join(caller);
    }
    if (answer.errorCode !== NONE.code) {
      this.#told(answer.errorCode, 'joining');
      return false;
    }
    this.#memberId = answer.memberId;
    this.#generation = answer.generationId;
    this.#world.history.announce(group, answer.generationId);
    const leads = answer.leader === answer.memberId && !answer.skipAssignment;
    return this.#sync(caller, leads ? this.#shares(answer.members) : []);
  }

  /** All partitions, dealt round, beginning with another member in each generation. */
  #shares(members: readonly { readonly memberId: string }[]): Share[] {
    const all = this.#plan.topics.flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
    );
    return members.map(({ memberId }, place) => {
      const share = all.filter((_, i) => (i + this.#generation) % members.length === place);
      const assignedPartitions = share.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
      const assignment = encodeVersioned(consumerAssignment, 1, { assignedPartitions });
      return { memberId, assignment: Buffer.concat(assignment.slices) };
    });
  }

  async #sync(caller: Caller, assignments: readonly Share[]): Promise<boolean> {
    const { group, instanceId = null } = this.#plan;
    const answer = await caller.call(apis.syncGroup, 5, {
      groupId: group,
      generationId: this.#generation,
      memberId: this.#memberId,
      groupInstanceId: instanceId,
      protocolType: 'consumer',
      protocolName: 'model',
      assignments,
    });
    if (answer.errorCode !== NONE.code) {
      this.#told(answer.errorCode, 'syncing');
      return false;
    }
    const given =
      answer.assignment.length === 0
        ? []
        : decodeVersioned(consumerAssignment, answer.assignment).value.assignedPartitions;
    const partitions = given.flatMap(({ topic, partitions: of }) => of.map((partition) => `${topic}-${partition}`));
    this.#world.history.own(group, this.#generation, instanceId ?? this.#memberId, partitions);
    this.#positions = new Map(partitions.map((partition) => [partition, -1]));
    return true;
  }

  async #findPositions(caller: Caller): Promise<boolean> {
    const { group } = this.#plan;
    const beganAt = this.#world.history.now();
    const answer = await caller.call(apis.offsetFetch, 7, {
      groupId: group,
      topics: this.#byTopic((partitions) => partitions).map(({ name, partitions }) => ({
        name,
        partitionIndexes: partitions,
      })),
      requireStable: true,
    });
    if (answer.errorCode !== NONE.code) {
      this.#told(answer.errorCode, 'fetching offsets');
      return false;
    }
    for (const { name, partitions } of answer.topics) {
      for (const { partitionIndex, committedOffset } of partitions) {
        const partition = `${name}-${partitionIndex}`;
        this.#world.history.fetched(group, partition, beganAt, committedOffset);
        this.#positions.set(partition, Math.max(0, committedOffset));
      }
    }
    return true;
  }

  // ---- consuming

  /** Until the group rebalances or this member is out of it. */
  async #consume(caller: Caller, over: () => boolean, mischief: () => Mischief): Promise<void> {
    const { random } = this.#world;
    const { sessionMs } = this.#plan;
    while (!over()) {
      const { pause, leave, vanish } = mischief();
      await this.#world.pause(random.between(1, Math.ceil(sessionMs / 3)));
      if (random.chance(pause)) await this.#world.pause(sessionMs * (0.3 + 2.7 * random.unit()));
      if (random.chance(vanish)) await this.#vanish();
      if (random.chance(leave)) {
        await this.#leave(caller);
        await this.#world.pause(random.between(0, sessionMs));
        return;
      }
      const wasTold = await this.#heartbeat(caller);
      // A consumer commits before it gives its partitions up; one that is out of its generation must not succeed.
      if (wasTold === NONE.code || random.chance(0.5)) await this.#commit(caller);
      if (wasTold !== NONE.code) {
        this.#told(wasTold, 'consuming');
        return;
      }
    }
  }

  async #heartbeat(caller: Caller): Promise<number> {
    const { errorCode } = await caller.call(apis.heartbeat, 4, this.#identity());
    return errorCode;
  }

  async #commit(caller: Caller): Promise<void> {
    const { history, random } = this.#world;
    const { group } = this.#plan;
    for (const [partition, position] of this.#positions)
      this.#positions.set(partition, position + random.between(0, 3));
    const sent = new Map(
      Array.from(this.#positions, ([partition, offset]) => [
        partition,
        history.commit(group, this.#generation, partition, offset),
      ]),
    );
    if (sent.size === 0) return;
    const { generationId, ...identity } = this.#identity();
    const answer = await caller.call(apis.offsetCommit, 9, {
      ...identity,
      generationIdOrMemberEpoch: generationId,
      topics: this.#byTopic((partitions, name) =>
        partitions.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: sent.get(`${name}-${partitionIndex}`)!.offset,
          committedLeaderEpoch: -1,
          committedMetadata: null,
        })),
      ),
    });
    for (const { name, partitions } of answer.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        if (errorCode === NONE.code) history.acknowledge(sent.get(`${name}-${partitionIndex}`)!);
      }
    }
  }

  async #leave(caller: Caller): Promise<void> {
    const { group, instanceId = null } = this.#plan;
    const members = [{ memberId: this.#memberId, groupInstanceId: instanceId, reason: null }];
    await caller.call(apis.leaveGroup, 5, { groupId: group, members });
    this.#forget();
  }

  /** As a process that is killed, and started again. */
  async #vanish(): Promise<never> {
    this.#forget();
    await this.#world.pause(this.#world.random.between(0, 2 * this.#plan.sessionMs));
    throw new Lost();
  }

  #forget(): void {
    this.#memberId = '';
    this.#generation = -1;
    this.#positions.clear();
  }

  #identity() {
    const { group, instanceId = null } = this.#plan;
    return { groupId: group, generationId: this.#generation, memberId: this.#memberId, groupInstanceId: instanceId };
  }

  #byTopic<T>(of: (partitions: number[], topic: string) => T): { readonly name: string; readonly partitions: T }[] {
    return this.#plan.topics.map(({ name, partitions }) => {
      const owned = Array.from({ length: partitions }, (_, i) => i).filter((i) => this.#positions.has(`${name}-${i}`));
      return { name, partitions: of(owned, name) };
    });
  }

  /** What it does next follows from this: a member that is not known any more comes as a new one. */
  #told(code: number, when: string): void {
    if (code === UNKNOWN_MEMBER_ID.code || code === FENCED_INSTANCE_ID.code) {
      this.#forget();
      return;
    }
    const error = errorByCode(code);
    const expected = code === ILLEGAL_GENERATION.code || code === REBALANCE_IN_PROGRESS.code;
    if (!expected && error?.retriable !== true) {
      this.#world.violation(`a member of ${this.#plan.group} was told ${error?.name ?? code} while ${when}`);
    }
  }
}
