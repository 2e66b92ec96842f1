import { native } from '../../native-bindings/bindings.js';
import { type CodecName, codecNames, compress } from '../../native-bindings/codecs.js';
import { BATCH_OVERHEAD_BYTES, CRC_START, LENGTH_END } from '../../src/records/header.js';
import { pushVarint } from '../../src/records/varint.js';
import { drawKey, drawSize, type Keys, meanSize, type Sizes } from './distributions.js';
import { partitionOfKey } from './murmur2.js';
import { Random } from './random.js';
import { STAMP_BYTES, writeStamp } from './stamp.js';

/** What a batch says that its template does not. Times are wall milliseconds. */
export interface BatchStamp {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1 without idempotence. */
  readonly sequence: number;
  /** Intended times of its first and last record. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly runId: number;
}

/**
 * Records encoded once, of which any number from the first on is a batch: offset deltas count from 0 and only the header
 * has to change. Compressed, each number of records is compressed when it is first asked for.
 */
export class Template {
  readonly codec: CodecName;
  readonly #bytes: Buffer;
  /** Where each record ends, and keys and values up to there. */
  readonly #ends: number[];
  readonly #payloadEnds: number[];
  /** Of the first record's value; -1 when it has no room for a stamp. */
  readonly #stampPosition: number;
  readonly #compressed: (Buffer | undefined)[] = [];

  constructor(codec: CodecName, records: readonly { key: Uint8Array | null; value: Uint8Array }[]) {
    this.codec = codec;
    const parts: Buffer[] = [Buffer.alloc(BATCH_OVERHEAD_BYTES)];
    this.#ends = [];
    this.#payloadEnds = [];
    let end = BATCH_OVERHEAD_BYTES;
    let payload = 0;
    let stampPosition = -1;
    for (const [index, { key, value }] of records.entries()) {
      const record = encodeRecord(index, key, value);
      parts.push(record);
      end += record.length;
      payload += value.length + (key?.length ?? 0);
      this.#ends.push(end);
      this.#payloadEnds.push(payload);
      // Behind the value there is one byte, the number of headers.
      if (index === 0 && value.length >= STAMP_BYTES && codec === 'none') stampPosition = end - 1 - value.length;
    }
    this.#stampPosition = stampPosition;
    this.#bytes = Buffer.concat(parts);
    writeFixed(this.#bytes, codec);
  }

  /** The most records that a batch of it has. */
  get capacity(): number {
    return this.#ends.length;
  }

  /** Bytes of a batch of the first `count` records. */
  bytesOf(count: number): number {
    return this.codec === 'none' ? this.#ends[count - 1]! : this.#compressedOf(count).length;
  }

  /** Bytes of the keys and values of the first `count` records. */
  payloadOf(count: number): number {
    return this.#payloadEnds[count - 1]!;
  }

  /** Writes a batch of the first `count` records to `target`, `bytesOf(count)` bytes. */
  write(target: Buffer, position: number, count: number, stamp: BatchStamp): void {
    const source = this.codec === 'none' ? this.#bytes : this.#compressedOf(count);
    const bytes = this.bytesOf(count);
    source.writeInt32BE(bytes - LENGTH_END, 8);
    source.writeInt32BE(count - 1, 23);
    const timestamp = Math.floor(stamp.firstMs);
    writeInt64(source, timestamp, 27);
    writeInt64(source, timestamp, 35);
    writeInt64(source, stamp.producerId, 43);
    source.writeInt16BE(stamp.producerEpoch, 51);
    source.writeInt32BE(stamp.sequence, 53);
    source.writeInt32BE(count, 57);
    if (this.#stampPosition >= 0) writeStamp(source, this.#stampPosition, stamp, count);
    native.copy(target, position, source, 0, CRC_START);
    const from = position + CRC_START;
    const crc = native.copyWithCrc32c(target, from, source, CRC_START, bytes - CRC_START, 0);
    target.writeUInt32BE(crc, position + 17);
  }

  #compressedOf(count: number): Buffer {
    let batch = this.#compressed[count];
    if (batch === undefined) {
      const records = compress(this.codec, this.#bytes.subarray(BATCH_OVERHEAD_BYTES, this.#ends[count - 1]!));
      batch = Buffer.concat([this.#bytes.subarray(0, BATCH_OVERHEAD_BYTES), records]);
      this.#compressed[count] = batch;
    }
    return batch;
  }
}

export function writeInt64(bytes: Buffer, value: number, position: number): void {
  bytes.writeInt32BE(Math.floor(value / 2 ** 32), position);
  bytes.writeUInt32BE(value >>> 0, position + 4);
}

function writeFixed(bytes: Buffer, codec: CodecName): void {
  bytes.writeInt32BE(-1, 12);
  bytes.writeInt8(2, 16);
  bytes.writeInt16BE(codecNames.indexOf(codec), 21);
}

/** Timestamp delta 0, no headers. */
function encodeRecord(offsetDelta: number, key: Uint8Array | null, value: Uint8Array): Buffer {
  const lead: number[] = [0];
  pushVarint(lead, 0);
  pushVarint(lead, offsetDelta);
  pushVarint(lead, key?.length ?? -1);
  const between: number[] = [];
  pushVarint(between, value.length);
  const length: number[] = [];
  pushVarint(length, lead.length + (key?.length ?? 0) + between.length + value.length + 1);
  return Buffer.concat([
    Buffer.from([...length, ...lead]),
    key ?? Buffer.alloc(0),
    Buffer.from(between),
    value,
    NO_HEADERS,
  ]);
}

const NO_HEADERS = Buffer.from([0]);

export interface Shape {
  readonly sizes: Sizes;
  readonly keys: Keys;
  readonly codec: CodecName;
  /** A batch is full with this many bytes of records before compression, or this many records. */
  readonly batchBytes: number;
  readonly batchRecords: number;
}

/** Records of all templates together: what the memory of a generator holds. */
const DECK_BYTES = 16 * 2 ** 20;
const DECK_RECORDS_MIN = 1024;
const DECK_RECORDS_MAX = 65_536;
/** Without keys every partition takes any of these. */
const UNKEYED_TEMPLATES = 16;

/**
 * The batches that producers send: drawn once from the distributions, then used over and over. With keys, partitions have
 * templates of their own, and `drawPartition` follows the keys' distribution.
 */
export class Templates {
  readonly keyed: boolean;
  readonly #byPartition: Template[][];
  readonly #deck: Uint32Array;

  constructor(shape: Shape, partitions: number, seed: number) {
    this.keyed = shape.keys.kind !== 'none';
    const random = new Random(seed, 1);
    const wanted = Math.floor(DECK_BYTES / (meanSize(shape.sizes) + 16));
    const records = Math.max(DECK_RECORDS_MIN, Math.min(DECK_RECORDS_MAX, wanted));
    if (shape.keys.kind === 'none') {
      const shared = fill(shape, () => null, UNKEYED_TEMPLATES, random);
      this.#byPartition = Array.from({ length: partitions }, () => shared);
      this.#deck = new Uint32Array(0);
      return;
    }
    const draw = drawKey(shape.keys);
    const keys = Array.from({ length: records }, () => keyBytes(draw(random)));
    this.#deck = Uint32Array.from(keys, (key) => partitionOfKey(key, partitions));
    this.#byPartition = Array.from({ length: partitions }, (_, partition) => {
      const own = keys.filter((_key, index) => this.#deck[index] === partition);
      let next = 0;
      if (own.length === 0) return [];
      const templates: Template[] = [];
      while (next < own.length) templates.push(...fill(shape, () => own[next++ % own.length]!, 1, random));
      return templates;
    });
  }

  /** The partition of the next record, by its key. */
  drawPartition(random: Random): number {
    return this.#deck[random.below(this.#deck.length)]!;
  }

  /** A template for that partition. */
  draw(partition: number, random: Random): Template {
    const templates = this.#byPartition[partition]!;
    return templates[random.below(templates.length)]!;
  }
}

/** `count` full templates. */
function fill(shape: Shape, nextKey: () => Uint8Array | null, count: number, random: Random): Template[] {
  const size = drawSize(shape.sizes);
  return Array.from({ length: count }, () => {
    const records: { key: Uint8Array | null; value: Uint8Array }[] = [];
    for (let bytes = 0; records.length < shape.batchRecords; ) {
      const record = { key: nextKey(), value: letters(size(random), random) };
      bytes += record.value.length + (record.key?.length ?? 0) + RECORD_OVERHEAD_BYTES;
      // A record larger than a batch has one to itself, as with Kafka's producers.
      if (records.length > 0 && bytes > shape.batchBytes - BATCH_OVERHEAD_BYTES) break;
      records.push(record);
    }
    return new Template(shape.codec, records);
  });
}

/** Lengths and deltas of a record of some hundred bytes. */
const RECORD_OVERHEAD_BYTES = 8;

/** As kafka-producer-perf-test: random capital letters, which gzip brings to about five eighths. */
function letters(bytes: number, random: Random): Buffer {
  const value = Buffer.allocUnsafe(bytes);
  for (let i = 0; i < bytes; i += 1) value[i] = 65 + random.below(26);
  return value;
}

export function keyBytes(number: number): Buffer {
  return Buffer.from(`key-${String(number).padStart(10, '0')}`);
}
