import { SHORT_TEXT_MAX } from '../bytes/utf8.js';
import { UUID_BYTES, uuidToBytes } from '../bytes/uuid.js';

/** Bytes in order, as pieces that a socket writes one after the other. */
export interface Slices {
  readonly slices: readonly Uint8Array[];
  /** Sum of the slices' lengths. */
  readonly bytes: number;
}

/**
 * Kafka's primitive types into slices. Small values gather in a buffer of the writer's own; `splice` puts foreign bytes
 * between them uncopied. Values outside their type throw RangeError: they are mistakes of ours, never a peer's.
 */
export class Writer {
  /** Array elements that were written in steps. */
  elementsWritten = 0;
  #buffer: Buffer;
  /** Start of what is not yet in `#slices`, and its end. */
  #start = 0;
  #position = 0;
  readonly #slices: Uint8Array[] = [];
  #slicedBytes = 0;

  constructor(capacityBytes = 256) {
    this.#buffer = Buffer.allocUnsafe(capacityBytes);
  }

  /** Everything written. The slices may share memory with other buffers: copy them before a transfer to a thread. */
  finish(): Slices {
    this.#cut();
    return { slices: this.#slices, bytes: this.#slicedBytes };
  }

  #cut(): void {
    if (this.#position > this.#start) {
      this.#slices.push(this.#buffer.subarray(this.#start, this.#position));
      this.#slicedBytes += this.#position - this.#start;
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
    const kept = position - this.#start;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, kept + count));
    larger.set(this.#buffer.subarray(this.#start, position));
    this.#buffer = larger;
    this.#start = 0;
    this.#position = kept + count;
    return kept;
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

  raw(bytes: Uint8Array): void {
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
