/**
 * Groups of the consumer protocol (KIP-848), the main thread's half. A heartbeat is answered from the replica when it
 * leaves everything as it is, and is a command otherwise. The leader assigns and ends sessions (workers/leader).
 */
import { uuidFromBytes } from '../bytes/uuid.js';
import type { MetadataClient } from '../cluster/metadata-client.js';
import { topicRegexFlaw } from '../cluster/topic-regex.js';
import type { ConsumerHeartbeat } from '../metadata/journal.wire.js';
import type { ConsumerHeartbeatAnswered, Refused } from '../metadata/outcomes.js';
import { refused } from '../metadata/outcomes.js';
import { topicIdBytes } from '../metadata/topic-id.js';
import { errors } from '../protocol/errors.js';
import type { World } from '../world/world.js';
import { heartbeatFlaw } from './heartbeat-flaws.js';
import type { ConsumerHeartbeatAnswer, ConsumerHeartbeatRequest } from './requests.js';
import { SignsOfLife } from './signs-of-life.js';
import { expectKind, submit, unavailable } from './submit.js';
import { GroupWaiters } from './waiters.js';

export interface ConsumerGroupLimits {
  readonly heartbeatMs: number;
  readonly membersMax: number;
}

/** How long a joining member's answer waits at most for the assignment that the join asked for. */
const JOIN_WAIT_MS_MAX = 3_000;

export class ConsumerGroupEngine {
  readonly #metadata: MetadataClient;
  readonly #world: World;
  readonly #limits: ConsumerGroupLimits;
  readonly #waiters = new GroupWaiters();
  readonly #signsOfLife: SignsOfLife;

  constructor(metadata: MetadataClient, world: World, limits: ConsumerGroupLimits) {
    this.#metadata = metadata;
    this.#world = world;
    this.#limits = limits;
    this.#signsOfLife = new SignsOfLife(metadata, world.timers);
    metadata.onApplied((_revision, changes) => this.#waiters.changed(changes.groups));
  }

  /** Undefined: the client is gone or the agent stops. */
  async heartbeat(
    request: ConsumerHeartbeatRequest,
    signal: AbortSignal,
  ): Promise<ConsumerHeartbeatAnswer | undefined> {
    const flaw = heartbeatFlaw(request) ?? this.#regexFlaw(request);
    if (flaw !== undefined) {
      return failed(flaw);
    }
    const command = this.#commandOf(request);
    let outcome = await this.#carryOut(command);
    if (outcome.kind === 'refused') {
      return failed(outcome);
    }
    if (command.memberEpoch === 0) {
      await this.#assigned(command, outcome.memberId, signal);
      if (signal.aborted) {
        return undefined;
      }
      const joined = await this.#carryOut({ ...command, memberEpoch: outcome.epoch });
      const unassigned = joined.kind === 'refused' ? joined : joined.epoch === 0 ? NOT_ASSIGNED : undefined;
      if (unassigned === undefined) {
        outcome = joined as ConsumerHeartbeatAnswered;
      } else if (!this.#isNamedHere(request, outcome.memberId)) {
        return failed(unassigned);
      }
    }
    if (outcome.epoch < 0) {
      return { ...NO_ERROR, memberId: outcome.memberId, memberEpoch: outcome.epoch };
    }
    this.#metadata.membersAlive(command.group, [outcome.memberId]);
    return {
      ...NO_ERROR,
      memberId: outcome.memberId,
      memberEpoch: outcome.epoch,
      heartbeatIntervalMs: this.#heartbeatMs(command.group),
      // At epoch 0 there is none, not even an empty one: the member still joins, and asks again as one that does.
      assignment: outcome.epoch === 0 ? undefined : outcome.assignment,
    };
  }

  /** Ends every wait; later requests do not wait. */
  close(): void {
    this.#waiters.close();
  }

  /**
   * A member that does not know its id yet. An error would not tell it: it would join again as someone else, and the group
   * would assign to a member that nobody is.
   */
  #isNamedHere({ group, memberId }: ConsumerHeartbeatRequest, given: string): boolean {
    return memberId === '' && this.#metadata.view.consumerGroup(group)?.members.has(given) === true;
  }

  #commandOf(request: ConsumerHeartbeatRequest): ConsumerHeartbeat {
    const { topics, owned } = request;
    return {
      group: request.group,
      // With v0 the coordinator gives an id to whoever joins without.
      memberId: request.memberId === '' ? uuidFromBytes(this.#world.random.bytes(16)) : request.memberId,
      memberEpoch: request.memberEpoch,
      instanceId: request.instanceId,
      rackId: request.rackId,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      topics: topics && { names: [...topics] },
      regex: request.regex,
      assignor: request.assignor,
      owned: owned && {
        topics: owned.map(({ topicId, partitions }) => ({
          topicId: topicIdBytes(topicId),
          partitions: partitions.filter((partition) => partition >= 0),
        })),
      },
      clientId: request.clientId,
      clientHost: request.clientHost,
      groupSizeMax: this.#limits.membersMax,
    };
  }

  /** Compiled only when the group does not know it: members repeat their expression in every full heartbeat. */
  #regexFlaw({ group, regex }: ConsumerHeartbeatRequest): Refused | undefined {
    if (regex === undefined || regex === '' || this.#metadata.view.consumerGroup(group)?.regexes.has(regex) === true) {
      return undefined;
    }
    const flaw = topicRegexFlaw(regex);
    return flaw === undefined
      ? undefined
      : refused(
          errors.INVALID_REGULAR_EXPRESSION.code,
          `SubscribedTopicRegex \`${regex}\` is not a valid regular expression: ${flaw}.`,
        );
  }

  /** From the replica, when nothing changes. A refusal is looked at again behind a fresh read: this agent may be behind. */
  async #carryOut(command: ConsumerHeartbeat): Promise<ConsumerHeartbeatAnswered | Refused> {
    let answer = this.#metadata.view.consumerHeartbeat(command);
    if (answer?.kind === 'refused') {
      try {
        await this.#metadata.fresh();
      } catch (failure) {
        return refused(unavailable(failure), 'the metadata cannot be read at present');
      }
      answer = this.#metadata.view.consumerHeartbeat(command);
    }
    if (answer !== undefined) {
      return answer;
    }
    const changing = submit(this.#metadata, { kind: { $case: 'consumerHeartbeat', value: command } });
    // Who leaves for a while is given no longer for it: Kafka lets the session run on from the last heartbeat.
    const outcome =
      command.memberEpoch < 0
        ? await changing
        : await this.#signsOfLife.during(command.group, command.memberId, changing);
    return outcome.kind === 'refused' ? outcome : expectKind(outcome, 'consumer-heartbeat');
  }

  /** Waits until the group's assignment takes the member's join into account, but not for ever. */
  async #assigned({ group: groupId }: ConsumerHeartbeat, memberId: string, signal: AbortSignal): Promise<void> {
    let asked: number | undefined;
    const isAssigned = (): true | undefined => {
      const group = this.#metadata.view.consumerGroup(groupId);
      const member = group?.members.get(memberId);
      if (group === undefined || member === undefined) {
        return true;
      }
      if (asked === undefined && (member.regex === '' || group.regexes.has(member.regex))) {
        asked = group.groupEpoch;
      }
      return asked !== undefined && group.assignmentEpoch >= asked ? true : undefined;
    };
    const limit = new AbortController();
    const timer = this.#world.timers.after(JOIN_WAIT_MS_MAX, () => limit.abort());
    await this.#waiters.wait(groupId, AbortSignal.any([signal, limit.signal]), isAssigned);
    timer.cancel();
  }

  #heartbeatMs(group: string): number {
    return Number(
      this.#metadata.view.groupConfigs(group).get('consumer.heartbeat.interval.ms') ?? this.#limits.heartbeatMs,
    );
  }
}

const NO_ERROR = {
  error: errors.NONE.code,
  message: undefined,
  heartbeatIntervalMs: 0,
  assignment: undefined,
};

const NOT_ASSIGNED = refused(errors.COORDINATOR_LOAD_IN_PROGRESS.code, 'the group has no assignment yet');

function failed({ error, message }: Refused): ConsumerHeartbeatAnswer {
  return { ...NO_ERROR, error, message, memberId: undefined, memberEpoch: 0 };
}
