import { UUID_BYTES, uuidFromBytes } from '../bytes/uuid.js';
import { ProtocolError } from './protocol-error.js';

/** A place inside the decoded bytes: `records` are never copied. Counts from the start of the bytes given to the decoder. */
export interface RecordsPosition {
  readonly position: number;
  readonly length: number;
}

/** All that is empty shares it: an array of its own would take 200 bytes for the one or four that a peer sent. */
const NOTHING = new Uint8Array(0);

/** What `toString` calls in every Node: without its looks at encoding and range, a third of what a short text takes. */
interface TextBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
}

/** Its number and a length of 0. */
const TAG_BYTES_MIN = 2;

/** Longest string that Kafka accepts, in bytes (its readers refuse more in either encoding). */
export const STRING_BYTES_MAX = 0x7fff;
/**
 * Longest name that is read, in bytes. Whatever names something becomes a key sooner or later, and V8 hashes texts above 16,383
 * characters by their length alone: a few thousand of one length would stop a thread (docs/decisions/010).
 */
export const NAME_BYTES_MAX = 4096;

/**
 * Kafka's primitive types (https://kafka.apache.org/protocol#protocol_types, KIP-482 for the compact ones) from a range of
 * bytes, which may lie in shared memory. Every method throws ProtocolError and leaves nothing allocated when the bytes do
 * not suffice. Lengths come back as -1 for null.
 */
export class Reader {
  readonly bytes: Uint8Array;
  position: number;
  limit: number;
  /** Array elements announced so far: see `elements`. */
  elementCount = 0;
  /** Array elements that were read in steps. */
  elementsRead = 0;
  #tagCount = 0;
  readonly #elementsMax: number;
  /** The same memory as `bytes`; Buffer decodes text from shared memory, which TextDecoder refuses. */
  readonly #buffer: TextBuffer;

  constructor(bytes: Uint8Array, position = 0, limit: number = bytes.length, elementsMax = Number.POSITIVE_INFINITY) {
    if (!(position >= 0 && position <= limit && limit <= bytes.length)) {
      throw new RangeError(`range ${position}..${limit} is not inside ${bytes.length} bytes`);
    }
    this.bytes = bytes;
    this.position = position;
    this.limit = limit;
    this.#elementsMax = elementsMax;
    const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = buffer as TextBuffer;
  }

  remaining(): number {
    return this.limit - this.position;
  }

  /** The position of the next `count` bytes, which are taken. */
  take(count: number): number {
    const position = this.position;
    if (count > this.limit - position) {
      throw new ProtocolError('truncated', `${count} bytes wanted at ${position}, ${this.limit - position} left`);
    }
    this.position = position + count;
    return position;
  }

  bool(): boolean {
    return this.bytes[this.take(1)] !== 0;
  }

  int8(): number {
    return (this.bytes[this.take(1)]! << 24) >> 24;
  }

  int16(): number {
    const at = this.take(2);
    return ((this.bytes[at]! << 24) >> 16) | this.bytes[at + 1]!;
  }

  int32(): number {
    const at = this.take(4);
    const bytes = this.bytes;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  /** Exact within ±(2^53 - 1); beyond, saturated to it: no offset, timestamp or producer id of ours is that large. */
  int64(): number {
    const value = this.int32() * 0x1_0000_0000 + (this.int32() >>> 0);
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(value, Number.MAX_SAFE_INTEGER));
  }

  float64(): number {
    return this.#buffer.readDoubleBE(this.take(8));
  }

  /** At most five bytes and 32 bits, as Kafka's ByteUtils.readUnsignedVarint. */
  unsignedVarint(): number {
    const { position } = this;
    if (position < this.limit && this.bytes[position]! < 0x80) {
      this.position = position + 1;
      return this.bytes[position]!;
    }
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.take(1)]!;
      if (shift === 28 && byte > 0x0f) {
        break;
      }
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        return value;
      }
    }
    throw new ProtocolError('malformed', `varint before ${this.position} is longer than 32 bits`);
  }

  uuid(): string {
    return uuidFromBytes(this.bytes, this.take(UUID_BYTES));
  }

  /** Length of a compact string, bytes, records or array. */
  compactLength(): number {
    return this.unsignedVarint() - 1;
  }

  /** `length` bytes of UTF-8, at most `bytesMax`; ill-formed parts become U+FFFD, as in Java. */
  string(length: number, bytesMax: number): string {
    if (length > bytesMax) {
      throw new ProtocolError(
        'malformed',
        `string of ${length} bytes at ${this.position}, at most ${bytesMax} are read`,
      );
    }
    const position = this.take(length);
    const text = length === 0 ? '' : this.#buffer.utf8Slice(position, position + length);
    // An ill-formed byte is read as three: what was read can be written again, so that an answer may name it.
    if (length > STRING_BYTES_MAX / 3 && Buffer.byteLength(text) > STRING_BYTES_MAX) {
      throw new ProtocolError('malformed', `ill-formed string of ${length} bytes at ${position}`);
    }
    return text;
  }

  /** A copy of `length` bytes in memory of its own: it outlives the memory that was decoded. */
  copied(length: number): Uint8Array {
    const position = this.take(length);
    if (length === 0) {
      return NOTHING;
    }
    const copy = new Uint8Array(length);
    copy.set(this.bytes.subarray(position, position + length));
    return copy;
  }

  /**
   * Announces `count` array elements of at least `bytesMin` bytes each. Throws before anything is read or allocated for
   * them when the bytes left cannot hold them, or when the message would have more elements than its reader allows.
   */
  elements(count: number, bytesMin: number): void {
    if (count * bytesMin > this.remaining()) {
      throw new ProtocolError('truncated', `array of ${count} at ${this.position}, ${this.remaining()} bytes left`);
    }
    this.elementCount += count;
    if (this.elementCount > this.#elementsMax) {
      throw new ProtocolError('malformed', `array of ${count} at ${this.position}: too many elements in one message`);
    }
  }

  /** The same of tags, which cost a step each and no memory. A message has at most as many as it may have elements. */
  tags(count: number): void {
    if (count * TAG_BYTES_MIN > this.remaining()) {
      throw new ProtocolError('truncated', `${count} tags at ${this.position}, ${this.remaining()} bytes left`);
    }
    this.#tagCount += count;
    if (this.#tagCount > this.#elementsMax) {
      throw new ProtocolError('malformed', `${count} tags at ${this.position}: too many in one message`);
    }
  }

  records(length: number): RecordsPosition {
    return { position: this.take(length), length };
  }
}
