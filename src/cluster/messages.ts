import type { BucketUrl } from '../config/bucket-url.js';
import type { TelemetryShare } from '../telemetry/counters.js';

/**
 * What crosses between the main thread and the leader worker, and between the main thread and a maintenance worker.
 * Everything is coarse or small: the main thread never looks into an encoded command, and an entry crosses once.
 */

/** How the leader worker starts. It follows the journal, and leads when nobody else does. */
export interface LeaderInit {
  /** The worker opens its own store from it. */
  readonly bucket: BucketUrl;
  readonly cluster: string;
  /** 16 random bytes of this process. */
  readonly incarnation: Uint8Array;
  readonly settings: LeaderSettings;
  /** Undefined: nothing is counted (tests). */
  readonly telemetry: TelemetryShare | undefined;
}

export interface LeaderSettings {
  /** Takeover is tried when the journal has shown no new entry for this long; an idle leader appends every third of it. */
  readonly leaseMs: number;
  /** Between two looks at a journal that another agent leads. */
  readonly followPollMs: number;
  /** Bounds of one entry; a single command may exceed the bytes. */
  readonly entryBytesMax: number;
  readonly entryCommandsMax: number;
  /** Requests for appends cost money on S3; 0: no limit. */
  readonly journalPutsPerSecondMax: number;
  /** A snapshot is due when the journal since the last one exceeds this and the last one's size; each entry counts 4 KiB more than its bytes. */
  readonly snapshotTailBytes: number;
  /** Slots removed at a time behind the boundary. */
  readonly trimSliceEntries: number;
  /** The least important messages that the leader worker logs. */
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** The limits that this agent, when it leads, sets for the cluster. */
  readonly metadataBytesMax: number;
  /** How long committed offsets are kept (offsets.retention.minutes). */
  readonly offsetsRetentionMs: number;
  /** Between two looks for those kept long enough (offsets.retention.check.interval.ms). */
  readonly offsetsCheckMs: number;
  /** Of members of consumer groups, where the group has no consumer.session.timeout.ms. */
  readonly consumerSessionMs: number;
  /** Between two assignments of a consumer group at least, where the group has no consumer.assignment.interval.ms. */
  readonly consumerAssignmentIntervalMs: number;
}

export const leaderDefaults: Omit<LeaderSettings, 'metadataBytesMax'> = {
  leaseMs: 10_000,
  followPollMs: 250,
  entryBytesMax: 1 << 18,
  entryCommandsMax: 1024,
  journalPutsPerSecondMax: 0,
  snapshotTailBytes: 16 << 20,
  trimSliceEntries: 64,
  logLevel: 'info',
  offsetsRetentionMs: 7 * 86_400_000,
  offsetsCheckMs: 600_000,
  consumerSessionMs: 45_000,
  consumerAssignmentIntervalMs: 1_000,
};

/** A command on its way to the leader, with the stream position that makes its application exactly-once. */
export interface ForwardedCommand {
  readonly agentEpoch: number;
  readonly stream: number;
  readonly number: number;
  /** Every outcome of this stream up to here has reached the agent. */
  readonly confirmed: number;
  /** An encoded `Command`. */
  readonly command: Uint8Array;
}

export interface AliveReport {
  readonly group: string;
  readonly memberIds: readonly string[];
}

export type ToLeader =
  /** Meant for the leader of this term: any other drops them, and they are sent again once a leader is known. */
  | { readonly type: 'commands'; readonly term: number; readonly commands: readonly ForwardedCommand[] }
  /** Asks for the revision that a journal read begun from now on finds to be the last. */
  | { readonly type: 'barrier'; readonly id: number }
  | { readonly type: 'members-alive'; readonly reports: readonly AliveReport[] }
  | { readonly type: 'snapshot-made'; readonly snapshot: MadeSnapshot }
  | { readonly type: 'snapshot-failed'; readonly revision: number; readonly reason: string }
  /** Append what is queued, resign when leading, then say 'stopped'. */
  | { readonly type: 'stop' };

export type FromLeader =
  /** In order, each known to fill its slot. */
  | { readonly type: 'entries'; readonly entries: readonly { readonly revision: number; readonly bytes: Uint8Array }[] }
  /** This worker leads: the entry at revision `term` was sent before this, and the boundary lay below it. */
  | { readonly type: 'leading'; readonly term: number }
  /** Another agent's entry took a slot: nothing sent for `term` and not yet in the journal will be. */
  | { readonly type: 'deposed'; readonly term: number }
  | { readonly type: 'barrier'; readonly id: number; readonly revision: number }
  | { readonly type: 'barrier-failed'; readonly id: number; readonly reason: string }
  /** A maintenance worker should make this snapshot; `digest` is the leader's own at that revision. */
  | { readonly type: 'snapshot-wanted'; readonly revision: number; readonly digest: string }
  | { readonly type: 'stopped' }
  /** The journal cannot be followed further (a broken chain, an unknown format): the agent must stop. */
  | { readonly type: 'fatal'; readonly reason: string };

/** How a maintenance worker starts: one worker makes one snapshot. */
export interface MaintenanceInit {
  readonly bucket: BucketUrl;
  readonly cluster: string;
  readonly revision: number;
  /** Digest of the state at that revision as the leader has it. */
  readonly digest: string;
}

export type FromMaintenance =
  | { readonly type: 'snapshot-made'; readonly snapshot: MadeSnapshot }
  | { readonly type: 'snapshot-failed'; readonly revision: number; readonly reason: string }
  /** The journal gives another state than the leader has, or cannot be followed: the agent must stop. */
  | { readonly type: 'fatal'; readonly reason: string };

/** What `boundary` says of a snapshot (proto/boundary.proto). */
export interface MadeSnapshot {
  readonly revision: number;
  readonly objectDigest: Uint8Array;
  readonly bytes: number;
  readonly entryDigest: Uint8Array;
}
