import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';

/**
 * Protocol Buffers' 64-bit integers as numbers, without a detour over BigInt and text: all of ours lie within ±(2^53 - 1).
 * `npm run proto` puts these in the place of the library's own reader and writer; the bytes are the same.
 */
export class NumberReader extends BinaryReader {
  readonly #bytes: Uint8Array;
  /** The halves of the varint read last, as signed words. */
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#bytes = bytes;
  }

  /** A `uint64`. Throws Error above 2^53 - 1. */
  uint64Number(): number {
    this.#varint();
    return safe((this.#high >>> 0) * 0x1_0000_0000 + (this.#low >>> 0));
  }

  /** An `int64`. Throws Error outside of ±(2^53 - 1). */
  int64Number(): number {
    this.#varint();
    return safe(this.#high * 0x1_0000_0000 + (this.#low >>> 0));
  }

  /** A `sint64`. Throws Error outside of ±(2^53 - 1). */
  sint64Number(): number {
    this.#varint();
    const sign = -(this.#low & 1);
    const low = ((this.#low >>> 1) | (this.#high << 31)) ^ sign;
    const high = (this.#high >>> 1) ^ sign;
    return safe(high * 0x1_0000_0000 + (low >>> 0));
  }

  #varint(): void {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    let at = this.pos;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined) throw new RangeError('premature EOF');
      at += 1;
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high = bits >>> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.pos = at;
        this.#low = low;
        this.#high = high | 0;
        return;
      }
    }
    throw new Error('invalid varint');
  }
}

export class NumberWriter extends BinaryWriter {
  // What is no whole number of 52 bits is the library's to write or refuse.
  override uint64(value: number): this {
    if (value >>> 0 === value) return this.uint32(value);
    return isLong(value) ? this.#long(value) : super.uint64(value);
  }

  override int64(value: number): this {
    return value >= 0 ? this.uint64(value) : super.int64(value);
  }

  override sint64(value: number): this {
    if ((value | 0) === value) return this.uint32(((value << 1) ^ (value >> 31)) >>> 0);
    return isLong(Math.abs(value)) ? this.#long(value < 0 ? -2 * value - 1 : 2 * value) : super.sint64(value);
  }

  /** From 2^31 up to 2^53. */
  #long(value: number): this {
    let rest = value;
    let at = 0;
    for (; rest > 0x7f; at += 1) {
      long[at] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    long[at] = rest;
    return this.raw(longs[at + 1]!);
  }
}

/**
 * What `write` writes, in memory of its own. The writer is used again and has the memory that the last message took: one
 * that begins with nothing doubles it five times for a segment's footer.
 */
export function encoded(write: (writer: NumberWriter) => void): Uint8Array {
  const writer = idle ?? new NumberWriter();
  // Whoever writes within `write`, or after it threw, gets another one.
  idle = undefined;
  write(writer);
  const bytes = writer.finish();
  if (bytes.length <= KEPT_BYTES_MAX) idle = writer;
  return bytes;
}

const KEPT_BYTES_MAX = 1024 * 1024;
let idle: NumberWriter | undefined;

const LONG_BYTES_MAX = 8;
const long = new Uint8Array(LONG_BYTES_MAX);
/** Its first bytes, by how many. */
const longs = Array.from({ length: LONG_BYTES_MAX + 1 }, (_, bytes) => long.subarray(0, bytes));

function isLong(value: number): boolean {
  return value >= 0 && value < 2 ** 52 && Number.isInteger(value);
}

function safe(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER) throw new Error('Value is larger than Number.MAX_SAFE_INTEGER');
  if (value < Number.MIN_SAFE_INTEGER) throw new Error('Value is smaller than Number.MIN_SAFE_INTEGER');
  return value;
}
