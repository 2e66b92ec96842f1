import { apis } from '../../src/protocol/apis.js';
import {
  CONSUMER_PROTOCOL_TYPE,
  consumerAssignment,
  consumerSubscription,
  decodeVersioned,
  encodeVersioned,
} from '../../src/protocol/consumer-protocol.js';
import { errorByCode, errors } from '../../src/protocol/errors.js';
import { joined } from '../../src/protocol/frames.js';
import { check, versions } from './cluster.js';
import type { Committer } from './commits.js';
import { Connection, type Security } from './connection.js';

const SESSION_MS = 30_000;
const HEARTBEAT_MS = 1_000;
const RETRY_MS = 200;

/** Where the group's coordinator is. */
export async function coordinatorOf(connection: Connection, groupId: string): Promise<string> {
  for (;;) {
    const found = await connection.call(apis.findCoordinator, versions.findCoordinator, { key: groupId, keyType: 0 });
    if (found.errorCode === 0) return `${found.host}:${found.port}`;
    if (errorByCode(found.errorCode)?.retriable !== true) check('FindCoordinator', found.errorCode);
    await pause(RETRY_MS);
  }
}

/** A member of a classic group: joins, is given partitions by the group's leader (itself perhaps), stays alive. */
export class GroupMember {
  readonly #connection: Connection;
  readonly #groupId: string;
  readonly #topic: { readonly name: string; readonly partitions: number };
  readonly #onAssigned: (offsets: ReadonlyMap<number, number>) => void;
  #memberId = '';
  #generation = -1;
  #left = false;

  static async open(
    coordinator: string,
    security: Security,
    groupId: string,
    topic: { readonly name: string; readonly partitions: number },
    onAssigned: (offsets: ReadonlyMap<number, number>) => void,
  ): Promise<GroupMember> {
    return new GroupMember(await Connection.open(coordinator, security), groupId, topic, onAssigned);
  }

  private constructor(
    connection: Connection,
    groupId: string,
    topic: { readonly name: string; readonly partitions: number },
    onAssigned: (offsets: ReadonlyMap<number, number>) => void,
  ) {
    this.#connection = connection;
    this.#groupId = groupId;
    this.#topic = topic;
    this.#onAssigned = onAssigned;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Who commits its offsets; undefined while it is in no generation. */
  get committer(): Committer | undefined {
    if (this.#generation < 0) return undefined;
    return { groupId: this.#groupId, generation: this.#generation, memberId: this.#memberId };
  }

  /** Takes part until it leaves. Rejects when the coordinator refuses it for good. */
  async run(): Promise<void> {
    while (!this.#left) {
      if (this.#generation < 0) await this.#join();
      else await this.#beat();
      await pause(this.#generation < 0 ? RETRY_MS : HEARTBEAT_MS);
    }
  }

  async leave(): Promise<void> {
    this.#left = true;
    const members = [{ memberId: this.#memberId }];
    await this.#connection
      .call(apis.leaveGroup, versions.leaveGroup, { groupId: this.#groupId, members })
      .catch(() => undefined);
    this.#connection.close();
  }

  async #beat(): Promise<void> {
    const { errorCode } = await this.#connection.call(apis.heartbeat, versions.heartbeat, {
      groupId: this.#groupId,
      generationId: this.#generation,
      memberId: this.#memberId,
    });
    if (errorCode !== 0) this.#rejoin(errorCode);
  }

  #rejoin(code: number): void {
    if (this.#left) return;
    this.#generation = -1;
    if (code === errors.UNKNOWN_MEMBER_ID.code) this.#memberId = '';
    const again = [errors.REBALANCE_IN_PROGRESS, errors.ILLEGAL_GENERATION, errors.UNKNOWN_MEMBER_ID];
    if (!again.some((error) => error.code === code) && errorByCode(code)?.retriable !== true) check('group', code);
  }

  async #join(): Promise<void> {
    const subscription = joined(
      encodeVersioned(consumerSubscription, 1, { topics: [this.#topic.name], ownedPartitions: [] }),
    );
    const answer = await this.#connection.call(apis.joinGroup, versions.joinGroup, {
      groupId: this.#groupId,
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: SESSION_MS,
      memberId: this.#memberId,
      protocolType: CONSUMER_PROTOCOL_TYPE,
      protocols: [{ name: 'range', metadata: subscription }],
    });
    if (answer.errorCode === errors.MEMBER_ID_REQUIRED.code) {
      this.#memberId = answer.memberId;
      await this.#join();
      return;
    }
    if (answer.errorCode !== 0) {
      this.#rejoin(answer.errorCode);
      return;
    }
    this.#memberId = answer.memberId;
    const leads = answer.leader === answer.memberId;
    const synced = await this.#connection.call(apis.syncGroup, versions.syncGroup, {
      groupId: this.#groupId,
      generationId: answer.generationId,
      memberId: this.#memberId,
      assignments: leads ? this.#assign(answer.members.map(({ memberId }) => memberId)) : [],
    });
    if (synced.errorCode !== 0) {
      this.#rejoin(synced.errorCode);
      return;
    }
    const { value } = decodeVersioned(consumerAssignment, synced.assignment);
    const partitions = value.assignedPartitions.flatMap((topic) => topic.partitions);
    const offsets = await this.#committed(partitions);
    this.#generation = answer.generationId;
    this.#onAssigned(offsets);
  }

  /** The range assignor of Kafka: contiguous partitions, the first members one more where they do not divide evenly. */
  #assign(members: readonly string[]): { memberId: string; assignment: Uint8Array }[] {
    const { name, partitions } = this.#topic;
    return [...members].sort().map((memberId, index) => {
      const from = Math.ceil((index * partitions) / members.length);
      const to = Math.ceil(((index + 1) * partitions) / members.length);
      const own = Array.from({ length: to - from }, (_, i) => from + i);
      const assignment = { assignedPartitions: [{ topic: name, partitions: own }] };
      return { memberId, assignment: joined(encodeVersioned(consumerAssignment, 1, assignment)) };
    });
  }

  /** The group's offsets; -1 where it has none. */
  async #committed(partitionIndexes: readonly number[]): Promise<Map<number, number>> {
    if (partitionIndexes.length === 0) return new Map();
    const answer = await this.#connection.call(apis.offsetFetch, versions.offsetFetch, {
      groupId: this.#groupId,
      topics: [{ name: this.#topic.name, partitionIndexes: [...partitionIndexes] }],
    });
    check('OffsetFetch', answer.errorCode);
    return new Map(
      answer.topics[0]!.partitions.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]),
    );
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
