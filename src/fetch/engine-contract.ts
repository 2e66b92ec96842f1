/**
 * The fetch engine as its handlers see it. Topics and partitions are resolved by the handler; the engine knows ids only.
 */
export interface FetchEngine {
  /**
   * Reads up to `bytesMax` bytes. When fewer than `bytesMin` bytes are there and no partition has an error, waits for more up
   * to `waitMaxMs`. The answer's slices are pinned until `release`, which must be called exactly once.
   * `signal` aborts the wait (the client is gone, or `crowded`: its memory is wanted by others), the one in line for the store
   * as well: the promise then resolves with what there is.
   */
  fetch(request: FetchRequest, signal: AbortSignal, crowded?: AbortSignal): Promise<FetchAnswer>;
  /** First record whose timestamp is >= `timestampMs`, exact to the record; undefined when there is none. */
  offsetForTimestamp(topicId: string, partition: number, timestampMs: number): Promise<TimestampedOffset | undefined>;
  /** The record with the greatest timestamp (the first of equals); undefined for an empty partition. */
  offsetOfMaxTimestamp(topicId: string, partition: number): Promise<TimestampedOffset | undefined>;
}

export interface FetchRequest {
  readonly waitMaxMs: number;
  readonly bytesMin: number;
  readonly bytesMax: number;
  /** In the request's order: the first that has data gets at least one batch. */
  readonly partitions: readonly FetchPartition[];
}

export interface FetchPartition {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
  readonly bytesMax: number;
}

export interface FetchAnswer {
  /** One element a partition of the request, in its order. */
  readonly partitions: readonly FetchedPartition[];
  readonly bytes: number;
  release(): void;
}

export interface FetchedPartition {
  /** Kafka error code: 0, 1 (offset out of range), 3 (deleted meanwhile), 56 (the store cannot give the bytes now). */
  readonly error: number;
  /** Both -1 with an error. */
  readonly highWatermark: number;
  readonly logStartOffset: number;
  /** Whole stamped batches, in order. */
  readonly slices: readonly Uint8Array[];
  readonly bytes: number;
}

export interface TimestampedOffset {
  readonly offset: number;
  readonly timestampMs: number;
}
