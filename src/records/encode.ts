import { native } from '../../native-bindings/bindings.js';
import { type CodecName, codecNames, compress } from '../../native-bindings/codecs.js';
import { BATCH_OVERHEAD_BYTES, CRC_START, LENGTH_END } from './header.js';
import { pushVarint } from './varint.js';

export interface RecordIn {
  readonly timestampMs?: number;
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  readonly headers?: readonly (readonly [string, Uint8Array | null])[];
}

export interface BatchIn {
  readonly records: readonly RecordIn[];
  readonly codec?: CodecName;
  readonly baseTimestampMs?: number;
  readonly producer?: { readonly id: number; readonly epoch: number; readonly baseSequence: number };
  /** More attribute bits (transactional, control …). */
  readonly attributes?: number;
}

/** A record batch as a producer sends it: base offset 0, leader epoch -1. For clients of our own: tests, loads, simulation. */
export function encodeBatch(batch: BatchIn): Uint8Array {
  const base = batch.baseTimestampMs ?? batch.records[0]?.timestampMs ?? 0;
  let max = base;
  const parts: Uint8Array[] = batch.records.map((record, i) => {
    const timestamp = record.timestampMs ?? base;
    max = Math.max(max, timestamp);
    return encodeRecord(record, i, timestamp - base);
  });
  const codec = batch.codec ?? 'none';
  const records = compress(codec, Buffer.concat(parts));
  const out = new Uint8Array(BATCH_OVERHEAD_BYTES + records.length);
  const view = new DataView(out.buffer);
  view.setInt32(8, out.length - LENGTH_END);
  view.setInt32(12, -1);
  view.setInt8(16, 2);
  view.setInt16(21, codecNames.indexOf(codec) | (batch.attributes ?? 0));
  view.setInt32(23, batch.records.length - 1);
  view.setBigInt64(27, BigInt(base));
  view.setBigInt64(35, BigInt(max));
  view.setBigInt64(43, BigInt(batch.producer?.id ?? -1));
  view.setInt16(51, batch.producer?.epoch ?? -1);
  view.setInt32(53, batch.producer?.baseSequence ?? -1);
  view.setInt32(57, batch.records.length);
  out.set(records, BATCH_OVERHEAD_BYTES);
  view.setUint32(17, native.crc32c(out, CRC_START, out.length - CRC_START, 0));
  return out;
}

function encodeRecord(record: RecordIn, offsetDelta: number, timestampDelta: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let numbers: number[] = [0];
  const field = (bytes: Uint8Array | null | undefined): void => {
    pushVarint(numbers, bytes?.length ?? -1);
    pieces.push(Uint8Array.from(numbers));
    numbers = [];
    if (bytes !== null && bytes !== undefined) pieces.push(bytes);
  };
  pushVarint(numbers, timestampDelta);
  pushVarint(numbers, offsetDelta);
  field(record.key);
  field(record.value);
  pushVarint(numbers, record.headers?.length ?? 0);
  for (const [name, value] of record.headers ?? []) {
    field(Buffer.from(name));
    field(value);
  }
  pieces.push(Uint8Array.from(numbers));
  const body = Buffer.concat(pieces);
  const length: number[] = [];
  pushVarint(length, body.length);
  return Buffer.concat([Uint8Array.from(length), body]);
}
