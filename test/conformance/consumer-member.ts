import { apis } from '../../src/protocol/apis.js';
import type { LocalAgent, LocalClient } from './local-agent.js';

interface Options {
  readonly group?: string;
  readonly memberId?: string;
  readonly instanceId?: string;
  readonly topics?: readonly string[];
  readonly regex?: string;
  readonly assignor?: string;
  readonly version?: number;
}

type Request = Parameters<typeof apis.consumerGroupHeartbeat.request.encode>[1];

/** A member of a consumer group (KIP-848), with a connection of its own. It takes and gives up what it is told at once. */
export class ConsumerGroupMember {
  readonly client: LocalClient;
  readonly group: string;
  readonly version: number;
  readonly #options: Options;
  memberId: string;
  epoch = 0;
  /** By topic id. */
  owned = new Map<string, readonly number[]>();

  constructor(agent: LocalAgent, options: Options = {}) {
    this.client = agent.connect();
    this.#options = options;
    this.group = options.group ?? 'g';
    this.version = options.version ?? 1;
    this.memberId = options.memberId ?? '';
  }

  get reported() {
    return Array.from(this.owned, ([topicId, partitions]) => ({ topicId, partitions: [...partitions] }));
  }

  /** One heartbeat with nothing but what is asked. */
  async send(more: Partial<Request> = {}, version = this.version) {
    const answer = await this.client.call(apis.consumerGroupHeartbeat, version, {
      groupId: this.group,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      ...more,
    });
    if (answer.errorCode === 0) {
      this.memberId = answer.memberId ?? this.memberId;
      this.epoch = answer.memberEpoch;
    }
    return answer;
  }

  async join(more: Partial<Request> = {}) {
    this.owned = new Map();
    return this.#learn(
      await this.send({
        memberEpoch: 0,
        rebalanceTimeoutMs: 60_000,
        subscribedTopicNames: this.#options.regex === undefined ? [...(this.#options.topics ?? ['t'])] : null,
        subscribedTopicRegex: this.#options.regex ?? null,
        serverAssignor: this.#options.assignor ?? null,
        instanceId: this.#options.instanceId ?? null,
        topicPartitions: [],
        ...more,
      }),
    );
  }

  /** A sign of life that tells what the member has. */
  async beat(more: Partial<Request> = {}) {
    return this.#learn(await this.send({ topicPartitions: this.reported, ...more }));
  }

  /** Until nothing changes any more; gives how many beats that took. */
  async settle(): Promise<number> {
    for (let beats = 1; ; beats++) {
      const before = JSON.stringify([this.epoch, this.reported]);
      await this.beat();
      if (before === JSON.stringify([this.epoch, this.reported])) {
        return beats;
      }
    }
  }

  leave(memberEpoch = -1) {
    return this.send({ memberEpoch, instanceId: this.#options.instanceId ?? null });
  }

  #learn<T extends { readonly assignment: { readonly topicPartitions: readonly Row[] } | null }>(answer: T): T {
    if (answer.assignment !== null) {
      this.owned = new Map(answer.assignment.topicPartitions.map(({ topicId, partitions }) => [topicId, partitions]));
    }
    return answer;
  }
}

interface Row {
  readonly topicId: string;
  readonly partitions: readonly number[];
}
