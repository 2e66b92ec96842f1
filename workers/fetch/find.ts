import { CodecError } from '../../native-bindings/codec-error.js';
import { BatchHeader, LOG_APPEND_TIME } from '../../src/records/header.js';
import { recordsOf } from '../../src/records/read.js';
import { storedBatchFault } from '../../src/records/validate.js';

/** Stored bytes are not the batches that were put there. */
export class BatchDamaged extends Error {
  override readonly name = 'BatchDamaged';
}

/**
 * In an extent's bytes: the first record whose timestamp is >= `timestampMs`, or the first one of the greatest timestamp.
 * Exact to the record. With LogAppendTime all records of a batch share its time.
 */
export function findByTimestamp(
  bytes: Uint8Array,
  baseOffset: number,
  timestampMs: number | 'max',
): { readonly offset: number; readonly timestampMs: number } | undefined {
  let best: { readonly offset: number; readonly timestampMs: number } | undefined;
  let offset = baseOffset;
  for (let position = 0; position < bytes.length; ) {
    const fault = storedBatchFault(bytes, position, bytes.length);
    if (fault !== undefined) throw new BatchDamaged(`at ${position}: ${fault}`);
    const batch = new BatchHeader(bytes, position);
    for (const record of timesOf(bytes, batch)) {
      const found = { offset: offset + record.delta, timestampMs: record.timestampMs };
      if (timestampMs !== 'max' && found.timestampMs >= timestampMs) return found;
      if (timestampMs === 'max' && (best === undefined || found.timestampMs > best.timestampMs)) best = found;
    }
    offset += batch.recordCount;
    position += batch.bytes;
  }
  return best;
}

function* timesOf(
  bytes: Uint8Array,
  batch: BatchHeader,
): Generator<{ readonly delta: number; readonly timestampMs: number }> {
  if ((batch.attributes & LOG_APPEND_TIME) !== 0) {
    yield { delta: 0, timestampMs: batch.maxTimestamp };
    return;
  }
  try {
    let delta = 0;
    for (const { timestampMs } of recordsOf(bytes, batch.position)) {
      yield { delta, timestampMs };
      delta += 1;
    }
  } catch (error) {
    if (error instanceof CodecError) throw new BatchDamaged(error.message, { cause: error });
    throw error;
  }
}
