import { native } from '../../native-bindings/bindings.js';
import { codecNames, compress } from '../../native-bindings/codecs.js';
import { BATCH_OVERHEAD_BYTES, BatchHeader, CRC_START } from './header.js';

/** What a batch becomes under its topic's compression.type, when its producer chose another codec. */
export interface Recompression {
  /** As in a batch's attributes; 0: not compressed. */
  readonly codec: number;
  /** Of gzip and zstd. */
  readonly level: number;
  /** The whole batch may have so many bytes; more are 'too-large'. */
  readonly bytesMax: number;
}

/**
 * Writes the batch at `position` anew with its records in another codec; the rest of it stays: offsets, timestamps, producer,
 * sequence. `records` are its records, not compressed; a walk has accepted them. `take` gives the memory of the new batch,
 * which lies at its start. (Kafka: LogValidator rebuilds such a batch from its records.)
 */
export function recompress(
  bytes: Uint8Array,
  position: number,
  records: Uint8Array,
  { codec, level, bytesMax }: Recompression,
  take: (length: number) => Uint8Array,
): Uint8Array | 'too-large' {
  // Before anything is compressed: what is too large as it is may become small, what stays as it is cannot.
  if (codec === 0 && BATCH_OVERHEAD_BYTES + records.length > bytesMax) return 'too-large';
  const payload = compress(codecNames[codec]!, records, level);
  const length = BATCH_OVERHEAD_BYTES + payload.length;
  if (length > bytesMax) return 'too-large';
  const target = take(length);
  native.copy(target, 0, bytes, position, BATCH_OVERHEAD_BYTES);
  const batch = new BatchHeader(target);
  batch.setCodec(codec, length);
  const headerCrc = native.crc32c(target, CRC_START, BATCH_OVERHEAD_BYTES - CRC_START, 0);
  batch.setCrc(native.copyWithCrc32c(target, BATCH_OVERHEAD_BYTES, payload, 0, payload.length, headerCrc));
  return target;
}
