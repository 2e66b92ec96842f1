import { apis } from '../../src/protocol/apis.js';
import type { LocalAgent, LocalClient } from './local-agent.js';

const text = new TextEncoder();

export interface MemberOptions {
  readonly group?: string;
  readonly instanceId?: string;
  readonly metadata?: string;
  readonly joinVersion?: number;
  readonly sessionTimeoutMs?: number;
  readonly protocolType?: string;
  readonly protocols?: readonly string[];
}

/** A consumer of a test, with a connection of its own. */
export class LocalMember {
  readonly client: LocalClient;
  memberId = '';
  generation = -1;
  leader = '';
  readonly #options: MemberOptions;

  constructor(agent: LocalAgent, options: MemberOptions = {}) {
    this.client = agent.connect();
    this.#options = options;
  }

  get group(): string {
    return this.#options.group ?? 'g';
  }

  get joinVersion(): number {
    return this.#options.joinVersion ?? 9;
  }

  #joinRequest() {
    const { instanceId = null, metadata = 'subscription', protocols = ['range'] } = this.#options;
    return {
      groupId: this.group,
      sessionTimeoutMs: this.#options.sessionTimeoutMs ?? 10_000,
      rebalanceTimeoutMs: 60_000,
      memberId: this.memberId,
      groupInstanceId: instanceId,
      protocolType: this.#options.protocolType ?? 'consumer',
      protocols: protocols.map((name) => ({ name, metadata: text.encode(metadata) })),
    };
  }

  /** One JoinGroup without waiting; returns its correlation id. */
  sendJoin(): number {
    return this.client.send(apis.joinGroup, this.joinVersion, this.#joinRequest());
  }

  takeJoin(correlationId: number) {
    const answer = this.client.take(apis.joinGroup, this.joinVersion, correlationId);
    return answer === undefined ? undefined : this.#learn(answer);
  }

  /** Joins as clients do: comes again when it is only given a member id. */
  async join() {
    const answer = this.#learn(await this.client.call(apis.joinGroup, this.joinVersion, this.#joinRequest()));
    return answer.errorCode === 79
      ? this.#learn(await this.client.call(apis.joinGroup, this.joinVersion, this.#joinRequest()))
      : answer;
  }

  #learn<T extends { readonly memberId: string; readonly generationId: number; readonly leader: string }>(
    answer: T,
  ): T {
    this.memberId = answer.memberId;
    this.generation = answer.generationId;
    this.leader = answer.leader;
    return answer;
  }

  #syncRequest(plan: Readonly<Record<string, string>>, more: object) {
    return {
      groupId: this.group,
      generationId: this.generation,
      memberId: this.memberId,
      groupInstanceId: this.#options.instanceId ?? null,
      protocolType: this.#options.protocolType ?? 'consumer',
      protocolName: this.#options.protocols?.[0] ?? 'range',
      assignments: Object.entries(plan).map(([memberId, assignment]) => ({
        memberId,
        assignment: text.encode(assignment),
      })),
      ...more,
    };
  }

  sendSync(plan: Readonly<Record<string, string>> = {}): number {
    return this.client.send(apis.syncGroup, 5, this.#syncRequest(plan, {}));
  }

  takeSync(correlationId: number) {
    return this.client.take(apis.syncGroup, 5, correlationId);
  }

  sync(plan: Readonly<Record<string, string>> = {}, version = 5, more: object = {}) {
    return this.client.call(apis.syncGroup, version, this.#syncRequest(plan, more));
  }

  async heartbeat(version = 4): Promise<number> {
    const { errorCode } = await this.client.call(apis.heartbeat, version, {
      groupId: this.group,
      generationId: this.generation,
      memberId: this.memberId,
      groupInstanceId: this.#options.instanceId ?? null,
    });
    return errorCode;
  }

  async commit(topic: string, offset: number, more: object = {}): Promise<number> {
    const { topics } = await this.client.call(apis.offsetCommit, 9, {
      groupId: this.group,
      generationIdOrMemberEpoch: this.generation,
      memberId: this.memberId,
      groupInstanceId: this.#options.instanceId ?? null,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: 'm' }] }],
      ...more,
    });
    return topics[0]!.partitions[0]!.errorCode;
  }
}

/** A stable group: the first member leads and shares out its own name to each. */
export async function stableGroup(
  agent: LocalAgent,
  count: number,
  options: MemberOptions = {},
): Promise<LocalMember[]> {
  const members = Array.from({ length: count }, () => new LocalMember(agent, options));
  for (const member of members) {
    if (member.joinVersion >= 4 && options.instanceId === undefined) {
      const reserved = await member.client.call(apis.joinGroup, member.joinVersion, {
        groupId: member.group,
        sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
        rebalanceTimeoutMs: 60_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: text.encode(options.metadata ?? 'subscription') }],
      });
      member.memberId = reserved.memberId;
    }
  }
  const joins = members.map((member) => member.sendJoin());
  await agent.pass(10);
  // The first one's join phase was over before the others came: they all join once more.
  let answers = members.map((member, index) => member.takeJoin(joins[index]!));
  if (count > 1) {
    const again = members.map((member, index) => (answers[index] === undefined ? undefined : member.sendJoin()));
    await agent.pass(10);
    answers = members.map((member, index) => member.takeJoin(again[index] ?? joins[index]!));
  }
  if (answers.some((answer) => answer?.errorCode !== 0)) {
    throw new Error(`not all joined: ${JSON.stringify(answers.map((answer) => answer?.errorCode))}`);
  }
  const leader = members.find(({ memberId, leader }) => memberId === leader)!;
  const followers = members.filter((member) => member !== leader);
  const waiting = followers.map((member) => member.sendSync());
  await leader.sync(Object.fromEntries(members.map(({ memberId }) => [memberId, `for ${memberId}`])));
  await agent.pass(10);
  for (const [index, member] of followers.entries()) {
    if (member.takeSync(waiting[index]!)?.errorCode !== 0) {
      throw new Error('a follower got no assignment');
    }
  }
  return [leader, ...followers];
}
