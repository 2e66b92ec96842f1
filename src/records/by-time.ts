import { CodecError } from '../../native-bindings/codec-error.js';
import { BatchDamaged } from './cursor.js';
import { BatchHeader, LOG_APPEND_TIME } from './header.js';
import { recordsOf } from './read.js';

/** A record of a batch, by its place from the batch's first. */
export interface TimedRecord {
  readonly offsetDelta: number;
  readonly timestampMs: number;
}

/**
 * The first record of the batch at `position`, from its `fromDelta`th on, with a timestamp >= `timestampMs`, exact to the
 * record (ListOffsets, KIP-79). The header's greatest time is not believed: a topic may have skipped the walk. Throws BatchDamaged.
 */
export function firstOffsetAtOrAfter(
  bytes: Uint8Array,
  position: number,
  timestampMs: number,
  fromDelta: number,
): TimedRecord | undefined {
  for (const record of timesOf(bytes, position, fromDelta)) if (record.timestampMs >= timestampMs) return record;
  return undefined;
}

/** The first record of the greatest timestamp in the batch at `position`, from `fromDelta` on (KIP-734). Throws BatchDamaged. */
export function firstOffsetOfMaxTime(bytes: Uint8Array, position: number, fromDelta: number): TimedRecord | undefined {
  let best: TimedRecord | undefined;
  for (const record of timesOf(bytes, position, fromDelta)) {
    if (best === undefined || record.timestampMs > best.timestampMs) best = record;
  }
  return best;
}

function* timesOf(bytes: Uint8Array, position: number, fromDelta: number): Generator<TimedRecord> {
  const batch = new BatchHeader(bytes, position);
  // All records share the time of the append: the first one stands for them.
  if ((batch.attributes & LOG_APPEND_TIME) !== 0) {
    yield { offsetDelta: fromDelta, timestampMs: batch.maxTimestamp };
    return;
  }
  try {
    for (const { offset, timestampMs } of recordsOf(bytes, position)) {
      const offsetDelta = offset - batch.baseOffset;
      if (offsetDelta >= fromDelta) yield { offsetDelta, timestampMs };
    }
  } catch (error) {
    if (error instanceof CodecError) throw new BatchDamaged(error.message, { cause: error });
    throw error;
  }
}
