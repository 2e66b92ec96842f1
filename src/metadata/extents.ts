/**
 * The extents of one partition, ordered by offset: 32-byte rows in chunks that double up to 256 rows, so growth never
 * copies. A row: base offset f64 · max timestamp f64 · records u32 · segment row u32 · position u32 · length u32.
 */
export class Extents {
  readonly #chunks: Chunk[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  append(baseOffset: number, records: number, maxTimestamp: number, segment: number, position: number, length: number) {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.count === chunk.capacity) {
      chunk = new Chunk(
        chunk === undefined ? CHUNK_ROWS_MIN : Math.min(chunk.capacity * 2, CHUNK_ROWS_MAX),
        this.#count,
      );
      this.#chunks.push(chunk);
    }
    const row = chunk.count++;
    chunk.floats[row * 4] = baseOffset;
    chunk.floats[row * 4 + 1] = maxTimestamp;
    chunk.words[row * 8 + 4] = records;
    chunk.words[row * 8 + 5] = segment;
    chunk.words[row * 8 + 6] = position;
    chunk.words[row * 8 + 7] = length;
    if (row === 0 || maxTimestamp > chunk.maxTimestamp) {
      chunk.maxTimestamp = maxTimestamp;
    }
    this.#count++;
  }

  /** Removes the last extent and returns its segment row and length. */
  removeLast(): { readonly segment: number; readonly length: number } | undefined {
    const chunk = this.#chunks.at(-1);
    if (chunk === undefined) {
      return undefined;
    }
    const row = --chunk.count;
    const removed = { segment: chunk.words[row * 8 + 5]!, length: chunk.words[row * 8 + 7]! };
    if (row === 0) {
      this.#chunks.pop();
    }
    this.#count--;
    return removed;
  }

  baseOffset(index: number): number {
    const chunk = this.#chunkOf(index);
    return chunk.floats[(index - chunk.first) * 4]!;
  }
  maxTimestamp(index: number): number {
    const chunk = this.#chunkOf(index);
    return chunk.floats[(index - chunk.first) * 4 + 1]!;
  }
  records(index: number): number {
    return this.#word(index, 4);
  }
  segment(index: number): number {
    return this.#word(index, 5);
  }
  position(index: number): number {
    return this.#word(index, 6);
  }
  length(index: number): number {
    return this.#word(index, 7);
  }

  /** Index of the first extent that holds an offset >= `offset`; `count` when there is none. */
  indexOfOffset(offset: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = this.#chunkOf(middle);
      const row = middle - chunk.first;
      if (chunk.floats[row * 4]! + chunk.words[row * 8 + 4]! > offset) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** Index of the first extent whose greatest timestamp is >= `timestampMs`; -1 when there is none. */
  indexOfTimestamp(timestampMs: number): number {
    for (const chunk of this.#chunks) {
      if (chunk.maxTimestamp >= timestampMs) {
        for (let row = 0; row < chunk.count; row++) {
          if (chunk.floats[row * 4 + 1]! >= timestampMs) {
            return chunk.first + row;
          }
        }
      }
    }
    return -1;
  }

  /** Index of the extent that holds the greatest timestamp, the first of equals; -1 when there is none. */
  indexOfMaxTimestamp(): number {
    let best: Chunk | undefined;
    for (const chunk of this.#chunks) {
      if (best === undefined || chunk.maxTimestamp > best.maxTimestamp) {
        best = chunk;
      }
    }
    return best === undefined ? -1 : this.indexOfTimestamp(best.maxTimestamp);
  }

  #word(index: number, column: number): number {
    const chunk = this.#chunkOf(index);
    return chunk.words[(index - chunk.first) * 8 + column]!;
  }

  #chunkOf(index: number): Chunk {
    // Chunk i of the doubling ones begins at row 8 * (2^i - 1); from row 248 on they are all of the greatest size.
    const at =
      index < DOUBLING_ROWS
        ? 31 - Math.clz32(index / CHUNK_ROWS_MIN + 1)
        : DOUBLING_CHUNKS + Math.floor((index - DOUBLING_ROWS) / CHUNK_ROWS_MAX);
    return this.#chunks[at]!;
  }
}

const CHUNK_ROWS_MIN = 8;
const CHUNK_ROWS_MAX = 256;
const DOUBLING_CHUNKS = Math.log2(CHUNK_ROWS_MAX / CHUNK_ROWS_MIN);
const DOUBLING_ROWS = CHUNK_ROWS_MAX - CHUNK_ROWS_MIN;

class Chunk {
  readonly capacity: number;
  /** Index of its first row among the partition's extents. */
  readonly first: number;
  readonly floats: Float64Array;
  readonly words: Uint32Array;
  count = 0;
  /** Of all its rows; an upper bound once rows were removed from its end, which only a deleted topic does. */
  maxTimestamp = 0;

  constructor(capacity: number, first: number) {
    const rows = new ArrayBuffer(capacity * 32);
    this.capacity = capacity;
    this.first = first;
    this.floats = new Float64Array(rows);
    this.words = new Uint32Array(rows);
  }
}
