import { native } from '../../native-bindings/bindings.js';
import { type CodecName, codecNames, compress } from '../../native-bindings/codecs.js';
import { encodeBatch } from '../../src/records/encode.js';
import { CRC_START } from '../../src/records/header.js';
import type { Slices } from '../../src/protocol/writer.js';
import { Later } from './script.js';

/** A time long past, so that nothing depends on when a test runs. */
export const BASE_TIME = 1_700_000_000_000;

export interface BatchSpec {
  readonly values?: readonly (string | null)[];
  /** Keys of the records, by index; none when absent. */
  readonly keys?: readonly (string | null)[];
  readonly codec?: CodecName;
  readonly timestampMs?: number;
  /** Between one record and the next. */
  readonly stepMs?: number;
  readonly headers?: boolean;
  readonly producer?: { readonly id: number | Later; readonly epoch: number; readonly baseSequence: number };
  readonly attributes?: number;
  readonly flaw?: keyof typeof flaws;
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A copy changed by `change`, with a right CRC again unless that is the flaw. */
function changed(bytes: Uint8Array, change: (view: DataView, copy: Uint8Array) => void, renewCrc = true): Uint8Array {
  const copy = Uint8Array.from(bytes);
  change(view(copy), copy);
  if (renewCrc) {
    view(copy).setUint32(17, native.crc32c(copy, CRC_START, copy.length - CRC_START, 0));
  }
  return copy;
}

/** As `changed`, for records whose length changes, too. */
function withBody(bytes: Uint8Array, body: Uint8Array): Uint8Array {
  const whole = Buffer.concat([bytes.subarray(0, 61), body]);
  return changed(whole, (header) => header.setInt32(8, whole.length - 12));
}

const body = (bytes: Uint8Array): Uint8Array => bytes.subarray(61);

/** Everything that can be wrong or odd about a batch, one by one. */
export const flaws = {
  'magic 0': (bytes) => changed(bytes, (header) => header.setInt8(16, 0), false),
  'magic 1': (bytes) => changed(bytes, (header) => header.setInt8(16, 1), false),
  'magic 3': (bytes) => changed(bytes, (header) => header.setInt8(16, 3), false),
  'magic -1': (bytes) => changed(bytes, (header) => header.setInt8(16, -1), false),
  'base offset 1': (bytes) => changed(bytes, (header) => header.setBigInt64(0, 1n), false),
  'base offset -1': (bytes) => changed(bytes, (header) => header.setBigInt64(0, -1n), false),
  'leader epoch 7': (bytes) => changed(bytes, (header) => header.setInt32(12, 7), false),
  'length too small': (bytes) => changed(bytes, (header) => header.setInt32(8, header.getInt32(8) - 1), false),
  'length too large': (bytes) => changed(bytes, (header) => header.setInt32(8, header.getInt32(8) + 1), false),
  'length below a header': (bytes) => changed(bytes, (header) => header.setInt32(8, 20), false),
  'length 0': (bytes) => changed(bytes, (header) => header.setInt32(8, 0), false),
  'length -1': (bytes) => changed(bytes, (header) => header.setInt32(8, -1), false),
  'length of 31 bits': (bytes) => changed(bytes, (header) => header.setInt32(8, 0x7fff_ffff), false),
  'wrong CRC': (bytes) => changed(bytes, (header) => header.setUint32(17, header.getUint32(17) ^ 1), false),
  'a flipped bit in a record': (bytes) => changed(bytes, (_, copy) => (copy[copy.length - 2]! ^= 4), false),
  'codec 5': (bytes) => changed(bytes, (header) => header.setInt16(21, 5)),
  'codec 7': (bytes) => changed(bytes, (header) => header.setInt16(21, 7)),
  'gzip that is none': (bytes) => changed(bytes, (header) => header.setInt16(21, 1)),
  'snappy that is none': (bytes) => changed(bytes, (header) => header.setInt16(21, 2)),
  'lz4 that is none': (bytes) => changed(bytes, (header) => header.setInt16(21, 3)),
  'zstd that is none': (bytes) => changed(bytes, (header) => header.setInt16(21, 4)),
  'append time set by the producer': (bytes) =>
    changed(bytes, (header) => header.setInt16(21, header.getInt16(21) | 8)),
  transactional: (bytes) => changed(bytes, (header) => header.setInt16(21, header.getInt16(21) | 0x10)),
  control: (bytes) => changed(bytes, (header) => header.setInt16(21, header.getInt16(21) | 0x20)),
  'delete horizon': (bytes) => changed(bytes, (header) => header.setInt16(21, header.getInt16(21) | 0x40)),
  'unknown attributes': (bytes) => changed(bytes, (header) => header.setInt16(21, header.getInt16(21) | 0x4080)),
  'last offset delta too small': (bytes) => changed(bytes, (header) => header.setInt32(23, header.getInt32(23) - 1)),
  'last offset delta too large': (bytes) => changed(bytes, (header) => header.setInt32(23, header.getInt32(23) + 1)),
  'count 0': (bytes) => changed(bytes, (header) => header.setInt32(57, 0)),
  'count -1': (bytes) => changed(bytes, (header) => header.setInt32(57, -1)),
  'count and last delta one too many': (bytes) => counted(bytes, 1),
  'count and last delta one too few': (bytes) => counted(bytes, -1),
  'count of 31 bits': (bytes) => changed(bytes, (header) => header.setInt32(57, 0x7fff_ffff)),
  'count and last delta of 31 bits': (bytes) => counted(bytes, 0x7fff_fff0),
  'no records at all': (bytes) => withBody(counted(bytes, -view(bytes).getInt32(57)), new Uint8Array(0)),
  'max timestamp wrong': (bytes) => changed(bytes, (header) => header.setBigInt64(35, BigInt(BASE_TIME + 999))),
  'max timestamp -1': (bytes) => changed(bytes, (header) => header.setBigInt64(35, -1n)),
  'base timestamp -1': (bytes) => changed(bytes, (header) => header.setBigInt64(27, -1n)),
  'base timestamp -9': (bytes) => changed(bytes, (header) => header.setBigInt64(27, -9n)),
  'time far ahead': (bytes) => changed(bytes, (header) => header.setBigInt64(27, 4_000_000_000_000n)),
  'greatest base timestamp': (bytes) => changed(bytes, (header) => header.setBigInt64(27, 0x7fff_ffff_ffff_ffffn)),
  'producer -2': (bytes) => changed(bytes, (header) => header.setBigInt64(43, -2n)),
  'producer without sequence': (bytes) => changed(bytes, (header) => header.setBigInt64(43, 4242n)),
  'producer with sequence -2': (bytes) => produced(bytes, 4242n, 0, -2),
  'producer with epoch -1': (bytes) => produced(bytes, 4242n, -1, 0),
  'producer with epoch -2': (bytes) => produced(bytes, 4242n, -2, 0),
  'sequence without producer': (bytes) => produced(bytes, -1n, -1, 5),
  'epoch without producer': (bytes) => produced(bytes, -1n, 5, -1),
  'a byte behind the records': (bytes) => withBody(bytes, Buffer.concat([body(bytes), Buffer.from([0])])),
  'a byte behind the batch': (bytes) => Buffer.concat([bytes, Buffer.from([0])]),
  'twenty bytes behind the batch': (bytes) => Buffer.concat([bytes, Buffer.alloc(20)]),
  'the batch twice': (bytes) => Buffer.concat([bytes, bytes]),
  'half a batch behind': (bytes) => Buffer.concat([bytes, bytes.subarray(0, bytes.length >> 1)]),
  'cut by a byte': (bytes) => bytes.subarray(0, -1),
  'cut in the header': (bytes) => bytes.subarray(0, 40),
  'cut before the magic': (bytes) => bytes.subarray(0, 16),
  'cut in the length': (bytes) => bytes.subarray(0, 10),
  'records cut by a byte': (bytes) => withBody(bytes, body(bytes).subarray(0, -1)),
  'record length too large': (bytes) => withBody(bytes, first(bytes, 0, 2)),
  'record length too small': (bytes) => withBody(bytes, first(bytes, 0, -2)),
  'record length negative': (bytes) => withBody(bytes, Buffer.concat([Buffer.from([1]), body(bytes).subarray(1)])),
  'record attributes 1': (bytes) => withBody(bytes, first(bytes, 1, 1)),
  'record offset delta wrong': (bytes) => withBody(bytes, first(bytes, 3, 2)),
  'record key length -2': (bytes) => withBody(bytes, first(bytes, 4, 2)),
  'record with more headers than bytes': (bytes) => withBody(bytes, last(bytes, 8)),
  'record with -1 headers': (bytes) => withBody(bytes, last(bytes, 1)),
  'an endless varint': (bytes) => withBody(bytes, Buffer.concat([Buffer.alloc(10, 0xff), body(bytes)])),
  nothing: () => new Uint8Array(0),
} satisfies Record<string, (bytes: Uint8Array) => Uint8Array>;

function counted(bytes: Uint8Array, more: number): Uint8Array {
  return changed(bytes, (header) => {
    header.setInt32(57, header.getInt32(57) + more);
    header.setInt32(23, header.getInt32(23) + more);
  });
}

function produced(bytes: Uint8Array, id: bigint, epoch: number, sequence: number): Uint8Array {
  return changed(bytes, (header) => {
    header.setBigInt64(43, id);
    header.setInt16(51, epoch);
    header.setInt32(53, sequence);
  });
}

/** The records with something added to one of the first record's first bytes (each field there takes one). */
function first(bytes: Uint8Array, position: number, more: number): Uint8Array {
  const records = Uint8Array.from(body(bytes));
  records[position]! += more;
  return records;
}

/** The records with another count of headers in the last one, which has none. */
function last(bytes: Uint8Array, count: number): Uint8Array {
  const records = Uint8Array.from(body(bytes));
  records[records.length - 1] = count;
  return records;
}

export const flawNames = Object.keys(flaws) as readonly (keyof typeof flaws)[];

function brief(_: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > 40 ? `${value[0]}×${value.length}` : value;
}

/** The batches one behind the other, as a field of records. */
export function batches(...specs: readonly BatchSpec[]): Later {
  const text = specs.map((spec) => JSON.stringify(spec, brief)).join(' + ');
  return new Later(`batch ${text}`, (place): Slices => {
    const slices = specs.map((spec) =>
      batchBytes(spec, (id) => (id instanceof Later ? Number(id.resolve(place)) : id)),
    );
    return { slices, bytes: slices.reduce((sum, slice) => sum + slice.length, 0) };
  });
}

function batchBytes(spec: BatchSpec, idOf: (id: number | Later) => number): Uint8Array {
  const { values = ['value'], keys, codec = 'none', timestampMs = BASE_TIME, stepMs = 1, headers = false } = spec;
  const bytesOf = (text: string | null | undefined) => (text === null || text === undefined ? null : Buffer.from(text));
  const { producer } = spec;
  const bytes = encodeBatch({
    records: values.map((value, index) => ({
      timestampMs: timestampMs + index * stepMs,
      key: bytesOf(keys?.[index]),
      value: bytesOf(value),
      headers: headers ? [['one', Buffer.from('1')] as const, ['none', null] as const] : [],
    })),
    codec: spec.flaw !== undefined && (isOfRecords(spec.flaw) || claimsCodec(spec.flaw)) ? 'none' : codec,
    baseTimestampMs: timestampMs,
    attributes: spec.attributes ?? 0,
    ...(producer === undefined ? {} : { producer: { ...producer, id: idOf(producer.id) } }),
  });
  if (spec.flaw === undefined) return bytes;
  return isOfRecords(spec.flaw) ? compressed(flaws[spec.flaw](bytes), codec) : flaws[spec.flaw](bytes);
}

/** Whether a flaw lies in the records, which must have it before they are compressed. */
function isOfRecords(flaw: string): boolean {
  return flaw.startsWith('record') || flaw === 'an endless varint' || flaw === 'a byte behind the records';
}

/** Plain records that claim to be compressed; Kafka never answers to some compressed ones that claim another codec. */
function claimsCodec(flaw: string): boolean {
  return flaw.endsWith('that is none');
}

function compressed(bytes: Uint8Array, codec: CodecName): Uint8Array {
  const whole = withBody(bytes, compress(codec, body(bytes)));
  return changed(whole, (header) => header.setInt16(21, header.getInt16(21) | codecNames.indexOf(codec)));
}
