/**
 * The extents of one partition, ordered by offset: 32-byte rows in chunks that double up to 256 rows, so growth never
 * copies. A row: base offset f64 · max timestamp f64 · records u32 · segment row u32 · position u32 · length u32.
 * Rows go from either end: a chunk goes with its last row, so the memory follows and nothing moves. Inside, rows are
 * counted from the first one ever; callers count from the first one there.
 */
export class Extents {
  #chunks: Chunk[] = [];
  /** Chunks that went from the front. */
  #chunksGone = 0;
  /** The first row that is there, and the one after the last. */
  #first = 0;
  #end = 0;

  get count(): number {
    return this.#end - this.#first;
  }

  append(baseOffset: number, records: number, maxTimestamp: number, segment: number, position: number, length: number) {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.count === chunk.capacity) {
      chunk = new Chunk(chunk === undefined ? CHUNK_ROWS_MIN : Math.min(chunk.capacity * 2, CHUNK_ROWS_MAX), this.#end);
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
    this.#end++;
  }

  /** Removes the first extent and returns its segment row and length. */
  removeFirst(): RemovedExtent | undefined {
    if (this.count === 0) {
      return undefined;
    }
    const chunk = this.#chunks[0]!;
    const removed = chunk.removed(this.#first - chunk.first);
    this.#first++;
    if (this.#first === chunk.first + chunk.count) {
      this.#chunks.shift();
      this.#chunksGone++;
    }
    this.#beginAnewWhenEmpty();
    return removed;
  }

  /** Removes the last extent and returns its segment row and length. */
  removeLast(): RemovedExtent | undefined {
    if (this.count === 0) {
      return undefined;
    }
    const chunk = this.#chunks.at(-1)!;
    const removed = chunk.removed(--chunk.count);
    if (chunk.count === 0) {
      this.#chunks.pop();
    }
    this.#end--;
    this.#beginAnewWhenEmpty();
    return removed;
  }

  /** Offset after the last one of the extent. */
  endOffset(index: number): number {
    return this.baseOffset(index) + this.records(index);
  }
  baseOffset(index: number): number {
    const row = this.#first + index;
    const chunk = this.#chunkOf(row);
    return chunk.floats[(row - chunk.first) * 4]!;
  }
  maxTimestamp(index: number): number {
    const row = this.#first + index;
    const chunk = this.#chunkOf(row);
    return chunk.floats[(row - chunk.first) * 4 + 1]!;
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
    let low = this.#first;
    let high = this.#end;
    // Nearly all readers are near the end: steps back from there, each twice as long, find the rows to search.
    for (let step = 1; high - step >= low; step *= 2) {
      const row = high - step;
      if (!this.#endsAfter(row, offset)) {
        low = row + 1;
        break;
      }
      high = row;
    }
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2);
      if (this.#endsAfter(middle, offset)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low - this.#first;
  }

  /** Index of the first extent, from `from` on, whose greatest timestamp is >= `timestampMs`; -1 when there is none. */
  indexOfTimestamp(timestampMs: number, from: number): number {
    const begin = this.#first + from;
    for (const chunk of this.#chunks) {
      if (chunk.maxTimestamp < timestampMs) {
        continue;
      }
      for (let row = Math.max(0, begin - chunk.first); row < chunk.count; row++) {
        if (chunk.floats[row * 4 + 1]! >= timestampMs) {
          return chunk.first + row - this.#first;
        }
      }
    }
    return -1;
  }

  /** Index of the extent, from `from` on, that holds the greatest timestamp, the first of equals; -1 when there is none. */
  indexOfMaxTimestamp(from: number): number {
    const begin = this.#first + from;
    let best = Number.NEGATIVE_INFINITY;
    for (const chunk of this.#chunks) {
      if (chunk.first >= begin) {
        best = Math.max(best, chunk.maxTimestamp);
        continue;
      }
      // The greatest one of a chunk that is not whole may be among the rows that do not count.
      for (let row = begin - chunk.first; row < chunk.count; row++) {
        best = Math.max(best, chunk.floats[row * 4 + 1]!);
      }
    }
    return this.indexOfTimestamp(best, from);
  }

  #endsAfter(row: number, offset: number): boolean {
    const chunk = this.#chunkOf(row);
    const at = row - chunk.first;
    return chunk.floats[at * 4]! + chunk.words[at * 8 + 4]! > offset;
  }

  #word(index: number, column: number): number {
    const row = this.#first + index;
    const chunk = this.#chunkOf(row);
    return chunk.words[(row - chunk.first) * 8 + column]!;
  }

  #chunkOf(row: number): Chunk {
    // Chunk i of the doubling ones begins at row 8 * (2^i - 1); from row 248 on they are all of the greatest size.
    const at =
      row < DOUBLING_ROWS
        ? 31 - Math.clz32(row / CHUNK_ROWS_MIN + 1)
        : DOUBLING_CHUNKS + Math.floor((row - DOUBLING_ROWS) / CHUNK_ROWS_MAX);
    return this.#chunks[at - this.#chunksGone]!;
  }

  #beginAnewWhenEmpty(): void {
    if (this.#first === this.#end) {
      this.#chunks = [];
      this.#chunksGone = 0;
      this.#first = 0;
      this.#end = 0;
    }
  }
}

export interface RemovedExtent {
  /** Its segment's row. */
  readonly segment: number;
  readonly length: number;
}

const CHUNK_ROWS_MIN = 8;
const CHUNK_ROWS_MAX = 256;
const DOUBLING_CHUNKS = Math.log2(CHUNK_ROWS_MAX / CHUNK_ROWS_MIN);
const DOUBLING_ROWS = CHUNK_ROWS_MAX - CHUNK_ROWS_MIN;

class Chunk {
  readonly capacity: number;
  /** Number of its first row. */
  readonly first: number;
  readonly floats: Float64Array;
  readonly words: Uint32Array;
  count = 0;
  /** Of all rows it ever held: an upper bound once some were removed. */
  maxTimestamp = 0;

  constructor(capacity: number, first: number) {
    const rows = new ArrayBuffer(capacity * 32);
    this.capacity = capacity;
    this.first = first;
    this.floats = new Float64Array(rows);
    this.words = new Uint32Array(rows);
  }

  removed(row: number): RemovedExtent {
    return { segment: this.words[row * 8 + 5]!, length: this.words[row * 8 + 7]! };
  }
}
