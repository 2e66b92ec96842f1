import type { ExtentPart, StoredExtent } from '../../src/cache/messages.js';
import type { Store } from '../../src/objects/store.js';
import { BatchDamaged } from '../../src/records/cursor.js';
import { BATCH_OVERHEAD_BYTES, BatchHeader } from '../../src/records/header.js';

/** Read at a time: many small batches in one request, and of long ones little beside their headers. */
const WINDOW_BYTES = 1024 * 1024;

/**
 * Cuts an extent into parts of whole batches, each of at most `bytesMax` bytes or one batch, in order. Looks at the
 * batches' headers only: whoever reads a part checks it. Throws BatchDamaged where the headers do not add up to the extent.
 */
export async function splitExtent(store: Store, extent: StoredExtent, bytesMax: number): Promise<ExtentPart[]> {
  const parts: { position: number; length: number; baseOffset: number; records: number }[] = [];
  const end = extent.position + extent.length;
  let window = new Uint8Array(0);
  let windowStart = extent.position;
  let position = extent.position;
  let offset = extent.baseOffset;
  while (position < end) {
    if (end - position < BATCH_OVERHEAD_BYTES) throw new BatchDamaged(`${end - position} bytes where a batch is due`);
    if (position + BATCH_OVERHEAD_BYTES > windowStart + window.length) {
      const range = { position, length: Math.min(WINDOW_BYTES, end - position) };
      window = Uint8Array.from((await store.get(extent.key, { range })).bytes);
      windowStart = position;
    }
    const header = new BatchHeader(window, position - windowStart);
    const { bytes, recordCount } = header;
    if (bytes < BATCH_OVERHEAD_BYTES || bytes > end - position || recordCount < 1) {
      throw new BatchDamaged(`a batch of ${bytes} bytes and ${recordCount} records at ${position}`);
    }
    const last = parts.at(-1);
    if (last !== undefined && last.length + bytes <= bytesMax) {
      last.length += bytes;
      last.records += recordCount;
    } else {
      parts.push({ position, length: bytes, baseOffset: offset, records: recordCount });
    }
    position += bytes;
    offset += recordCount;
  }
  if (offset !== extent.baseOffset + extent.records) {
    throw new BatchDamaged(`${offset - extent.baseOffset} records where ${extent.records} are due`);
  }
  return parts;
}
