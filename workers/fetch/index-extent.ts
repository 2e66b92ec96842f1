import type { ExtentIndex, LoadedExtent } from '../../src/cache/messages.js';
import { BATCH_OVERHEAD_BYTES, BatchHeader } from '../../src/records/header.js';
import { storedBatchFault } from '../../src/records/stored.js';

/** Every batch is served under this leader epoch: agents lead nothing, so it never changes. */
const LEADER_EPOCH = 0;

/**
 * Walks the batches of an extent in the blocks: checks each one, stamps its final offset in place, and tells where it lies.
 * A batch that two blocks share is put together for the check; its header is then written back in pieces.
 */
export function indexExtent(
  blocks: SharedArrayBuffer,
  extent: LoadedExtent,
): ExtentIndex | { readonly damage: string } {
  const bytes = new PiecedBytes(blocks, extent);
  const baseOffsets: number[] = [];
  const positions: number[] = [];
  const lengths: number[] = [];
  let offset = extent.baseOffset;
  let position = 0;
  while (position < bytes.length) {
    const left = bytes.length - position;
    if (left < BATCH_OVERHEAD_BYTES) return { damage: `${left} bytes where a batch is due` };
    const length = new BatchHeader(bytes.read(position, BATCH_OVERHEAD_BYTES)).bytes;
    if (length < BATCH_OVERHEAD_BYTES || length > left) return { damage: `a batch of ${length} bytes does not fit` };
    const batch = bytes.read(position, length);
    const fault = storedBatchFault(batch, 0, length);
    if (fault !== undefined) return { damage: fault };
    const header = new BatchHeader(batch);
    header.stamp(offset, LEADER_EPOCH);
    bytes.write(position, batch, BATCH_OVERHEAD_BYTES);
    baseOffsets.push(offset);
    positions.push(position);
    lengths.push(length);
    offset += header.recordCount;
    position += length;
  }
  if (offset !== extent.baseOffset + extent.records) {
    return { damage: `${offset - extent.baseOffset} records where ${extent.records} are due` };
  }
  return {
    baseOffsets: Float64Array.from(baseOffsets),
    positions: Uint32Array.from(positions),
    lengths: Uint32Array.from(lengths),
  };
}

/** The bytes of an extent that lies in several pieces of the arena. */
class PiecedBytes {
  readonly length: number;
  readonly #pieces: Uint8Array[];

  constructor(blocks: SharedArrayBuffer, extent: LoadedExtent) {
    this.#pieces = extent.pieces.map(({ position, length }) => new Uint8Array(blocks, position, length));
    this.length = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** In place when they lie in one piece, a copy otherwise. */
  read(position: number, length: number): Uint8Array {
    const parts = this.#cut(position, length);
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** Writes back the first `length` bytes of what `read` gave; nothing to do when that was in place. */
  write(position: number, bytes: Uint8Array, length: number): void {
    let done = 0;
    for (const part of this.#cut(position, length)) {
      if (part.buffer !== bytes.buffer) part.set(bytes.subarray(done, done + part.length));
      done += part.length;
    }
  }

  #cut(position: number, length: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let skip = position;
    let left = length;
    for (const piece of this.#pieces) {
      if (left === 0) break;
      const take = Math.min(piece.length - skip, left);
      if (take > 0) {
        parts.push(piece.subarray(skip, skip + take));
        left -= take;
        skip = 0;
      } else skip -= piece.length;
    }
    return parts;
  }
}
