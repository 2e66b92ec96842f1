import { native } from '../../native-bindings/bindings.js';
import type { Chunks, Piece } from '../threads/chunks.js';
import { AsideMemory } from './aside-memory.js';

/**
 * Room that the landing buffer gives to one read: enough for what quiet connections send, little beside the frames of busy
 * ones, whose first bytes are copied from it.
 */
const LANDING_BYTES = 4 * 1024;

/**
 * Memory for frames on their way in. Quiet connections share one landing buffer, which must be emptied before the read's
 * callback returns. A connection that streams, or is in the middle of a long frame, gets a chunk of its own; the rest of a
 * short frame lands where the frame is put together, on the heap.
 *
 * Nobody waits for a chunk while holding another: a frame that finds no further chunk moves to the heap (its size is
 * reserved in the byte budget) and comes back into the arena whole. So the arena may be of any size that holds the
 * largest frame. Half-sent frames may hold every chunk, but not while others wait for room: the budget revokes them.
 */
export class FrameMemory {
  readonly landing = new Uint8Array(LANDING_BYTES);
  /** Where short frames are put together that come in parts while chunks are short. */
  readonly aside = new AsideMemory();
  readonly #chunks: Chunks;
  readonly #waiting = new Set<() => void>();
  #retrying = false;
  #again = false;

  constructor(chunks: Chunks) {
    this.#chunks = chunks;
  }

  get chunkBytes(): number {
    return this.#chunks.chunkBytes;
  }

  /** The longest frame that fits the arena, whatever the order of its chunks. */
  get frameBytesMax(): number {
    return (this.#chunks.chunksTotal - 1) * this.#chunks.chunkBytes;
  }

  /** Whether a connection between two frames may keep its chunk. */
  get isPlenty(): boolean {
    return this.#chunks.chunksFree > this.#chunks.chunksTotal / 2;
  }

  /**
   * A chunk for a connection whose last one lies at `after`, with one reference; undefined when they are short. The last
   * eighth is for long frames.
   */
  takeChunk(forLongFrame: boolean, after?: number): number | undefined {
    const kept = forLongFrame ? 0 : this.#chunks.chunksTotal / 8;
    return this.#chunks.chunksFree > kept ? this.#chunks.take(after) : undefined;
  }

  /** One more reference to the chunk at `position`. */
  retain(position: number): void {
    this.#chunks.retain(position);
  }

  /** One reference less. Whoever waits for room is asked again when there is more of it. */
  release(position: number): void {
    if (this.#chunks.release(position)) this.#retry();
  }

  releaseAll(pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      this.release(piece.position);
    }
  }

  view(position: number, length: number): Uint8Array {
    return this.#chunks.view({ position, length });
  }

  /** Copies `bytes` to `position` of the arena. V8 copies into shared memory word by word. */
  copy(bytes: Uint8Array, position: number): void {
    native.copy(this.#chunks.bytes, position, bytes, 0, bytes.length);
  }

  /** Copies a whole frame into the arena; each piece holds a reference. Undefined when there is no room now. */
  place(bytes: Uint8Array): Piece[] | undefined {
    const { chunkBytes } = this.#chunks;
    if (bytes.length <= chunkBytes) {
      const position = this.#chunks.reserveSmall(bytes.length);
      if (position === undefined) {
        return undefined;
      }
      this.copy(bytes, position);
      return [{ position, length: bytes.length }];
    }
    if (this.#chunks.chunksFree < Math.ceil(bytes.length / chunkBytes)) {
      return undefined;
    }
    const pieces: Piece[] = [];
    for (let start = 0; start < bytes.length; start += chunkBytes) {
      const position = this.#chunks.take(pieces.at(-1)?.position)!;
      const part = bytes.subarray(start, start + chunkBytes);
      this.copy(part, position);
      pieces.push({ position, length: part.length });
    }
    return pieces;
  }

  /** Runs `retry` once, when a chunk has become free. The returned function cancels. */
  whenRoom(retry: () => void): () => void {
    this.#waiting.add(retry);
    return () => this.#waiting.delete(retry);
  }

  /** Somebody waits for room. */
  get isWaitedFor(): boolean {
    return this.#waiting.size > 0;
  }

  #retry(): void {
    this.#again = true;
    // One that was placed may give its room back at once.
    if (this.#retrying) return;
    this.#retrying = true;
    try {
      while (this.#again) {
        this.#again = false;
        // First come, first served: whoever finds no room waits again, behind the others.
        for (const retry of [...this.#waiting]) {
          if (this.#waiting.delete(retry)) retry();
        }
      }
    } finally {
      this.#retrying = false;
    }
  }
}
