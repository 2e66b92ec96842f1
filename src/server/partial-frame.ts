import { apis } from '../protocol/apis.js';
import type { Reservation } from '../threads/budget.js';
import type { Piece } from '../threads/chunks.js';
import type { FrameMemory } from './frame-memory.js';

/** Bytes that one connection alone fills. Those between `parsed` and `used` came while parsing was held up. */
export interface OwnChunk {
  readonly position: number;
  parsed: number;
  used: number;
}

/** The api key and version, with which every frame begins after its length. */
export const KEY_BYTES = 4;

/**
 * A frame of which some bytes have come. Produce requests go to shared memory, in pieces, because a worker reads them;
 * everything else is read by the main thread and lies on the heap. A Produce request may also begin on the heap (short,
 * or chunks were short), and is then placed when it is whole.
 */
export class PartialFrame {
  readonly apiKey: number;
  /** Bytes after the length. */
  readonly size: number;
  /** The first four of them. */
  readonly key: Uint8Array;
  /** How many are still to come. */
  left: number;
  reservation: Reservation | undefined;
  #pieces: Piece[] | undefined;
  #heap: Uint8Array | undefined;
  #heapCount = 0;

  constructor(size: number, key: Uint8Array) {
    this.size = size;
    this.key = key;
    this.left = size - KEY_BYTES;
    this.apiKey = (key[0]! << 8) | key[1]!;
  }

  get isProduce(): boolean {
    return this.apiKey === apis.produce.key;
  }

  /** Whether its bytes lie in shared memory. */
  get pieces(): readonly Piece[] | undefined {
    return this.#pieces;
  }

  get isEmpty(): boolean {
    return this.left === this.size - KEY_BYTES;
  }

  /** From now on its bytes lie in chunks. Only while it is empty. */
  beginPieces(): void {
    this.#pieces = [];
  }

  /** The next `length` bytes lie at `position` of the arena. */
  addPiece(memory: FrameMemory, position: number, length: number): void {
    const last = this.#pieces!.at(-1);
    if (last !== undefined && last.position + last.length === position && position % memory.chunkBytes !== 0) {
      this.#pieces![this.#pieces!.length - 1] = { position: last.position, length: last.length + length };
    } else {
      memory.retain(position);
      this.#pieces!.push({ position, length });
    }
    this.#gained(length);
  }

  /** Takes over pieces that hold the whole rest and their references. */
  setPieces(memory: FrameMemory, pieces: Piece[]): void {
    this.#pieces = pieces;
    this.#giveBackHeap(memory);
    this.#gained(this.left);
  }

  /** The next bytes, copied; what came to `room` onto itself. */
  append(memory: FrameMemory, bytes: Uint8Array): void {
    const start = this.#heapCount;
    const end = start + bytes.length;
    if (this.#heap === undefined || this.#heap.length < end) {
      const larger = memory.aside.take(end, this.size - KEY_BYTES);
      larger.set(this.heapBytes);
      this.#giveBackHeap(memory);
      this.#heap = larger;
    }
    this.#heap.set(bytes, start);
    this.#heapCount = end;
    this.#gained(bytes.length);
  }

  /** Where the next bytes may land instead of elsewhere, so that they are not copied, when it is more than `bytesMin`. */
  room(bytesMin: number): Uint8Array | undefined {
    const heap = this.#heap;
    if (heap === undefined || Math.min(this.left, heap.length - this.#heapCount) <= bytesMin) return undefined;
    return heap.subarray(this.#heapCount, this.#heapCount + this.left);
  }

  /** Moves what lies in chunks to the heap. */
  spill(memory: FrameMemory): void {
    const pieces = this.#pieces ?? [];
    this.#pieces = undefined;
    const { left } = this;
    for (const piece of pieces) {
      this.append(memory, memory.view(piece.position, piece.length));
    }
    this.left = left;
    memory.releaseAll(pieces);
  }

  /** What lies on the heap, after the key. */
  get heapBytes(): Uint8Array {
    return this.#heap?.subarray(0, this.#heapCount) ?? NOTHING;
  }

  /** All of a frame that lies on the heap, in memory of its own. */
  takeBytes(memory: FrameMemory): Uint8Array {
    const bytes = new Uint8Array(this.size);
    bytes.set(this.key);
    bytes.set(this.heapBytes, KEY_BYTES);
    this.#giveBackHeap(memory);
    return bytes;
  }

  /** Gives back everything that it holds. */
  drop(memory: FrameMemory): void {
    memory.releaseAll(this.#pieces ?? []);
    this.#pieces = undefined;
    this.#giveBackHeap(memory);
    this.reservation?.release();
  }

  #giveBackHeap(memory: FrameMemory): void {
    if (this.#heap !== undefined) memory.aside.giveBack(this.#heap);
    this.#heap = undefined;
  }

  #gained(count: number): void {
    this.left -= count;
    this.reservation?.gained(count);
  }
}

const NOTHING = new Uint8Array(0);
