import type { Ledger } from './limits.js';
import { SIZE } from './limits.js';

/**
 * The segments that extents lie in. A row appears with a segment's first extent and goes with its last; extents name it
 * by row number, which only this replica knows (snapshots order segments by agent epoch and number instead).
 * Columns grow in chunks of 1,024 rows: agent epoch f64 · number f64 · bytes u32 · live bytes u32 · live extents u32.
 */
export class Segments {
  readonly #ledger: Ledger;
  readonly #chunks: Chunk[] = [];
  readonly #free: number[] = [];
  #rows = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get count(): number {
    return this.#rows - this.#free.length;
  }

  /** A row without extents yet. */
  add(agentEpoch: number, number: number, bytes: number): number {
    let row = this.#free.pop();
    if (row === undefined) {
      row = this.#rows++;
      if (row % CHUNK_ROWS === 0) {
        this.#chunks.push(new Chunk());
      }
    }
    const chunk = this.#chunks[row >>> CHUNK_SHIFT]!;
    const at = row & CHUNK_MASK;
    chunk.agentEpochs[at] = agentEpoch;
    chunk.numbers[at] = number;
    chunk.bytes[at] = bytes;
    chunk.liveBytes[at] = 0;
    chunk.liveExtents[at] = 0;
    this.#ledger.bytes += SIZE.segment;
    return row;
  }

  /** An extent of `length` bytes now lies in the segment. */
  addExtent(row: number, length: number): void {
    const chunk = this.#chunks[row >>> CHUNK_SHIFT]!;
    chunk.liveBytes[row & CHUNK_MASK]! += length;
    chunk.liveExtents[row & CHUNK_MASK]! += 1;
  }

  /** An extent is gone; the row goes with the last one. */
  removeExtent(row: number, length: number): void {
    const chunk = this.#chunks[row >>> CHUNK_SHIFT]!;
    const at = row & CHUNK_MASK;
    chunk.liveBytes[at]! -= length;
    chunk.liveExtents[at]! -= 1;
    if (chunk.liveExtents[at] === 0) {
      this.#free.push(row);
      this.#ledger.bytes -= SIZE.segment;
      this.#ledger.digest.number(chunk.agentEpochs[at]!);
      this.#ledger.digest.number(chunk.numbers[at]!);
    }
  }

  agentEpoch(row: number): number {
    return this.#chunks[row >>> CHUNK_SHIFT]!.agentEpochs[row & CHUNK_MASK]!;
  }
  number(row: number): number {
    return this.#chunks[row >>> CHUNK_SHIFT]!.numbers[row & CHUNK_MASK]!;
  }
  bytes(row: number): number {
    return this.#chunks[row >>> CHUNK_SHIFT]!.bytes[row & CHUNK_MASK]!;
  }
  liveBytes(row: number): number {
    return this.#chunks[row >>> CHUNK_SHIFT]!.liveBytes[row & CHUNK_MASK]!;
  }
  liveExtents(row: number): number {
    return this.#chunks[row >>> CHUNK_SHIFT]!.liveExtents[row & CHUNK_MASK]!;
  }

  /** Live rows in the order of (agent epoch, number). */
  ordered(): Uint32Array {
    const rows: number[] = [];
    for (let row = 0; row < this.#rows; row++) {
      if (this.liveExtents(row) > 0) {
        rows.push(row);
      }
    }
    rows.sort((a, b) => this.agentEpoch(a) - this.agentEpoch(b) || this.number(a) - this.number(b));
    return Uint32Array.from(rows);
  }

  /** Rows ever used: every live row number is below it. */
  get rowLimit(): number {
    return this.#rows;
  }
}

const CHUNK_SHIFT = 10;
const CHUNK_ROWS = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_ROWS - 1;

class Chunk {
  readonly agentEpochs = new Float64Array(CHUNK_ROWS);
  readonly numbers = new Float64Array(CHUNK_ROWS);
  readonly bytes = new Uint32Array(CHUNK_ROWS);
  readonly liveBytes = new Uint32Array(CHUNK_ROWS);
  readonly liveExtents = new Uint32Array(CHUNK_ROWS);
}
