import { errors } from '../protocol/errors.js';
import { targetBytes } from './consumer-groups/member.js';
import type { Target } from './consumer-groups/partitions.js';
import { SIZE, textBytes } from './limits.js';
import type { ClientQuotaView } from './view.js';

/**
 * What a command did, as every replica finds when it applies it. An agent learns the outcome of its own command by
 * applying the entry that holds it: outcomes are never sent over the wire.
 */
export type Outcome =
  | Refused
  | Done
  | Superseded
  | Registered
  | TopicCreated
  | ProducerIdsAllocated
  | Published
  | Joined
  | Synced
  | MembersLeft
  | OffsetsCommitted
  | RecordsDeleted
  | OffsetsDeleted
  | ConsumerHeartbeatAnswered;

/** Not applied; the state is unchanged. `error` is a Kafka error code. */
export interface Refused {
  readonly kind: 'refused';
  readonly error: number;
  readonly message: string;
  /** Set when the stream did not even take the command's number: the state of the stream is unchanged, too. */
  readonly notTaken?: NotTaken;
}

/**
 * Why a stream position was refused: the epoch is closed or never was; an earlier number has not come; the outcome of a
 * repeat was confirmed and forgotten; the stream has too many unconfirmed outcomes; the epoch has all the streams that it
 * may have, so this one will never be taken.
 */
export type NotTaken = 'closed' | 'gap' | 'forgotten' | 'unconfirmed' | 'no-stream-left';

export interface Done {
  readonly kind: 'done';
}

/** Not applied: what the command was made from has changed since. Whoever sent it looks again and sends another. */
export interface Superseded {
  readonly kind: 'superseded';
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
  /**
   * 0; MEMBER_ID_REQUIRED (79) when the id was only reserved; GROUP_MAX_SIZE_REACHED (81) when the member was there and had
   * to go. Other errors are `Refused`.
   */
  readonly error: number;
  readonly memberId: string;
  /** The join phase that the member now takes part in; undefined when it may be answered at once from the group's state. */
  readonly joinPhase: number | undefined;
  /**
   * Set when a static member that leads came back to a Stable group without a rebalance: the member id it had before.
   * It must not share out anew: JoinGroup v9 answers skipAssignment, earlier versions name this id as the leader.
   */
  readonly replacedLeaderId?: string;
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

/** Columns: one element a partition of the command, in its order. */
export interface RecordsDeleted {
  readonly kind: 'records-deleted';
  /** Kafka error code. */
  readonly errors: readonly number[];
  /** The log start as it is now; -1 with an error. */
  readonly lowWatermarks: readonly number[];
}

export interface OffsetsDeleted {
  readonly kind: 'offsets-deleted';
  /** One Kafka error code a partition of the command. */
  readonly errors: readonly number[];
}

/** A heartbeat of a consumer group, as its member is answered. */
export interface ConsumerHeartbeatAnswered {
  readonly kind: 'consumer-heartbeat';
  readonly memberId: string;
  readonly epoch: number;
  /** Everything that the member has now; undefined when it need not be told. */
  readonly assignment: Target | undefined;
}

/** What an entry touched: hints for whoever waits on the state. */
export interface Changes {
  readonly topicsChanged: boolean;
  /** Ids of topics that were deleted. */
  readonly deletedTopics: readonly string[];
  /** Configs of brokers, groups or client metrics. */
  readonly resourceConfigsChanged: boolean;
  /** Rows that were set, in this order; one without values is gone. */
  readonly clientQuotas: readonly ClientQuotaView[];
  /** Partitions whose high watermark rose: pairs of topic id and partition. */
  readonly advanced: readonly { readonly topicId: string; readonly partition: number }[];
  readonly groups: ReadonlySet<string>;
  readonly agentsChanged: boolean;
  /** A leader took over or resigned. */
  readonly leaderChanged: boolean;
}

export const DONE: Done = { kind: 'done' };
export const SUPERSEDED: Superseded = { kind: 'superseded' };

export function refused(error: number, message: string): Refused {
  return { kind: 'refused', error, message };
}

/** Growth that the budget has no room for. Every client tries again. */
export const FULL = refused(errors.COORDINATOR_LOAD_IN_PROGRESS.code, 'the metadata is full');

/** Bytes counted for a recorded outcome. */
export function outcomeBytes(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'refused':
      return SIZE.outcome + textBytes(outcome.message);
    case 'published': {
      let bytes = SIZE.outcome;
      for (const { errors } of outcome.partitions) {
        bytes += 320 + 11 * errors.length;
      }
      return bytes;
    }
    case 'joined':
      return SIZE.outcome + textBytes(outcome.memberId);
    case 'synced':
      return SIZE.outcome + (outcome.assignment?.length ?? 0);
    case 'members-left':
    case 'offsets-committed':
    case 'offsets-deleted':
      return SIZE.outcome + 8 * outcome.errors.length;
    case 'records-deleted':
      return SIZE.outcome + 16 * outcome.errors.length;
    case 'consumer-heartbeat':
      return (
        SIZE.outcome +
        textBytes(outcome.memberId) +
        (outcome.assignment === undefined ? 0 : targetBytes(outcome.assignment))
      );
    default:
      return SIZE.outcome;
  }
}
