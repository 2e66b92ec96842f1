import type { StoredExtent } from '../../src/cache/messages.js';
import type { Store } from '../../src/objects/store.js';
import { firstOffsetAtOrAfter, firstOffsetOfMaxTime } from '../../src/records/by-time.js';
import { BatchCursor } from '../../src/records/cursor.js';
import { splitExtent } from './split-extent.js';

/** An extent that is longer is looked through in parts. */
const EXTENT_BYTES_MAX = 8 * 1024 * 1024;

interface FoundRecord {
  readonly offset: number;
  readonly timestampMs: number;
}

/** As `findByTimestamp`, of an extent in the store. */
export async function findInExtent(
  store: Store,
  extent: StoredExtent,
  timestampMs: number | 'max',
  fromOffset: number,
): Promise<FoundRecord | undefined> {
  const parts = extent.length <= EXTENT_BYTES_MAX ? [extent] : await splitExtent(store, extent, EXTENT_BYTES_MAX);
  let best: FoundRecord | undefined;
  for (const { position, length, baseOffset, records } of parts) {
    if (baseOffset + records <= fromOffset) continue;
    const { bytes } = await store.get(extent.key, { range: { position, length } });
    const found = findByTimestamp(bytes, baseOffset, timestampMs, fromOffset);
    if (found !== undefined && timestampMs !== 'max') return found;
    if (best === undefined || (found !== undefined && found.timestampMs > best.timestampMs)) best = found;
  }
  return best;
}

/**
 * In an extent's bytes, from `fromOffset` on: the first record whose timestamp is >= `timestampMs`, or the first one of the
 * greatest timestamp. Exact to the record. With LogAppendTime all records of a batch share its time. Throws BatchDamaged.
 */
export function findByTimestamp(
  bytes: Uint8Array,
  baseOffset: number,
  timestampMs: number | 'max',
  fromOffset: number,
): FoundRecord | undefined {
  let best: FoundRecord | undefined;
  let offset = baseOffset;
  const cursor = new BatchCursor(bytes);
  while (cursor.next()) {
    const { position, recordCount } = cursor.header;
    const fromDelta = Math.max(0, fromOffset - offset);
    if (fromDelta < recordCount) {
      const record =
        timestampMs === 'max'
          ? firstOffsetOfMaxTime(bytes, position, fromDelta)
          : firstOffsetAtOrAfter(bytes, position, timestampMs, fromDelta);
      if (record !== undefined) {
        const found = { offset: offset + record.offsetDelta, timestampMs: record.timestampMs };
        if (timestampMs !== 'max') return found;
        if (best === undefined || found.timestampMs > best.timestampMs) best = found;
      }
    }
    offset += recordCount;
  }
  return best;
}
