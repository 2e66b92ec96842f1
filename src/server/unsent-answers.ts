/**
 * Answers that clients have not taken yet, of all connections together. Their record batches lie in memory that is there
 * anyway (segments, blocks); all else is heap, which would grow with the number of clients that ask and do not read. From
 * `bytesMax` on, a client with an untaken answer starts no further request, from twice that on nobody does. Requests that
 * wait are started again one a turn of the event loop, so that each sees what the one before it added.
 */
export class UnsentAnswers {
  readonly #bytesMax: number;
  readonly #soon: (run: () => void) => void;
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
    return this.#bytes >= this.#bytesMax;
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

  /** `run` once when there is room, unless it is forgotten before. */
  whenRoom(run: () => void): void {
    this.#waiting.add(run);
  }

  forget(run: () => void): void {
    this.#waiting.delete(run);
  }

  #wake(): void {
    if (this.#waking || this.#waiting.size === 0 || this.isCrowded) return;
    this.#waking = true;
    this.#soon(() => {
      this.#waking = false;
      const [next] = this.#waiting;
      if (next === undefined || this.isCrowded) return;
      this.#waiting.delete(next);
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
