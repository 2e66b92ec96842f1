import { BATCH_OVERHEAD_BYTES, BatchHeader, CODEC_MASK } from '../../src/records/header.js';
import { VarintReader } from '../../src/records/varint.js';
import type { BatchStamp } from './templates.js';

/**
 * The first 16 bytes of a batch's first value: when its first record was due (float64, wall milliseconds), how long after
 * one another its records were (float32, milliseconds), and the run (uint32).
 */
export const STAMP_BYTES = 16;

export function writeStamp(bytes: Buffer, position: number, stamp: BatchStamp, count: number): void {
  bytes.writeDoubleBE(stamp.firstMs, position);
  bytes.writeFloatBE(count > 1 ? (stamp.lastMs - stamp.firstMs) / (count - 1) : 0, position + 8);
  bytes.writeUInt32BE(stamp.runId, position + 12);
}

/** What a consumer learns of a batch of this run. */
export interface Due {
  firstMs: number;
  lastMs: number;
}

/**
 * When the records of the batch at `position` were due; undefined for a batch of another run. A batch whose values have no
 * room for a stamp, or are compressed, tells its first record's time only, in whole milliseconds.
 */
export function readStamp(bytes: Buffer, position: number, runId: number, runStartedMs: number): Due | undefined {
  const header = new BatchHeader(bytes, position);
  if ((header.attributes & CODEC_MASK) === 0) {
    const reader = new VarintReader(bytes, position + BATCH_OVERHEAD_BYTES);
    reader.next();
    // Attributes, then both deltas.
    reader.position += 1;
    reader.next();
    reader.next();
    const keyBytes = Math.max(0, reader.next());
    reader.position += keyBytes;
    if (reader.next() >= STAMP_BYTES) {
      if (bytes.readUInt32BE(reader.position + 12) !== runId) return undefined;
      const firstMs = bytes.readDoubleBE(reader.position);
      return { firstMs, lastMs: firstMs + bytes.readFloatBE(reader.position + 8) * (header.recordCount - 1) };
    }
  }
  const timestamp = header.baseTimestamp;
  return timestamp < Math.floor(runStartedMs) ? undefined : { firstMs: timestamp, lastMs: timestamp };
}
