import { native } from '../../native-bindings/bindings.js';
import { type Piece, runOf } from '../../src/threads/chunks.js';

/**
 * Memory for frames whose pieces do not lie side by side, since a decoder wants a frame in one, and for batches that were
 * compressed anew. Held until the seal that takes its batches, or rewound when none of them lies in it: blocks of memory are
 * kept and used again. Bounded by the open segment and one request more: the lane takes nothing beyond it.
 */
const BLOCK_BYTES = 4 * 1024 * 1024;
/** A rush leaves no more than these behind. */
const BLOCKS_KEPT = 4;

export class Scratch {
  /** All of BLOCK_BYTES. */
  readonly #blocks: Uint8Array[] = [];
  #block = 0;
  #used = 0;

  /** The frame's bytes: in place where its pieces lie side by side, gathered otherwise. */
  whole(chunks: Uint8Array, pieces: readonly Piece[]): { readonly body: Uint8Array; readonly inPlace: boolean } {
    const run = runOf(pieces);
    return run === undefined
      ? { body: this.gather(chunks, pieces), inPlace: false }
      : { body: chunks.subarray(run.position, run.position + run.length), inPlace: true };
  }

  /** A copy of the frame's bytes in one piece. */
  gather(chunks: Uint8Array, pieces: readonly Piece[]): Uint8Array {
    const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const gathered = this.take(total);
    let at = 0;
    for (const { position, length } of pieces) {
      native.copy(gathered, at, chunks, position, length);
      at += length;
    }
    return gathered;
  }

  /** Nothing of what was gathered is needed any more. */
  reset(): void {
    this.#block = 0;
    this.#used = 0;
    this.#blocks.length = Math.min(this.#blocks.length, BLOCKS_KEPT);
  }

  /** How far memory is taken, for `rewind`. */
  get mark(): number {
    return this.#block * BLOCK_BYTES + this.#used;
  }

  /** Nothing of what was taken since `mark` is needed any more. */
  rewind(mark: number): void {
    this.#block = Math.floor(mark / BLOCK_BYTES);
    this.#used = mark % BLOCK_BYTES;
  }

  /** Memory of `length` bytes, with anything in it. */
  take(length: number): Uint8Array {
    if (length > BLOCK_BYTES) {
      // Rare and large: not kept.
      return new Uint8Array(length);
    }
    if (this.#used + length > BLOCK_BYTES) {
      this.#block += 1;
      this.#used = 0;
    }
    this.#blocks[this.#block] ??= new Uint8Array(BLOCK_BYTES);
    const taken = this.#blocks[this.#block]!.subarray(this.#used, this.#used + length);
    this.#used += length;
    return taken;
  }
}
