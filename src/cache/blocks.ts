/**
 * Bytes of partitions, ready to be sent: stamped batches in shared memory, found by offset. The tail comes from the
 * ingest workers' sealed segments, the rest from blocks that fetch workers read from the object store.
 */
export interface BlockReader {
  /**
   * Stamped batches of one partition from `offset` on, at most `bytesMax` (at least one batch when `atLeastOne`), never
   * past `limitOffset`. Synchronous when everything lies in memory; otherwise a promise. Undefined when the partition has
   * nothing at `offset`.
   */
  read(request: ReadRequest): Reading | undefined | Promise<Reading | undefined>;
}

export interface ReadRequest {
  readonly topicId: string;
  readonly partition: number;
  /** The batch that contains it comes first. */
  readonly offset: number;
  /** Exclusive end: the high watermark (or last stable offset) at the time of the request. */
  readonly limitOffset: number;
  readonly bytesMax: number;
  readonly atLeastOne: boolean;
}

/** Slices pinned until `release`: their memory is not reused before. */
export interface Reading {
  readonly slices: readonly Uint8Array[];
  readonly bytes: number;
  /** Offset after the last batch. */
  readonly nextOffset: number;
  readonly place: 'memory' | 'block' | 'store';
  /** Call exactly once, when the slices were sent or dropped. */
  release(): void;
}

/** The object behind an extent is missing or damaged, or the store cannot be reached: a retriable error, never an empty fetch. */
export class BlockUnavailable extends Error {
  override readonly name = 'BlockUnavailable';
}
