import crc32c from 'crc-32/crc32c.js';

export interface BatchSpec {
  readonly values?: readonly string[];
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly timestampMs?: number;
  readonly attributes?: number;
}

/** A v2 record batch as a producer sends it: base offset 0, leader epoch -1, keys null. */
export function makeBatch(spec: BatchSpec = {}): Uint8Array {
  const values = spec.values ?? ['value'];
  const timestamp = BigInt(spec.timestampMs ?? 1_700_000_000_000);
  const records = Buffer.concat(values.map((value, i) => record(Buffer.from(value), i)));
  const batch = Buffer.alloc(61 + records.length);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(-1, 12);
  batch.writeInt8(2, 16);
  batch.writeInt16BE(spec.attributes ?? 0, 21);
  batch.writeInt32BE(values.length - 1, 23);
  batch.writeBigInt64BE(timestamp, 27);
  batch.writeBigInt64BE(timestamp, 35);
  batch.writeBigInt64BE(BigInt(spec.producerId ?? -1), 43);
  batch.writeInt16BE(spec.producerEpoch ?? (spec.producerId === undefined ? -1 : 0), 51);
  batch.writeInt32BE(spec.baseSequence ?? (spec.producerId === undefined ? -1 : 0), 53);
  batch.writeInt32BE(values.length, 57);
  batch.set(records, 61);
  batch.writeInt32BE(crc32c.buf(batch.subarray(21)), 17);
  return batch;
}

function record(value: Uint8Array, offsetDelta: number): Uint8Array {
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(0),
    varint(offsetDelta),
    varint(-1),
    varint(value.length),
    value,
    varint(0),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

function varint(value: number): Uint8Array {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  const bytes: number[] = [];
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
