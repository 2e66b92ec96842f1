/**
 * Bytes of partitions, ready to be sent: stamped batches in shared memory, found by offset. The tail comes from the
 * ingest workers' sealed segments, the rest from blocks that a fetch worker reads from the object store.
 */
export interface BlockReader {
  /**
   * What can be had at once. 'cold': the object store must be asked (`readCold`). A promise: the bytes are being stamped
   * in this agent's memory; ask again when it resolves. Undefined: the partition has nothing at `offset`.
   */
  readMemory(request: ReadRequest): Reading | undefined | 'cold' | Promise<void>;
  /**
   * Reads from the object store, as many of the requests (in their order, the first one always) as one admission to the
   * cold budget allows; the others are undefined. One admission a call, so that calls cannot deadlock one another.
   * Nothing is loaded for a request when those before it give `bytesMax` bytes already; `bytesMax` may be nothing, or less.
   * Element i ends before bytes that the store could not give, and is `BlockUnavailable` when none are before. All are undefined when the reader has left.
   */
  readCold(
    requests: readonly ReadRequest[],
    bytesMax: number,
    reader: Reader,
  ): Promise<readonly (Reading | BlockUnavailable | undefined)[]>;
}

export interface ReadRequest {
  readonly topicId: string;
  readonly partition: number;
  /** The batch that contains it comes first. */
  readonly offset: number;
  readonly bytesMax: number;
  /** The first batch is given even when it is longer than `bytesMax`. */
  readonly atLeastOne: boolean;
}

/** Who waits for the store. */
export interface Reader {
  /** Aborted when nobody will take what is read: nothing is loaded any more. */
  readonly signal: AbortSignal;
  /** Aborted when what the reader holds meanwhile is wanted by others: it waits in no line, but reads if it is its turn. */
  readonly crowded: AbortSignal | undefined;
}

/** Slices pinned until `release`: their memory is not reused before. */
export interface Reading {
  /** Whole batches; a batch may be cut over two slices. */
  readonly slices: readonly Uint8Array[];
  readonly bytes: number;
  /** Offset after the last batch; the request's offset when even the first batch was too long. */
  readonly nextOffset: number;
  readonly place: ReadPlace;
  /** Call exactly once, when the slices were sent or dropped. */
  release(): void;
}

/** Where bytes were found: sealed segments of this agent, blocks read before, the object store. */
export type ReadPlace = 'memory' | 'block' | 'store';

/** An object is missing or damaged, or the store cannot be reached: a retriable error, never an empty fetch. */
export class BlockUnavailable extends Error {
  override readonly name = 'BlockUnavailable';
}

/** What `read` gives of the items before the first that is unavailable. Rejects with its error when none is before it. */
export async function untilUnavailable<T, R>(items: readonly T[], read: (item: T) => R | Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) {
    try {
      results.push(await read(item));
    } catch (error) {
      if (results.length === 0 || !(error instanceof BlockUnavailable)) throw error;
      break;
    }
  }
  return results;
}

/** The batches of one extent that become part of a reading: columns in offset order, positions within some memory. */
export interface BatchColumns {
  readonly baseOffsets: Float64Array;
  readonly positions: Uint32Array;
  readonly lengths: Uint32Array;
  /** Offset after the last batch of the columns. */
  readonly endOffset: number;
}

/** Index of the batch that contains `offset`; -1 when the columns end before it. Batches follow one another without gaps. */
export function batchAt(columns: BatchColumns, offset: number): number {
  if (offset >= columns.endOffset) return -1;
  let low = 0;
  let high = columns.baseOffsets.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (columns.baseOffsets[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How many batches from `first` on fit into `bytesMax`, and their bytes. */
export function batchesWithin(
  columns: BatchColumns,
  first: number,
  bytesMax: number,
  atLeastOne: boolean,
): { readonly end: number; readonly bytes: number } {
  let bytes = 0;
  let end = first;
  while (end < columns.lengths.length) {
    const length = columns.lengths[end]!;
    if (bytes + length > bytesMax && !(atLeastOne && bytes === 0)) break;
    bytes += length;
    end += 1;
  }
  return { end, bytes };
}
