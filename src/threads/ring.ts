import {
  loadHead,
  loadTail,
  RING_HEADER_BYTES,
  setSleeping,
  storeHead,
  storeTail,
  takeSleeping,
} from './ring-state.js';

/**
 * A bounded ring of variable-length records in shared memory, one producer, one consumer, no locks and no blocking.
 *
 * A record is a u32 length and its bytes, padded to 8, never torn by the ring's end: when it does not fit before the
 * end, a SKIP length sends the consumer to the start. Positions count bytes modulo 2^32, so the capacity must divide
 * 2^32: it is a power of two.
 */

const SKIP = -1;
const ALIGNMENT = 8;
const LENGTH_BYTES = 4;

/** Memory for a ring of `capacity` bytes (a power of two, 64 bytes to 1 GiB). */
export function createRing(capacity: number): SharedArrayBuffer {
  if (!(capacity >= 64 && capacity <= 2 ** 30 && (capacity & (capacity - 1)) === 0)) {
    throw new RangeError(`ring capacity ${capacity} is not a power of two between 64 B and 1 GiB`);
  }
  return new SharedArrayBuffer(RING_HEADER_BYTES + capacity);
}

/** The longest record that a ring of this memory takes, wherever its positions are. */
export function recordBytesMax(memory: SharedArrayBuffer): number {
  return (memory.byteLength - RING_HEADER_BYTES) / 2 - ALIGNMENT;
}

/** The producer's end. */
export class RingWriter {
  readonly #words: Int32Array;
  readonly #lengths: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #capacity: number;
  readonly #recordBytesMax: number;
  #tail: number;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, RING_HEADER_BYTES / 4);
    this.#lengths = new Int32Array(memory, RING_HEADER_BYTES);
    this.#bytes = new Uint8Array(memory, RING_HEADER_BYTES);
    this.#capacity = this.#bytes.length;
    this.#recordBytesMax = recordBytesMax(memory);
    this.#tail = loadTail(this.#words);
  }

  /** Appends a record; false when the ring has no room now. A record above `recordBytesMax` is a programmer's error. */
  write(record: Uint8Array): boolean {
    if (record.length > this.#recordBytesMax) {
      throw new RangeError(`a record of ${record.length} bytes exceeds the ring's ${this.#recordBytesMax}`);
    }
    const size = recordSize(record.length);
    const place = this.#tail & (this.#capacity - 1);
    const skipped = place + size > this.#capacity ? this.#capacity - place : 0;
    const used = (this.#tail - loadHead(this.#words)) >>> 0;
    if (used + skipped + size > this.#capacity) {
      return false;
    }
    if (skipped > 0) {
      this.#lengths[place >>> 2] = SKIP;
    }
    const start = skipped > 0 ? 0 : place;
    this.#lengths[start >>> 2] = record.length;
    this.#bytes.set(record, start + LENGTH_BYTES);
    this.#tail = (this.#tail + skipped + size) >>> 0;
    storeTail(this.#words, this.#tail);
    return true;
  }

  /** The consumer has taken everything. */
  get isEmpty(): boolean {
    return loadHead(this.#words) === this.#tail;
  }

  /**
   * True when the consumer slept before the last `write`: the producer, and nobody else, must wake it now. One that naps
   * looks again by itself in a moment; it is woken only when it is `urgent`.
   */
  takeSleeping(urgent: boolean): boolean {
    return takeSleeping(this.#words, urgent);
  }
}

/** The consumer's end. */
export class RingReader {
  readonly #words: Int32Array;
  readonly #lengths: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #capacity: number;
  #head: number;
  #peekedBytes = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, RING_HEADER_BYTES / 4);
    this.#lengths = new Int32Array(memory, RING_HEADER_BYTES);
    this.#bytes = new Uint8Array(memory, RING_HEADER_BYTES);
    this.#capacity = this.#bytes.length;
    this.#head = loadHead(this.#words);
  }

  /** The oldest record, in the ring's own memory until `advance`; undefined when there is none. */
  peek(): Uint8Array | undefined {
    const available = (loadTail(this.#words) - this.#head) >>> 0;
    if (available === 0) {
      return undefined;
    }
    const place = this.#head & (this.#capacity - 1);
    const atEnd = this.#lengths[place >>> 2] === SKIP;
    const skipped = atEnd ? this.#capacity - place : 0;
    const start = atEnd ? 0 : place;
    const length = this.#lengths[start >>> 2]!;
    const size = recordSize(length);
    if (length < 0 || skipped + size > available) {
      throw new Error(`ring damaged: length ${length} at ${start}, ${available} bytes available`);
    }
    this.#peekedBytes = skipped + size;
    return this.#bytes.subarray(start + LENGTH_BYTES, start + LENGTH_BYTES + length);
  }

  /** Frees the record that `peek` gave. */
  advance(): void {
    if (this.#peekedBytes === 0) {
      throw new Error('advance without a peeked record');
    }
    this.#head = (this.#head + this.#peekedBytes) >>> 0;
    this.#peekedBytes = 0;
    storeHead(this.#words, this.#head);
  }

  /**
   * Declares that the consumer goes to sleep. False when records came meanwhile: go on reading. True: the producer's
   * next write finds the flag and sends a wake; with `naps` only an urgent one, since the consumer promises to look again
   * by itself in a moment. (The flag is set before the last look, so no record slips between.)
   */
  sleep(naps: boolean): boolean {
    setSleeping(this.#words, naps);
    if (loadTail(this.#words) === this.#head) {
      return true;
    }
    // Either side may take the flag back; when the producer does, its wake finds the consumer awake, which is harmless.
    takeSleeping(this.#words, true);
    return false;
  }
}

function recordSize(length: number): number {
  return (LENGTH_BYTES + length + ALIGNMENT - 1) & -ALIGNMENT;
}
