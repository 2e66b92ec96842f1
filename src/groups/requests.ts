/** What clients ask of the group engine and what it answers, apart from the wire's versions. Errors are Kafka codes. */

export interface JoinRequest {
  readonly group: string;
  /** Empty: the member has no id yet. */
  readonly memberId: string;
  readonly instanceId: string | undefined;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[];
  /** JoinGroup v4+: a member without an id is given one and must come again with it (KIP-394). */
  readonly requireKnownMember: boolean;
  /** JoinGroup v9+: a static leader that returns is told to leave the assignment as it is (KIP-814). */
  readonly canSkipAssignment: boolean;
}

export interface JoinAnswer {
  readonly error: number;
  readonly memberId: string;
  readonly generation: number;
  readonly protocolType: string | undefined;
  readonly protocolName: string | undefined;
  readonly leaderId: string;
  readonly skipAssignment: boolean;
  /** For the leader; empty for everyone else. */
  readonly members: readonly {
    readonly memberId: string;
    readonly instanceId: string | undefined;
    readonly metadata: Uint8Array;
  }[];
}

export interface SyncRequest {
  readonly group: string;
  readonly generation: number;
  readonly memberId: string;
  readonly instanceId: string | undefined;
  /** Undefined: not checked (before SyncGroup v5). */
  readonly protocolType: string | undefined;
  readonly protocolName: string | undefined;
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[];
}

export interface SyncAnswer {
  readonly error: number;
  readonly protocolType: string | undefined;
  readonly protocolName: string | undefined;
  readonly assignment: Uint8Array;
}

export interface MemberRequest {
  readonly group: string;
  readonly generation: number;
  readonly memberId: string;
  readonly instanceId: string | undefined;
}

export interface LeaveRequest {
  readonly group: string;
  readonly members: readonly { readonly memberId: string; readonly instanceId: string | undefined }[];
}

export interface LeaveAnswer {
  readonly error: number;
  /** One a member of the request when `error` is 0. */
  readonly memberErrors: readonly number[];
}

export interface DeleteOffsetsAnswer {
  readonly error: number;
  /** One a partition of the request when `error` is 0. */
  readonly partitionErrors: readonly number[];
}

export interface CommitRequest extends MemberRequest {
  /** How long these offsets are kept; undefined: as long as others. */
  readonly retentionMs: number | undefined;
  /** OffsetCommit v9+: the generation may be the epoch of a member of the consumer protocol. */
  readonly memberEpochs: boolean;
  readonly offsets: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly leaderEpoch: number;
    readonly metadata: string;
  }[];
}

/** What is undefined did not change. */
export interface ConsumerHeartbeatRequest {
  readonly group: string;
  readonly memberId: string;
  /** v1+: a member makes its own id. */
  readonly needsMemberId: boolean;
  /** 0 joins, -1 leaves, -2 a static member leaves for a while. */
  readonly memberEpoch: number;
  readonly instanceId: string | undefined;
  readonly rackId: string | undefined;
  readonly rebalanceTimeoutMs: number | undefined;
  readonly topics: readonly string[] | undefined;
  readonly regex: string | undefined;
  readonly assignor: string | undefined;
  readonly owned: readonly { readonly topicId: string; readonly partitions: readonly number[] }[] | undefined;
  readonly clientId: string;
  readonly clientHost: string;
}

export interface ConsumerHeartbeatAnswer {
  readonly error: number;
  readonly message: string | undefined;
  readonly memberId: string | undefined;
  readonly memberEpoch: number;
  readonly heartbeatIntervalMs: number;
  /** By topic id, everything that the member has now; undefined when it need not be told. */
  readonly assignment: ReadonlyMap<string, readonly number[]> | undefined;
}
