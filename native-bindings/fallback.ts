import type { Native } from './bindings.js';
import {
  SCAN_BYTES,
  SCAN_CRC_MATCHES,
  SCAN_FAULT,
  SCAN_FOUND,
  SCAN_POSITION,
  SCAN_WALK,
  SCAN_COLUMNS,
} from './scan-columns.js';

/** The native functions in JavaScript, around some CRC-32C. The same answers as weft.cc to the same bytes. */
export function scriptNative(crc: (bytes: Uint8Array, seed: number) => number): Omit<Native, 'name'> {
  return {
    crc32c: (bytes, position, length, seed) => crc(part(bytes, position, length), seed),
    copy: (target, targetPosition, source, sourcePosition, length) => {
      part(target, targetPosition, length).set(part(source, sourcePosition, length));
    },
    copyWithCrc32c: (target, targetPosition, source, sourcePosition, length, seed) => {
      const copied = part(target, targetPosition, length);
      copied.set(part(source, sourcePosition, length));
      return crc(copied, seed);
    },
    joinCrc32c: (first, second, secondLength) => joinCrc32c(first, second, secondLength),
    copyKnownCrc32c: (target, targetPosition, source, sourcePosition, length, seed, unknown, known) => {
      const copied = part(target, targetPosition, length);
      copied.set(part(source, sourcePosition, length));
      return joinCrc32c(crc(part(copied, 0, unknown), seed), known, length - unknown);
    },
    walkRecords: (bytes, position, length, count, found) => walk(part(bytes, position, length), count, found),
    scanBatches: (bytes, rows, count) => {
      if (!(isSize(count) && count <= rows.length / SCAN_COLUMNS)) throw new RangeError('outside of the rows');
      for (let at = 0; at < count * SCAN_COLUMNS; at += SCAN_COLUMNS) {
        scan(bytes, rows.subarray(at, at + SCAN_COLUMNS), crc);
      }
    },
  };
}

function part(bytes: Uint8Array, position: number, length: number): Uint8Array {
  if (!(isSize(position) && isSize(length) && position + length <= bytes.length))
    throw new RangeError('outside of the bytes');
  return bytes.subarray(position, position + length);
}

/** The Castagnoli polynomial; polynomials lie reflected: bit 31 is x^0. */
const POLYNOMIAL = 0x82f63b78;

function product(a: number, b: number): number {
  let sum = 0;
  let moved = b;
  for (let bit = 31; bit >= 0; bit -= 1) {
    if (((a >>> bit) & 1) === 1) sum ^= moved;
    moved = (moved >>> 1) ^ (POLYNOMIAL & -(moved & 1));
  }
  return sum >>> 0;
}

/** The first checksum is moved over the second run: times x^8 for each of its bytes. */
function joinCrc32c(first: number, second: number, secondLength: number): number {
  if (!(isSize(first) && first < 2 ** 32 && isSize(second) && second < 2 ** 32 && isSize(secondLength))) {
    throw new RangeError('no checksums');
  }
  let moved = first;
  let power = 2 ** 23;
  for (let left = secondLength; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) moved = product(power, moved);
    power = product(power, power);
  }
  return (moved ^ second) >>> 0;
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

const FINE = 0;
const TOO_SHORT = 1;
const BAD_LENGTH = 2;
const BAD_OFFSET = 3;
const BAD_FIELD = 4;
const TOO_LONG = 5;

/** Reads varints; `failed` once anything did not fit. */
class Cursor {
  readonly #bytes: Uint8Array;
  position: number;
  limit: number;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.position = 0;
    this.limit = bytes.length;
  }

  /** Zigzag varint of at most five bytes. */
  varint(): number {
    let raw = 0;
    for (let i = 0; i < 5; i += 1) {
      if (this.position >= this.limit) break;
      const byte = this.#bytes[this.position]!;
      this.position += 1;
      raw |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1);
    }
    this.failed = true;
    return 0;
  }

  /** Zigzag varint of at most ten bytes; exact to 2^53, rounded beyond. */
  varlong(): number {
    let raw = 0n;
    for (let i = 0n; i < 10n; i += 1n) {
      if (this.position >= this.limit) break;
      const byte = this.#bytes[this.position]!;
      this.position += 1;
      raw |= BigInt(byte & 0x7f) << (7n * i);
      if (byte < 0x80) {
        raw = BigInt.asUintN(64, raw);
        return Number(BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n)));
      }
    }
    this.failed = true;
    return 0;
  }

  /** Skips length-prefixed bytes; true when they are null. */
  skip(nullable: boolean): boolean {
    const length = this.varint();
    if (this.failed) return false;
    if (length < 0 ? !(nullable && length === -1) : length > this.limit - this.position) this.failed = true;
    else if (length > 0) this.position += length;
    return length === -1;
  }
}

function walk(bytes: Uint8Array, count: number, found: Float64Array): number {
  if (!(isSize(count) && count < 2 ** 32)) throw new RangeError(`${count} is no count of records`);
  let deltaMax = Number(-(2n ** 63n));
  let deltaMin = Number(2n ** 63n - 1n);
  let nullKeys = 0;
  let firstNullKey = -1;
  const cursor = new Cursor(bytes);
  const step = (i: number): number => {
    cursor.limit = bytes.length;
    const length = cursor.varint();
    if (cursor.failed) return TOO_SHORT;
    if (length < 0 || length > bytes.length - cursor.position) return BAD_LENGTH;
    cursor.limit = cursor.position + length;
    if (length === 0) return BAD_FIELD;
    cursor.position += 1;
    const delta = cursor.varlong();
    const offset = cursor.failed ? 0 : cursor.varint();
    if (cursor.failed) return BAD_FIELD;
    if (offset !== i) return BAD_OFFSET;
    const nullKey = cursor.skip(true);
    if (!cursor.failed) cursor.skip(true);
    const headers = cursor.failed ? 0 : cursor.varint();
    if (cursor.failed || headers < 0 || headers > cursor.limit - cursor.position) return BAD_FIELD;
    for (let h = 0; h < headers && !cursor.failed; h += 1) {
      cursor.skip(false);
      if (!cursor.failed) cursor.skip(true);
    }
    if (cursor.failed) return BAD_FIELD;
    if (cursor.position !== cursor.limit) return BAD_LENGTH;
    deltaMax = Math.max(deltaMax, delta);
    deltaMin = Math.min(deltaMin, delta);
    if (nullKey) {
      if (nullKeys === 0) firstNullKey = i;
      nullKeys += 1;
    }
    return FINE;
  };
  let result = FINE;
  for (let i = 0; i < count && result === FINE; i += 1) result = step(i);
  if (result === FINE && cursor.position !== bytes.length) result = TOO_LONG;
  found.set([deltaMax, deltaMin, nullKeys, firstNullKey]);
  return result;
}

/** Positions within a batch of magic 2. */
const CRC = 17;
const CRC_START = 21;
const ATTRIBUTES_LOW = 22;
const RECORD_COUNT = 57;
const OVERHEAD_BYTES = 61;
const CODEC_MASK = 7;

const found = new Float64Array(4);

function scan(bytes: Uint8Array, row: Float64Array, crc: (bytes: Uint8Array, seed: number) => number): void {
  const batch = part(bytes, row[SCAN_POSITION]!, row[SCAN_BYTES]!);
  if (batch.length < OVERHEAD_BYTES) throw new RangeError('outside of the bytes');
  const header = new DataView(batch.buffer, batch.byteOffset, OVERHEAD_BYTES);
  const matches = crc(batch.subarray(CRC_START), 0) === header.getUint32(CRC);
  const count = header.getInt32(RECORD_COUNT);
  row[SCAN_CRC_MATCHES] = matches ? 1 : 0;
  row[SCAN_FAULT] = -1;
  if (!matches || row[SCAN_WALK] !== 1 || (batch[ATTRIBUTES_LOW]! & CODEC_MASK) !== 0 || count <= 0) return;
  const fault = walk(batch.subarray(OVERHEAD_BYTES), count, found);
  row[SCAN_FAULT] = fault;
  if (fault === FINE) row.set(found, SCAN_FOUND);
}
