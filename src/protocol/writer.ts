import { SHORT_TEXT_MAX } from '../bytes/utf8.js';
import { UUID_BYTES, uuidToBytes } from '../bytes/uuid.js';
import { TooLongError } from './too-long-error.js';

/** Bytes in order, as pieces that a socket writes one after the other. */
export interface Slices {
  readonly slices: readonly Uint8Array[];
  /** Sum of the slices' lengths. */
  readonly bytes: number;
}

/** What is written in one step, in less than a few milliseconds: so many array elements, or about so many bytes. */
const STEP_ELEMENTS = 2_048;
export const STEP_BYTES = 2 ** 20;

/** A buffer that would grow beyond is followed by another one, and not copied again. */
const BUFFER_BYTES_MAX = 256 * 1024;

/** Bytes of so many or more are spliced in, as records are. */
const SPLICED_BYTES_MIN = 16 * 1024;

/**
 * Kafka's primitive types into slices. Small values gather in buffers of the writer's own; `splice` puts foreign bytes
 * between them uncopied. Values outside their type throw RangeError: they are mistakes of ours, never a peer's. What becomes
 * longer than `bytesMax` throws TooLongError, at the latest when it is finished; records, which have bounds of their own, do
 * not count.
 */
export class Writer {
  readonly #bytesMax: number;
  /** Array elements that were written in this step. */
  #stepElements = 0;
  /** `bytes` at its start. */
  #stepBytes = 0;
  /** Of `#slicedBytes`, all but records. */
  #countedBytes = 0;
  #buffer: Buffer;
  /** Start of what is not yet in `#slices`, and its end. */
  #start = 0;
  #position = 0;
  readonly #slices: Uint8Array[] = [];
  #slicedBytes = 0;

  constructor(capacityBytes = 256, bytesMax = Number.POSITIVE_INFINITY) {
    this.#bytesMax = bytesMax;
    this.#buffer = Buffer.allocUnsafe(capacityBytes);
  }

  /** Everything written but records. */
  get bytes(): number {
    return this.#countedBytes + this.#position - this.#start;
  }

  /** To be told after each array element; says whether others should have their turn before the next one. */
  endsStep(): boolean {
    this.#stepElements += 1;
    const { bytes } = this;
    if (this.#stepElements < STEP_ELEMENTS && bytes - this.#stepBytes < STEP_BYTES) return false;
    this.#stepElements = 0;
    this.#stepBytes = bytes;
    return true;
  }

  /** Everything written. The slices may share memory with other buffers: copy them before a transfer to a thread. */
  finish(): Slices {
    this.#demand(0);
    this.#cut();
    return { slices: this.#slices, bytes: this.#slicedBytes };
  }

  #cut(): void {
    if (this.#position > this.#start) {
      this.#slices.push(this.#buffer.subarray(this.#start, this.#position));
      this.#slicedBytes += this.#position - this.#start;
      this.#countedBytes += this.#position - this.#start;
      this.#start = this.#position;
    }
  }

  /** The position of the next `count` bytes of `#buffer`, which are the caller's to fill. */
  #claim(count: number): number {
    const position = this.#position;
    if (position + count <= this.#buffer.length) {
      this.#position = position + count;
      return position;
    }
    this.#demand(count);
    if (position - this.#start + count > BUFFER_BYTES_MAX) this.#cut();
    const kept = position - this.#start;
    const larger = Buffer.allocUnsafe(Math.max(Math.min(2 * this.#buffer.length, BUFFER_BYTES_MAX), kept + count));
    larger.set(this.#buffer.subarray(this.#start, position));
    this.#buffer = larger;
    this.#start = 0;
    this.#position = kept + count;
    return kept;
  }

  #demand(count: number): void {
    if (this.bytes + count > this.#bytesMax) {
      throw new TooLongError(`more than ${this.#bytesMax} bytes`);
    }
  }

  /** Puts `parts` into the output as they are, without copying. */
  splice(parts: Slices): void {
    this.#cut();
    let bytes = 0;
    for (const slice of parts.slices) {
      if (slice.length > 0) {
        this.#slices.push(slice);
        bytes += slice.length;
      }
    }
    if (bytes !== parts.bytes) {
      throw new RangeError(`slices hold ${bytes} bytes, said to be ${parts.bytes}`);
    }
    this.#slicedBytes += bytes;
  }

  bool(value: boolean): void {
    this.#byte(value ? 1 : 0);
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) {
      throw new RangeError(`not an int8: ${value}`);
    }
    this.#byte(value);
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) {
      throw new RangeError(`not an int16: ${value}`);
    }
    const at = this.#claim(2);
    this.#buffer[at] = value >> 8;
    this.#buffer[at + 1] = value;
  }

  int32(value: number): void {
    if ((value | 0) !== value) {
      throw new RangeError(`not an int32: ${value}`);
    }
    this.#word(value);
  }

  int64(value: number): void {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`not a safe integer: ${value}`);
    }
    this.#word(Math.floor(value / 0x1_0000_0000));
    this.#word(value);
  }

  float64(value: number): void {
    const at = this.#claim(8);
    new DataView(this.#buffer.buffer, this.#buffer.byteOffset).setFloat64(at, value);
  }

  unsignedVarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#byte((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#byte(rest);
  }

  uuid(value: string): void {
    const at = this.#claim(UUID_BYTES);
    uuidToBytes(value, this.#buffer, at);
  }

  /** Long `bytes` are spliced in: they must not change as long as the output is in use. */
  raw(bytes: Uint8Array): void {
    if (bytes.length >= SPLICED_BYTES_MIN) {
      this.#demand(bytes.length);
      this.splice({ slices: [bytes], bytes: bytes.length });
      this.#countedBytes += bytes.length;
      return;
    }
    const at = this.#claim(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** The UTF-8 of `text`, which takes `bytes` bytes (`utf8Bytes`). */
  text(text: string, bytes: number): void {
    const at = this.#claim(bytes);
    // As many bytes as characters: all of them are ASCII.
    if (bytes === text.length && bytes <= SHORT_TEXT_MAX) {
      const buffer = this.#buffer;
      for (let index = 0; index < bytes; index++) buffer[at + index] = text.charCodeAt(index);
    } else {
      this.#buffer.write(text, at, 'utf8');
    }
  }

  #byte(value: number): void {
    const at = this.#claim(1);
    this.#buffer[at] = value;
  }

  #word(value: number): void {
    const at = this.#claim(4);
    const buffer = this.#buffer;
    buffer[at] = value >> 24;
    buffer[at + 1] = value >> 16;
    buffer[at + 2] = value >> 8;
    buffer[at + 3] = value;
  }
}
