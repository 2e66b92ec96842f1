import { firstOffsetAtOrAfter, firstOffsetOfMaxTime } from '../../src/records/by-time.js';
import { BatchCursor } from '../../src/records/cursor.js';

/**
 * In an extent's bytes: the first record whose timestamp is >= `timestampMs`, or the first one of the greatest timestamp.
 * Exact to the record. With LogAppendTime all records of a batch share its time. Throws BatchDamaged.
 */
export function findByTimestamp(
  bytes: Uint8Array,
  baseOffset: number,
  timestampMs: number | 'max',
): { readonly offset: number; readonly timestampMs: number } | undefined {
  let best: { readonly offset: number; readonly timestampMs: number } | undefined;
  let offset = baseOffset;
  const cursor = new BatchCursor(bytes);
  while (cursor.next()) {
    const { position, recordCount } = cursor.header;
    const record =
      timestampMs === 'max'
        ? firstOffsetOfMaxTime(bytes, position)
        : firstOffsetAtOrAfter(bytes, position, timestampMs);
    if (record !== undefined) {
      const found = { offset: offset + record.offsetDelta, timestampMs: record.timestampMs };
      if (timestampMs !== 'max') return found;
      if (best === undefined || found.timestampMs > best.timestampMs) best = found;
    }
    offset += recordCount;
  }
  return best;
}
