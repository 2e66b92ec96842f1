import { native, walkFaults } from '../../native-bindings/bindings.js';
import { CodecError } from '../../native-bindings/codec-error.js';
import { decompress } from '../../native-bindings/codecs.js';
import { BATCH_OVERHEAD_BYTES, BatchHeader, CODEC_MASK, LOG_APPEND_TIME } from './header.js';
import { VarintReader } from './varint.js';

export interface ReadRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly (readonly [string, Uint8Array | null])[];
}

const walkFound = new Float64Array(4);

/** The records of the batch at `position`, whose header is right. Throws CodecError when its records are not. */
export function* recordsOf(bytes: Uint8Array, position: number): Generator<ReadRecord> {
  const batch = new BatchHeader(bytes, position);
  const codec = batch.attributes & CODEC_MASK;
  const stored = bytes.subarray(position + BATCH_OVERHEAD_BYTES, position + batch.bytes);
  const records = codec === 0 ? stored : decompress(codec, stored);
  // A topic may have skipped the walk when the batch was written; nothing is read that was not walked.
  const fault = native.walkRecords(records, 0, records.length, batch.recordCount, walkFound);
  if (fault !== 0) throw new CodecError(walkFaults[fault]);
  yield* recordsIn(records, batch);
}

/** The records in uncompressed bytes that a walk has accepted. `batch` is their header. */
export function* recordsIn(records: Uint8Array, batch: BatchHeader): Generator<ReadRecord> {
  const cursor = new VarintReader(records);
  const appendTime = (batch.attributes & LOG_APPEND_TIME) !== 0 ? batch.maxTimestamp : undefined;
  for (let i = 0; i < batch.recordCount; i += 1) {
    cursor.next();
    cursor.position += 1;
    const createTime = batch.baseTimestamp + cursor.next();
    const offset = batch.baseOffset + cursor.next();
    const key = cursor.nextBytes();
    const value = cursor.nextBytes();
    const headers: [string, Uint8Array | null][] = [];
    for (let left = cursor.next(); left > 0; left -= 1) {
      const name = Buffer.from(cursor.nextBytes() ?? []).toString();
      headers.push([name, cursor.nextBytes()]);
    }
    yield { offset, timestampMs: appendTime ?? createTime, key, value, headers };
  }
}
