import { native } from '../../native-bindings/bindings.js';
import { BATCH_OVERHEAD_BYTES, BatchHeader, CRC_START } from './header.js';

/** Gives a batch in place the time of the append (message.timestamp.type=LogAppendTime) and its new CRC. */
export function setAppendTime(bytes: Uint8Array, position: number, timeMs: number): void {
  const batch = new BatchHeader(bytes, position);
  batch.setAppendTime(timeMs);
  renewCrc(bytes, batch);
}

/** Gives a batch in place the greatest time of its records (`BatchFacts.maxTimestampWrong`) and its new CRC. */
export function setMaxTimestamp(bytes: Uint8Array, position: number, timestampMs: number): void {
  const batch = new BatchHeader(bytes, position);
  batch.setMaxTimestamp(timestampMs);
  renewCrc(bytes, batch);
}

function renewCrc(bytes: Uint8Array, batch: BatchHeader): void {
  batch.setCrc(native.crc32c(bytes, batch.position + CRC_START, batch.bytes - CRC_START, 0));
}

/** Whether the bytes at `position` are one whole batch that ends by `limit`, with a right CRC; why not, as a sentence. */
export function storedBatchFault(bytes: Uint8Array, position: number, limit: number): string | undefined {
  if (limit - position < BATCH_OVERHEAD_BYTES) return `${limit - position} bytes where a batch is due`;
  const batch = new BatchHeader(bytes, position);
  const length = batch.bytes;
  if (length < BATCH_OVERHEAD_BYTES || length > limit - position) return `a batch of ${length} bytes does not fit`;
  if (batch.magic !== 2) return `magic ${batch.magic}`;
  if (batch.recordCount <= 0 || batch.lastOffsetDelta + 1 !== batch.recordCount) return 'a record count that cannot be';
  const crc = native.crc32c(bytes, position + CRC_START, length - CRC_START, 0);
  return crc === batch.crc ? undefined : 'a CRC-32C that does not match';
}
