import type { ConsumerMember } from './consumer-groups/member.js';
import type { Target } from './consumer-groups/partitions.js';
import type { ConsumerHeartbeat } from './journal.wire.js';
import type { ConsumerHeartbeatAnswered, Refused } from './outcomes.js';
import type { Subscription } from './subscription.js';

/**
 * The metadata as its readers see it: synchronous, never changing within a turn. Implemented by `Metadata` (metadata.ts),
 * which alone has `apply`. Topic ids are 22-character base64url strings (src/bytes/uuid.ts).
 */
export interface MetadataView {
  readonly revision: number;
  /** Deterministic count of the state's bytes (the budget `metadataBytesMax` is held against it). */
  readonly bytes: number;
  /** The size beyond which growth is refused. */
  readonly bytesMax: number;
  readonly extentCount: number;

  topicByName(name: string): TopicView | undefined;
  /** The name of the topic that one of this name would collide with: "." and "_" count as one. */
  topicLike(name: string): string | undefined;
  topicById(topicId: string): TopicView | undefined;
  topics(): Iterable<TopicView>;

  /** The configs set for an agent; '' for those set for all of them. */
  brokerConfigs(nodeId: number | ''): ConfigsView;
  /** The configs set for a group, whether or not there is one of that name. */
  groupConfigs(groupId: string): ReadonlyMap<string, string>;
  /** Everything but topics that has configs, by Kafka's resource type (metadata/configs.ts). */
  configsOf(resourceType: number, resourceName: string): ConfigsView;
  resourcesWithConfigs(resourceType: number): Iterable<string>;

  /** In the order in which they were first set. */
  clientQuotas(): Iterable<ClientQuotaView>;

  agents(): Iterable<AgentView>;
  /** The process that appends to the journal; undefined after a resignation. */
  readonly leader: { readonly candidate: Uint8Array } | undefined;
  /** The registration of a process, or undefined when this replica has not applied it. */
  registrationOf(incarnation: Uint8Array): { readonly agentEpoch: number; readonly nodeId: number } | undefined;
  isEpochOpen(agentEpoch: number): boolean;

  /** Extents of a partition that hold offsets >= `fromOffset`, in order, until `visit` returns false. */
  scanExtents(topicId: string, partition: number, fromOffset: number, visit: (extent: Extent) => boolean): void;
  /** Of the extents that hold offsets >= `fromOffset`, the first one whose greatest timestamp is >= `timestampMs`. */
  firstExtentWithTimestamp(
    topicId: string,
    partition: number,
    timestampMs: number,
    fromOffset: number,
  ): Extent | undefined;
  /** Of the same extents, the one that holds the greatest timestamp (the earliest one of equals). */
  extentWithMaxTimestamp(topicId: string, partition: number, fromOffset: number): Extent | undefined;

  /** What the idempotent producers of a partition did last; nothing for an unknown partition. */
  producers(topicId: string, partition: number): Iterable<ProducerView>;

  /** Classic groups; a group of another kind with this id is not one. Committed offsets are of groups of any kind. */
  group(groupId: string): GroupView | undefined;
  groups(): Iterable<GroupView>;
  /** Groups of the consumer protocol (KIP-848). */
  consumerGroup(groupId: string): ConsumerGroupView | undefined;
  consumerGroups(): Iterable<ConsumerGroupView>;
  /**
   * What a heartbeat of such a group gets: its outcome when it leaves everything as it is, `Refused` when it would be
   * refused; undefined when it changes something and so must become a command.
   */
  consumerHeartbeat(heartbeat: ConsumerHeartbeat): ConsumerHeartbeatAnswered | Refused | undefined;
  committedOffset(groupId: string, topic: string, partition: number): CommittedOffset | undefined;
  committedOffsets(groupId: string): Iterable<CommittedOffset & { readonly topic: string; readonly partition: number }>;
}

/** Configs that were set, and the revision that changed them last. */
export interface ConfigsView {
  /** Only what was set; defaults are src/config's. Another map after every change. */
  readonly configs: ReadonlyMap<string, string>;
  /** 0 while nothing was ever changed; of a topic, since it was created. */
  readonly configsRevision: number;
}

export interface TopicView extends ConfigsView {
  readonly topicId: string;
  readonly name: string;
  readonly partitions: readonly PartitionView[];
}

export interface PartitionView {
  readonly logStartOffset: number;
  readonly highWatermark: number;
  /** Stored bytes of its extents; one that the log start cuts counts whole. */
  readonly bytes: number;
}

/** One partition's contiguous bytes and offset range inside one segment. */
export interface Extent {
  readonly agentEpoch: number;
  readonly segment: number;
  /** Size of the whole segment object in bytes. */
  readonly segmentBytes: number;
  readonly position: number;
  readonly length: number;
  readonly baseOffset: number;
  /** Offsets; the extent holds [baseOffset, baseOffset + records). */
  readonly records: number;
  readonly maxTimestamp: number;
}

export interface ProducerView {
  readonly producerId: number;
  readonly epoch: number;
  readonly lastSequence: number;
  /** The greatest timestamp of the last batch, ms. */
  readonly lastTimestamp: number;
}

/** Whom a quota binds: null is the default, for whoever has none by name; undefined is no part of it. */
export interface QuotaEntity {
  readonly user: string | null | undefined;
  readonly clientId: string | null | undefined;
  readonly ip: string | null | undefined;
}

export interface ClientQuotaView {
  readonly entity: QuotaEntity;
  /** By Kafka's name: bytes, connections or mutations a second, or percent of one thread. */
  readonly values: ReadonlyMap<string, number>;
}

export interface AgentView {
  readonly name: string;
  readonly nodeId: number;
  readonly agentEpoch: number;
  readonly open: boolean;
  readonly zone: string;
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[];
}

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

export interface GroupView {
  readonly groupId: string;
  readonly state: GroupState;
  readonly generation: number;
  /** Counts join phases; rises whenever the group enters PreparingRebalance. */
  readonly joinPhase: number;
  readonly protocolType: string;
  readonly protocolName: string | undefined;
  readonly leaderId: string | undefined;
  readonly members: ReadonlyMap<string, MemberView>;
  /** When the current join phase began, by entry time (ms), and how long it may last at most. */
  readonly joinStartedMs: number;
  readonly rebalanceTimeoutMs: number;
  /** True while a group that was empty collects its first members (group.initial.rebalance.delay.ms). */
  readonly inInitialDelay: boolean;
  readonly initialDelayMs: number;
  /** When the last member went, by entry time (ms); of an Empty group that had members. */
  readonly emptySinceMs: number;
  readonly subscription: Subscription;
  /** Counts members and reserved ids that are gone, since this replica knows the group. No part of the state. */
  readonly departures: number;
}

export interface MemberView {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[];
  readonly assignment: Uint8Array;
  /** Rejoined in the present join phase. */
  readonly joined: boolean;
  /** Sent its SyncGroup in the present generation. */
  readonly synced: boolean;
  /** A reserved member id (KIP-394) that has not joined yet. */
  readonly pending: boolean;
  /** Has not been through a join phase to its end: it may only wait so long for its first answer. */
  readonly isNew: boolean;
}

export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable';

export interface ConsumerGroupView {
  readonly groupId: string;
  readonly state: ConsumerGroupState;
  /** Rises whenever a new assignment is asked for; above `assignmentEpoch` while it is not there. */
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  /** Name of the assignor that most members ask for. */
  readonly assignor: string;
  readonly members: ReadonlyMap<string, ConsumerMember>;
  /** What the newest assignment gives a member. */
  target(memberId: string): Target;
  readonly targets: ReadonlyMap<string, Target>;
  /** The member id of the owner of a partition, which may have yet to give it up. */
  ownerOf(topicId: string, partition: number): string | undefined;
  memberOfInstance(instanceId: string): ConsumerMember | undefined;
  isSubscribed(topic: string): boolean;
  /** Names of the topics that a member subscribes to, existing or not; what an unresolved expression matches is not among them. */
  subscribedTopics(member: ConsumerMember): ReadonlySet<string>;
  readonly subscribedRegexes: Iterable<string>;
  /** Names of matching topics, of the expressions that are resolved. */
  readonly regexes: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface CommittedOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly committedMs: number;
  /** When it expires, whatever becomes of the group; undefined: by the group's retention. */
  readonly expireMs?: number;
}
