import { createHash } from 'node:crypto';
import { BATCH_OVERHEAD_BYTES, BatchHeader, CRC_START } from '../../src/records/header.js';
import { native } from '../../native-bindings/bindings.js';
import type { Plain } from './normalise.js';

/**
 * Record batches of an answer, field by field, their records as a hash. An incomplete batch at the end is left out: Kafka
 * cuts its answers where the limit is, readers ignore what is cut.
 */
export function plainRecords(bytes: Uint8Array | null, names: ReadonlyMap<unknown, string>): Plain {
  if (bytes === null) return null;
  const batches: Plain[] = [];
  let position = 0;
  while (bytes.length - position >= BATCH_OVERHEAD_BYTES) {
    const header = new BatchHeader(bytes, position);
    const length = header.bytes;
    if (length < BATCH_OVERHEAD_BYTES || position + length > bytes.length) break;
    batches.push(plainBatch(bytes.subarray(position, position + length), names));
    position += length;
  }
  return batches;
}

function plainBatch(bytes: Uint8Array, names: ReadonlyMap<unknown, string>): Plain {
  const header = new BatchHeader(bytes);
  const appendTime = (header.attributes & 8) !== 0;
  const { baseOffset, leaderEpoch, magic, attributes, lastOffsetDelta, baseTimestamp, recordCount } = header;
  const { producerId, producerEpoch, baseSequence } = header;
  return {
    baseOffset,
    bytes: bytes.length,
    leaderEpoch,
    magic,
    crc: native.crc32c(bytes, CRC_START, bytes.length - CRC_START, 0) === header.crc ? 'right' : 'wrong',
    attributes,
    lastOffsetDelta,
    baseTimestamp,
    maxTimestamp: appendTime ? '<time>' : header.maxTimestamp,
    producerId: names.has(producerId) ? `<${names.get(producerId)}>` : producerId,
    producerEpoch,
    baseSequence,
    recordCount,
    records: createHash('sha256').update(bytes.subarray(BATCH_OVERHEAD_BYTES)).digest('hex').slice(0, 16),
  };
}
