/**
 * What a command did, as every replica finds when it applies it. An agent learns the outcome of its own command by
 * applying the entry that holds it: outcomes are never sent over the wire.
 */
export type Outcome =
  | Refused
  | Done
  | Registered
  | TopicCreated
  | ProducerIdsAllocated
  | Published
  | Joined
  | Synced
  | MembersLeft
  | OffsetsCommitted;

/** Not applied; the state is unchanged. `error` is a Kafka error code (PROTOCOL §5.10 says which are retriable). */
export interface Refused {
  readonly kind: 'refused';
  readonly error: number;
  readonly message: string;
}

export interface Done {
  readonly kind: 'done';
}

export interface Registered {
  readonly kind: 'registered';
  readonly agentEpoch: number;
  readonly nodeId: number;
}

export interface TopicCreated {
  readonly kind: 'topic-created';
  readonly topicId: string;
}

export interface ProducerIdsAllocated {
  readonly kind: 'producer-ids-allocated';
  readonly first: number;
  readonly count: number;
}

/** One element a partition of the command, in its order. */
export interface Published {
  readonly kind: 'published';
  readonly partitions: readonly PublishedPartition[];
}

/** Columns: element i speaks of batch i of the partition in the command. */
export interface PublishedPartition {
  /** First offset of the batch; of the original batch for a duplicate; -1 for a refused one. */
  readonly baseOffsets: Float64Array;
  /** Kafka error code; 0 for an appended batch and for a duplicate. */
  readonly errors: Int16Array;
  /** 1 where the batch became part of the log here, 0 for duplicates and refused ones. */
  readonly appended: Uint8Array;
  readonly logStartOffset: number;
}

export interface Joined {
  readonly kind: 'joined';
  /** 0; MEMBER_ID_REQUIRED (79) when the id was only reserved. Other errors are `Refused`. */
  readonly error: number;
  readonly memberId: string;
  /** The join phase that the member now takes part in; undefined when it may be answered at once from the group's state. */
  readonly joinPhase: number | undefined;
}

export interface Synced {
  readonly kind: 'synced';
  /** Present when the assignment is already known; otherwise the caller waits for the group to become Stable. */
  readonly assignment: Uint8Array | undefined;
}

export interface MembersLeft {
  readonly kind: 'members-left';
  /** One Kafka error code a member of the command. */
  readonly errors: readonly number[];
}

export interface OffsetsCommitted {
  readonly kind: 'offsets-committed';
  /** One Kafka error code an offset of the command. */
  readonly errors: readonly number[];
}

/** What an entry touched: hints for whoever waits on the state. */
export interface Changes {
  readonly topicsChanged: boolean;
  /** Partitions whose high watermark rose: pairs of topic id and partition. */
  readonly advanced: readonly { readonly topicId: string; readonly partition: number }[];
  readonly groups: ReadonlySet<string>;
  readonly agentsChanged: boolean;
}
