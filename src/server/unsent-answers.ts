/**
 * Answers that clients have not taken yet, of all connections together. Their record batches lie in memory that is there
 * anyway (segments, blocks); all else is heap, which would grow with the number of clients that ask and do not read. From
 * `bytesMax` on, a client with an untaken answer starts no further request, from twice that on nobody does. Requests that
 * wait are started again one a turn of the event loop, so that each sees what the one before it added.
 */
export class UnsentAnswers {
  readonly #bytesMax: number;
  readonly #soon: (run: () => void) => void;
  /** Of clients that have taken every answer: their turn comes first, and earlier. */
  readonly #waitingIdle = new Set<() => void>();
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  #waking = false;

  constructor(bytesMax: number, soon: (run: () => void) => void) {
    this.#bytesMax = bytesMax;
    this.#soon = soon;
  }

  /** Heap that they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Requests wait, or soon will. */
  get isCrowded(): boolean {
    return this.excessBytes > 0;
  }

  /** What must be sent before nobody waits. */
  get excessBytes(): number {
    return this.#bytes - this.#bytesMax + 1;
  }

  /** Clients whose next request waits for room. */
  get waitingCount(): number {
    return this.#waitingIdle.size + this.#waiting.size;
  }

  /** Whether a client may start one more request. */
  mayStart(hasTakenAll: boolean): boolean {
    return this.#bytes < this.#bytesMax * (hasTakenAll ? 2 : 1);
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Sent, or never to be. */
  remove(bytes: number): void {
    this.#bytes -= bytes;
    this.#wake();
  }

  /** `run` once when there is room, unless it is forgotten before. It keeps its place when it asks again. */
  whenRoom(run: () => void, hasTakenAll: boolean): void {
    (hasTakenAll ? this.#waiting : this.#waitingIdle).delete(run);
    (hasTakenAll ? this.#waitingIdle : this.#waiting).add(run);
  }

  forget(run: () => void): void {
    this.#waitingIdle.delete(run);
    this.#waiting.delete(run);
  }

  /** Whose turn it is. */
  #next(): (() => void) | undefined {
    // Asked at every answer, and mostly nobody waits.
    if (this.waitingCount === 0) return undefined;
    const [idle] = this.#waitingIdle;
    if (idle !== undefined && this.mayStart(true)) return idle;
    const [next] = this.#waiting;
    return next !== undefined && this.mayStart(false) ? next : undefined;
  }

  #wake(): void {
    if (this.#waking || this.#next() === undefined) return;
    this.#waking = true;
    this.#soon(() => {
      this.#waking = false;
      const next = this.#next();
      if (next === undefined) return;
      this.forget(next);
      next();
      this.#wake();
    });
  }
}

/** The bytes of an answer that are its own: those in shared memory belong to segments and blocks. */
export function heapBytesOf(slices: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const slice of slices) if (slice.buffer instanceof ArrayBuffer) bytes += slice.length;
  return bytes;
}

/**
 * The same bytes, those on the heap without what else lies in their buffers, where that is more than they are: for an answer
 * that has to wait, so that what is kept alive is what `heapBytesOf` counts, or less than twice as much.
 */
export function withoutNeighbours(slices: readonly Uint8Array[]): readonly Uint8Array[] {
  return slices.map((slice) => {
    const isShared = !(slice.buffer instanceof ArrayBuffer);
    // Not `slice.slice()`: of a Buffer that is a view again.
    return isShared || slice.buffer.byteLength < 2 * slice.length ? slice : new Uint8Array(slice);
  });
}
