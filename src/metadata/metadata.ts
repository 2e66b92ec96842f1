import type { Agent } from './agents.js';
import { applyEntry } from './apply.js';
import { CONFIG_RESOURCES } from './configs.js';
import { answerHeartbeat } from './consumer-groups/rules.js';
import type { BecomeLeader, ConsumerHeartbeat, Entry } from './journal.wire.js';
import type { Changes, ConsumerHeartbeatAnswered, Outcome, Refused } from './outcomes.js';
import type { Extents } from './extents.js';
import type { Partition } from './partition.js';
import { decodeSnapshot } from './snapshot-decode.js';
import { encodeSnapshot } from './snapshot-encode.js';
import { State } from './state.js';
import type { Topic } from './topics.js';
import type {
  ClientQuotaView,
  CommittedOffset,
  ConfigsView,
  ConsumerGroupView,
  Extent,
  GroupView,
  MetadataView,
  ProducerView,
} from './view.js';

const NO_CONFIGS: ConfigsView = { configs: new Map(), configsRevision: 0 };

/**
 * A replica of a cluster's metadata: a state machine that the journal's entries move. Pure and synchronous: the same
 * entries give the same state, byte for byte.
 */
export class Metadata implements MetadataView {
  readonly #state: State;

  constructor(state: State = new State()) {
    this.#state = state;
  }

  /** The replica that `snapshot` wrote down. Throws `SnapshotRefused` (snapshot-format.ts) for other bytes. */
  static fromSnapshot(bytes: Uint8Array): Metadata {
    return new Metadata(decodeSnapshot(bytes));
  }

  /** The whole state as bytes (proto/snapshot.proto); equal states give equal bytes. Takes seconds when there are millions of extents. */
  snapshot(): Uint8Array {
    return encodeSnapshot(this.#state);
  }

  /**
   * Applies the entry at `revision + 1`: one outcome for each command, in order.
   * Throws `EntryRefused` (entry.ts), having changed nothing, for an entry that this code must not apply.
   */
  apply(entry: Entry): { readonly outcomes: readonly Outcome[]; readonly changes: Changes } {
    return applyEntry(this.#state, entry);
  }

  get revision(): number {
    return this.#state.revision;
  }
  get timeMs(): number {
    return this.#state.timeMs;
  }
  get term(): number {
    return this.#state.term;
  }
  get leader(): BecomeLeader | undefined {
    return this.#state.leader;
  }
  get bytes(): number {
    return this.#state.ledger.bytes;
  }
  get bytesMax(): number {
    return this.#state.ledger.bytesMax;
  }
  get producerRowsMax(): number {
    return this.#state.ledger.producerRowsMax;
  }
  get extentCount(): number {
    return this.#state.topics.extentCount;
  }
  /** The running digest: equal on replicas that applied the same journal. */
  get digest(): string {
    return this.#state.ledger.digest.value;
  }

  topicByName(name: string): Topic | undefined {
    return this.#state.topics.byName.get(name);
  }
  topicLike(name: string): string | undefined {
    return this.#state.topics.like(name);
  }
  topicById(topicId: string): Topic | undefined {
    return this.#state.topics.byId.get(topicId);
  }
  topics(): Iterable<Topic> {
    return this.#state.topics.byId.values();
  }

  brokerConfigs(nodeId: number | ''): ConfigsView {
    return this.configsOf(CONFIG_RESOURCES.broker, `${nodeId}`);
  }
  groupConfigs(groupId: string): ReadonlyMap<string, string> {
    return this.configsOf(CONFIG_RESOURCES.group, groupId).configs;
  }
  configsOf(resourceType: number, resourceName: string): ConfigsView {
    return this.#state.configs.find(resourceType, resourceName) ?? NO_CONFIGS;
  }
  *resourcesWithConfigs(resourceType: number): Generator<string> {
    for (const row of this.#state.configs.byResource.values()) {
      if (row.resourceType === resourceType) {
        yield row.resourceName;
      }
    }
  }

  clientQuotas(): Iterable<ClientQuotaView> {
    return this.#state.clientQuotas.byEntity.values();
  }

  agents(): Iterable<Agent> {
    return this.#state.agents.byName.values();
  }
  registrationOf(incarnation: Uint8Array): Agent | undefined {
    return this.#state.agents.ofIncarnation(incarnation);
  }
  isEpochOpen(agentEpoch: number): boolean {
    return this.#state.agents.open(agentEpoch) !== undefined;
  }

  scanExtents(topicId: string, partition: number, fromOffset: number, visit: (extent: Extent) => boolean): void {
    const found = this.#partition(topicId, partition);
    if (found === undefined) {
      return;
    }
    for (let index = found.extents.indexOfOffset(fromOffset); index < found.extents.count; index++) {
      if (!visit(this.#extent(found, index))) {
        return;
      }
    }
  }
  firstExtentWithTimestamp(
    topicId: string,
    partition: number,
    timestampMs: number,
    fromOffset: number,
  ): Extent | undefined {
    return this.#extentAt(topicId, partition, (extents) =>
      extents.indexOfTimestamp(timestampMs, extents.indexOfOffset(fromOffset)),
    );
  }
  extentWithMaxTimestamp(topicId: string, partition: number, fromOffset: number): Extent | undefined {
    return this.#extentAt(topicId, partition, (extents) =>
      extents.indexOfMaxTimestamp(extents.indexOfOffset(fromOffset)),
    );
  }

  *producers(topicId: string, partition: number): Generator<ProducerView> {
    for (const row of this.#partition(topicId, partition)?.producers.values() ?? []) {
      const { producerId, epoch, lastSequences, lastTimestamp } = this.#state.producers.read(row);
      yield { producerId, epoch, lastSequence: lastSequences.at(-1)!, lastTimestamp };
    }
  }

  group(groupId: string): GroupView | undefined {
    return this.#state.groups.classic(groupId);
  }
  groups(): Iterable<GroupView> {
    return this.#state.groups.classics();
  }
  consumerGroup(groupId: string): ConsumerGroupView | undefined {
    return this.#state.groups.consumer(groupId);
  }
  consumerGroups(): Iterable<ConsumerGroupView> {
    return this.#state.groups.consumers();
  }
  consumerHeartbeat(heartbeat: ConsumerHeartbeat): ConsumerHeartbeatAnswered | Refused | undefined {
    return answerHeartbeat(this.#state, heartbeat);
  }
  committedOffset(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    const topicId = this.#state.topics.byName.get(topic)?.topicId;
    return topicId === undefined
      ? undefined
      : this.#state.groups.byId.get(groupId)?.offsets.get(topicId)?.partitions.get(partition);
  }
  *committedOffsets(
    groupId: string,
  ): Generator<CommittedOffset & { readonly topic: string; readonly partition: number }> {
    for (const [topicId, { partitions }] of this.#state.groups.byId.get(groupId)?.offsets ?? []) {
      const topic = this.#state.topics.byId.get(topicId)?.name;
      if (topic !== undefined) {
        for (const [partition, committed] of partitions) {
          yield { ...committed, topic, partition };
        }
      }
    }
  }

  #partition(topicId: string, partition: number): Partition | undefined {
    return this.#state.topics.byId.get(topicId)?.partitions[partition];
  }

  /** `indexOf` gives -1 for none. */
  #extentAt(topicId: string, partition: number, indexOf: (extents: Extents) => number): Extent | undefined {
    const found = this.#partition(topicId, partition);
    const index = found === undefined ? -1 : indexOf(found.extents);
    return index === -1 ? undefined : this.#extent(found!, index);
  }

  #extent({ extents }: Partition, index: number): Extent {
    const { segments } = this.#state;
    const segment = extents.segment(index);
    return {
      agentEpoch: segments.agentEpoch(segment),
      segment: segments.number(segment),
      segmentBytes: segments.bytes(segment),
      position: extents.position(index),
      length: extents.length(index),
      baseOffset: extents.baseOffset(index),
      records: extents.records(index),
      maxTimestamp: extents.maxTimestamp(index),
    };
  }
}
