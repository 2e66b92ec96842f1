/**
 * The arena of shared memory that receives socket bytes, cut into chunks of one size. Owned by the main thread.
 *
 * A chunk is freed when its last reference goes: the connection that fills it holds one, every frame piece in it another.
 * The first free chunk is taken, so an idle agent keeps touching the same few pages, and a busy one those that its processor
 * still has at hand. Small frames that came through the landing buffer share the *bump chunk*: each takes the next bytes of it.
 */

/** A place in the arena. */
export interface Piece {
  readonly position: number;
  readonly length: number;
}

/** The place of bytes that came in these pieces, in order, when they lie side by side. */
export function runOf(pieces: readonly Piece[]): Piece | undefined {
  const [first] = pieces;
  if (first === undefined) return undefined;
  let end = first.position;
  for (const { position, length } of pieces) {
    if (position !== end) return undefined;
    end += length;
  }
  return { position: first.position, length: end - first.position };
}

/** A stream leaves the chunk beside its last one for earlier ones only where so many lie side by side: it costs a copy. */
const RUN_CHUNKS_MIN = 4;

/** Small frames start at multiples of this, so that neighbours do not share a cache line with a batch being read. */
const BUMP_ALIGNMENT = 64;

export class Chunks {
  readonly memory: SharedArrayBuffer;
  readonly chunkBytes: number;
  readonly bytes: Uint8Array;
  /** Of each chunk; 0: it is free. */
  readonly #references: Uint32Array;
  #chunksFree: number;
  /** No chunk before this one is free. */
  #firstFree = 0;
  #bumpChunk: number | undefined;
  #bumpUsed = 0;

  /** `memory` holds whole chunks of `chunkBytes`; a rest at its end stays unused. */
  constructor(memory: SharedArrayBuffer, chunkBytes: number) {
    this.memory = memory;
    this.chunkBytes = chunkBytes;
    this.bytes = new Uint8Array(memory);
    const count = Math.floor(memory.byteLength / chunkBytes);
    this.#references = new Uint32Array(count);
    this.#chunksFree = count;
  }

  get chunksFree(): number {
    return this.#chunksFree;
  }

  get chunksTotal(): number {
    return this.#references.length;
  }

  /**
   * The position of a chunk of the caller's own, with one reference; undefined when all are in use. Whoever filled the chunk at
   * `after` gets the one beside it, so that what lies in both lies in one run of bytes; or begins the first run of free ones,
   * lest a stream walk through all of the arena.
   */
  take(after?: number): number | undefined {
    if (this.#chunksFree === 0) return undefined;
    while (this.#references[this.#firstFree] !== 0) this.#firstFree += 1;
    const beside = after === undefined ? this.chunksTotal : this.#chunkAt(after) + 1;
    const chunk = this.#references[beside] === 0 ? (this.#runBefore(beside) ?? beside) : this.#firstFree;
    this.#references[chunk] = 1;
    this.#chunksFree -= 1;
    return chunk * this.chunkBytes;
  }

  /** Where the first run of free chunks begins that lies before `end`. */
  #runBefore(end: number): number | undefined {
    let length = 0;
    for (let chunk = this.#firstFree; chunk < end; chunk += 1) {
      length = this.#references[chunk] === 0 ? length + 1 : 0;
      if (length === RUN_CHUNKS_MIN) return chunk + 1 - RUN_CHUNKS_MIN;
    }
    return undefined;
  }

  /** One more reference to the chunk at `position` (any position inside). */
  retain(position: number): void {
    const chunk = this.#chunkAt(position);
    if (this.#references[chunk] === 0) {
      throw new Error(`chunk ${chunk} is free: it cannot be retained`);
    }
    this.#references[chunk]! += 1;
  }

  /** One reference less; the last one frees the chunk. True when there is more room now. */
  release(position: number): boolean {
    const chunk = this.#chunkAt(position);
    const references = this.#references[chunk]!;
    if (references === 0) {
      throw new Error(`chunk ${chunk} was released more often than retained`);
    }
    this.#references[chunk] = references - 1;
    if (references === 1) {
      this.#chunksFree += 1;
      this.#firstFree = Math.min(this.#firstFree, chunk);
      return true;
    }
    // All frames in the bump chunk are gone: the next ones begin anew in it.
    return references === 2 && this.#bumpChunk !== undefined && this.#chunkAt(this.#bumpChunk) === chunk;
  }

  /**
   * Room for one frame of at most `chunkBytes` in the shared bump chunk, with a reference of its own (`release` its
   * position); undefined when all chunks are in use.
   */
  reserveSmall(length: number): number | undefined {
    if (length > this.chunkBytes) {
      throw new RangeError(`${length} bytes do not fit a chunk of ${this.chunkBytes}`);
    }
    if (this.#bumpChunk !== undefined && this.#references[this.#chunkAt(this.#bumpChunk)] === 1) {
      // All its frames are gone: the same, warm bytes again.
      this.#bumpUsed = 0;
    }
    if (this.#bumpChunk === undefined || this.#bumpUsed + length > this.chunkBytes) {
      const fresh = this.take();
      if (fresh === undefined) {
        return undefined;
      }
      if (this.#bumpChunk !== undefined) {
        this.release(this.#bumpChunk);
      }
      this.#bumpChunk = fresh;
      this.#bumpUsed = 0;
    }
    const position = this.#bumpChunk + this.#bumpUsed;
    this.#bumpUsed = (this.#bumpUsed + length + BUMP_ALIGNMENT - 1) & -BUMP_ALIGNMENT;
    this.retain(position);
    return position;
  }

  /** The memory of a piece. */
  view(piece: Piece): Uint8Array {
    return this.bytes.subarray(piece.position, piece.position + piece.length);
  }

  #chunkAt(position: number): number {
    const chunk = Math.floor(position / this.chunkBytes);
    if (!(chunk >= 0 && chunk < this.#references.length)) {
      throw new RangeError(`position ${position} lies outside the arena`);
    }
    return chunk;
  }
}
