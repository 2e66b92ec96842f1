/**
 * Consumer groups of the classic protocol, the main thread's half. All state lies in the metadata: a request becomes a
 * command, and one that must wait for others looks again whenever an entry touches its group. Heartbeats are answered
 * from the replica. Nothing here ends a session: the leader's clock does, by commands, and is told who is alive.
 *
 * Without a leader, and while too many commands wait for the journal, joins and commits get COORDINATOR_LOAD_IN_PROGRESS, which
 * clients retry, and syncs REBALANCE_IN_PROGRESS; assignments stand.
 */
import { uuidFromBytes } from '../bytes/uuid.js';
import type { MetadataClient } from '../cluster/metadata-client.js';
import { topicIdBytes } from '../metadata/topic-id.js';
import type { Joined } from '../metadata/outcomes.js';
import type { GroupState, GroupView, MetadataView } from '../metadata/view.js';
import { errors } from '../protocol/errors.js';
import { NAME_BYTES_MAX } from '../protocol/reader.js';
import type { World } from '../world/world.js';
import { joinAnswer, joinError, syncAnswer, syncError } from './answers.js';
import { heartbeatInConsumerGroup, joinedConsumerGroup } from './classic-in-consumer.js';
import type {
  CommitRequest,
  DeleteOffsetsAnswer,
  JoinAnswer,
  JoinRequest,
  LeaveAnswer,
  LeaveRequest,
  MemberRequest,
  SyncAnswer,
  SyncRequest,
} from './requests.js';
import { SignsOfLife } from './signs-of-life.js';
import { expectKind, submit, unavailable } from './submit.js';
import { slicesOf, topicSlicesOf } from './slices.js';
import { GroupWaiters } from './waiters.js';

export interface GroupLimits {
  readonly initialRebalanceDelayMs: number;
  readonly sessionMsMin: number;
  readonly sessionMsMax: number;
  readonly membersMax: number;
}

/** Of a client's name in a member id, so that the id may come back as a name: of up to three bytes each, before a dash and a UUID. */
const NAME_CHARACTERS_MAX = Math.floor((NAME_BYTES_MAX - 23) / 3);
/** Kafka's offsets.commit.timeout.ms. */
const COMMIT_WAIT_MS_MAX = 5_000;

const NONE = errors.NONE.code;

export class GroupEngine {
  readonly #metadata: MetadataClient;
  readonly #world: World;
  readonly #limits: GroupLimits;
  readonly #waiters: GroupWaiters;
  readonly #signsOfLife: SignsOfLife;

  constructor(metadata: MetadataClient, world: World, limits: GroupLimits) {
    this.#metadata = metadata;
    this.#world = world;
    this.#limits = limits;
    this.#signsOfLife = new SignsOfLife(metadata, world.timers);
    this.#waiters = new GroupWaiters((group) => stageOf(metadata.view, group));
    metadata.onApplied((_revision, changes) => this.#waiters.changed(changes.groups));
  }

  /** Waits until the join phase that the member takes part in is over. Undefined: the client is gone or the agent stops. */
  async join(request: JoinRequest, signal: AbortSignal): Promise<JoinAnswer | undefined> {
    const invalid = this.#invalidJoin(request);
    if (invalid !== NONE) {
      return joinError(invalid, request.memberId);
    }
    const knownMember = request.memberId !== '';
    const memberId = knownMember ? request.memberId : this.#newMemberId(request);
    const joining = submit(this.#metadata, {
      kind: {
        $case: 'joinGroup',
        value: {
          group: request.group,
          memberId,
          knownMember,
          instanceId: request.instanceId,
          clientId: request.clientId,
          clientHost: request.clientHost,
          sessionTimeoutMs: request.sessionTimeoutMs,
          // Kafka takes the longest of the members' timeouts and 0.
          rebalanceTimeoutMs: Math.max(0, request.rebalanceTimeoutMs),
          protocolType: request.protocolType,
          protocols: [...request.protocols],
          requireKnownMember: request.requireKnownMember,
          initialDelayMs: this.#limits.initialRebalanceDelayMs,
          groupSizeMax: this.#limits.membersMax,
        },
      },
    });
    const outcome = await this.#signsOfLife.during(request.group, memberId, joining);
    if (outcome.kind === 'refused') {
      const isFull = outcome.error === errors.GROUP_MAX_SIZE_REACHED.code;
      return joinError(outcome.error, isFull ? '' : request.memberId);
    }
    const joined = expectKind(outcome, 'joined');
    if (joined.error !== NONE) {
      return joinError(joined.error, joined.memberId);
    }
    this.#metadata.membersAlive(request.group, [joined.memberId]);
    if (joined.joinPhase === undefined) {
      return this.#joinedAtOnce(request, joined);
    }
    const joinPhase = joined.joinPhase;
    const waiting = this.#waiters.wait(request.group, signal, () => {
      const group = this.#metadata.view.group(request.group);
      const member = group?.members.get(joined.memberId);
      if (group === undefined || member === undefined) {
        const error = this.#lostMember(group, { ...request, memberId: joined.memberId });
        return joinError(error, error === errors.UNKNOWN_MEMBER_ID.code ? '' : joined.memberId);
      }
      if (group.state === 'PreparingRebalance' && group.joinPhase === joinPhase) {
        return undefined;
      }
      // A later join phase may have begun in the same entry: the member learns of it by its SyncGroup, as in Kafka.
      return joinAnswer(group, member, group.leaderId === member.memberId, false);
    });
    return this.#signsOfLife.during(request.group, joined.memberId, waiting);
  }

  /** Waits for the leader's assignment. Undefined: the client is gone or the agent stops. */
  async sync(request: SyncRequest, signal: AbortSignal): Promise<SyncAnswer | undefined> {
    if (request.group === '') {
      return syncError(errors.INVALID_GROUP_ID.code);
    }
    const syncing = submit(this.#metadata, {
      kind: {
        $case: 'syncGroup',
        value: {
          group: request.group,
          generation: request.generation,
          memberId: request.memberId,
          instanceId: request.instanceId,
          protocolType: request.protocolType,
          protocolName: request.protocolName,
          assignments: [...request.assignments],
        },
      },
    });
    const outcome = await this.#whileAlive(request, 'PreparingRebalance', syncing);
    if (outcome.kind === 'refused') {
      // Clients do not expect to be told so here, and give up; this one they answer by joining again (as Kafka's doSyncGroup).
      const isLoading = outcome.error === errors.COORDINATOR_LOAD_IN_PROGRESS.code;
      return syncError(isLoading ? errors.REBALANCE_IN_PROGRESS.code : outcome.error);
    }
    this.#metadata.membersAlive(request.group, [request.memberId]);
    const synced = expectKind(outcome, 'synced');
    const group = this.#metadata.view.group(request.group);
    if (synced.assignment !== undefined) {
      // A consumer group answers at once, with the protocol that the member named.
      return syncAnswer(group ?? request, synced.assignment);
    }
    const waiting = this.#waiters.wait(request.group, signal, () => this.#syncResult(request));
    return this.#signsOfLife.during(request.group, request.memberId, waiting);
  }

  /** From the replica. A member is looked for behind a fresh read before it is refused: its join may be news to this agent. */
  async heartbeat(request: MemberRequest): Promise<number> {
    if (request.group === '') {
      return errors.INVALID_GROUP_ID.code;
    }
    const error = this.#heartbeat(request);
    if (error === NONE || error === errors.REBALANCE_IN_PROGRESS.code) {
      return error;
    }
    try {
      await this.#metadata.fresh();
    } catch (failure) {
      return unavailable(failure);
    }
    return this.#heartbeat(request);
  }

  async leave({ group, members }: LeaveRequest): Promise<LeaveAnswer> {
    if (group === '') {
      return { error: errors.INVALID_GROUP_ID.code, memberErrors: [] };
    }
    const memberErrors: number[] = [];
    // A command takes no more than an apply can bear; one without members asks for the group alone.
    for (const slice of members.length === 0 ? [[]] : slicesOf(members)) {
      const outcome = await submit(this.#metadata, {
        kind: { $case: 'leaveGroup', value: { group, members: slice } },
      });
      if (outcome.kind === 'refused') return { error: outcome.error, memberErrors: [] };
      memberErrors.push(...expectKind(outcome, 'members-left').errors);
    }
    return { error: NONE, memberErrors };
  }

  /** One error code an offset of the request. COORDINATOR_NOT_AVAILABLE after 5 s: it may still be committed. */
  async commit(request: CommitRequest): Promise<readonly number[]> {
    const all = (error: number): readonly number[] => request.offsets.map(() => error);
    const { group, generation, memberId, instanceId, memberEpochs, offsets, retentionMs } = request;
    const own = { group, generation, memberId, instanceId, memberEpochs, retentionMs };
    const slices = slicesOf(offsets).map((slice) =>
      submit(this.#metadata, { kind: { $case: 'commitOffsets', value: { ...own, offsets: slice } } }).then((outcome) =>
        outcome.kind === 'refused' ? slice.map(() => outcome.error) : expectKind(outcome, 'offsets-committed').errors,
      ),
    );
    const committing = this.#within(COMMIT_WAIT_MS_MAX, Promise.all(slices));
    const committed = await this.#whileAlive(request, 'CompletingRebalance', committing);
    return committed?.flat() ?? all(errors.COORDINATOR_NOT_AVAILABLE.code);
  }

  /** 0, or why the group was not deleted (NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND …). The empty id may have offsets, as in Kafka. */
  async delete(group: string): Promise<number> {
    const outcome = await submit(this.#metadata, { kind: { $case: 'deleteGroup', value: { group } } });
    return outcome.kind === 'refused' ? outcome.error : NONE;
  }

  async deleteOffsets(
    group: string,
    topics: readonly { readonly topicId: string; readonly partitions: readonly number[] }[],
  ): Promise<DeleteOffsetsAnswer> {
    if (group === '') {
      return { error: errors.INVALID_GROUP_ID.code, partitionErrors: [] };
    }
    const partitionErrors: number[] = [];
    for (const slice of topicSlicesOf(topics)) {
      const named = slice.map(({ topicId, partitions }) => ({
        topicId: topicIdBytes(topicId),
        partitions: [...partitions],
      }));
      const outcome = await submit(this.#metadata, {
        kind: { $case: 'deleteOffsets', value: { group, topics: named } },
      });
      if (outcome.kind === 'refused') {
        return { error: outcome.error, partitionErrors: [] };
      }
      partitionErrors.push(...expectKind(outcome, 'offsets-deleted').errors);
    }
    return { error: NONE, partitionErrors };
  }

  /** Ends every wait; later requests do not wait. */
  close(): void {
    this.#waiters.close();
  }

  #invalidJoin(request: JoinRequest): number {
    if (request.group === '') {
      return errors.INVALID_GROUP_ID.code;
    }
    const { sessionMsMin, sessionMsMax } = this.#limits;
    return request.sessionTimeoutMs < sessionMsMin || request.sessionTimeoutMs > sessionMsMax
      ? errors.INVALID_SESSION_TIMEOUT.code
      : NONE;
  }

  /** Kafka's form: the client's or the instance's name (of a long one, the beginning), a dash, a random UUID. */
  #newMemberId(request: JoinRequest): string {
    const unique = uuidFromBytes(this.#world.random.bytes(16));
    return `${(request.instanceId ?? request.clientId).slice(0, NAME_CHARACTERS_MAX)}-${unique}`;
  }

  /** The group needed no join phase: the same metadata again, or a static member that came back. */
  #joinedAtOnce(request: JoinRequest, { memberId, replacedLeaderId }: Joined): JoinAnswer {
    const consumerGroup = this.#metadata.view.consumerGroup(request.group);
    const answer = consumerGroup && joinedConsumerGroup(consumerGroup, memberId);
    if (answer !== undefined) {
      return answer;
    }
    const group = this.#metadata.view.group(request.group);
    const member = group?.members.get(memberId);
    if (group === undefined || member === undefined) {
      return joinError(this.#lostMember(group, { ...request, memberId }), memberId);
    }
    if (replacedLeaderId !== undefined && !request.canSkipAssignment) {
      // Before v9 the returning leader must not assign: it is told of its former self as the leader, as in Kafka.
      return { ...joinAnswer(group, member, false, false), leaderId: replacedLeaderId };
    }
    return joinAnswer(group, member, group.leaderId === memberId, replacedLeaderId !== undefined);
  }

  #syncResult(request: SyncRequest): SyncAnswer | undefined {
    const group = this.#metadata.view.group(request.group);
    const member = group?.members.get(request.memberId);
    if (group === undefined || member === undefined) {
      return syncError(this.#lostMember(group, request));
    }
    if (group.generation !== request.generation || group.state === 'PreparingRebalance') {
      return syncError(errors.REBALANCE_IN_PROGRESS.code);
    }
    if (group.state !== 'Stable') {
      return undefined;
    }
    return syncAnswer(group, member.assignment);
  }

  #heartbeat(request: MemberRequest): number {
    const consumerGroup = this.#metadata.view.consumerGroup(request.group);
    if (consumerGroup !== undefined) {
      const error = heartbeatInConsumerGroup(consumerGroup, request);
      if (error === NONE || error === errors.REBALANCE_IN_PROGRESS.code) {
        this.#metadata.membersAlive(request.group, [request.memberId]);
      }
      return error;
    }
    const group = this.#metadata.view.group(request.group);
    const member = group?.members.get(request.memberId);
    if (group === undefined || member === undefined || member.pending) {
      return this.#lostMember(group, request);
    }
    if (request.instanceId !== undefined && member.instanceId !== request.instanceId) {
      return this.#lostMember(group, request);
    }
    if (group.generation !== request.generation) {
      return errors.ILLEGAL_GENERATION.code;
    }
    this.#metadata.membersAlive(request.group, [request.memberId]);
    return group.state === 'PreparingRebalance' ? errors.REBALANCE_IN_PROGRESS.code : NONE;
  }

  /** Why a member id is not in its group: its static instance goes by another id now, or nobody knows it. */
  #lostMember(
    group: GroupView | undefined,
    { group: groupId, memberId, instanceId }: Pick<MemberRequest, 'group' | 'memberId' | 'instanceId'>,
  ): number {
    if (this.#metadata.view.consumerGroup(groupId)?.members.has(memberId) === true) {
      // The group became a consumer group while the member waited; it joins again, as in Kafka.
      return errors.REBALANCE_IN_PROGRESS.code;
    }
    if (group !== undefined && instanceId !== undefined) {
      for (const member of group.members.values()) {
        if (member.instanceId === instanceId) {
          return errors.FENCED_INSTANCE_ID.code;
        }
      }
    }
    return errors.UNKNOWN_MEMBER_ID.code;
  }

  /**
   * A classic group's member that speaks for itself in its present generation is alive, and so it is while its request waits
   * for the journal. Not where it will be refused, in the state `refusing` (27): as in Kafka that is no sign of life.
   */
  #whileAlive<T>(request: MemberRequest, refusing: GroupState, work: Promise<T>): Promise<T> {
    const { group: groupId, generation, memberId, instanceId } = request;
    const group = this.#metadata.view.group(groupId);
    const member =
      group?.generation === generation && group.state !== refusing ? group.members.get(memberId) : undefined;
    const speaks = member?.pending === false && (instanceId === undefined || member.instanceId === instanceId);
    return speaks ? this.#signsOfLife.during(groupId, memberId, work) : work;
  }

  #within<T>(delayMs: number, result: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const timer = this.#world.timers.after(delayMs, () => resolve(undefined));
      result.then(resolve, reject).finally(() => timer.cancel());
    });
  }
}

/** A waiting JoinGroup or SyncGroup has its answer, or its member is gone, only when this has changed. */
function stageOf(view: MetadataView, groupId: string): string {
  const group = view.group(groupId);
  return group === undefined
    ? `at revision ${view.revision}`
    : `${group.state} ${group.generation} ${group.joinPhase} ${group.departures} ${group.leaderId}`;
}
