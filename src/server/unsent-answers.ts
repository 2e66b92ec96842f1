import { STEP_BYTES } from '../protocol/writer.js';

/** An answer that is being written, in steps. */
export interface UnfinishedAnswer {
  /** It has so many bytes now. Resolves when it may go on, or nobody waits for it any more; undefined: it may at once. */
  wrote(bytes: number): Promise<void> | undefined;
  /** It is written, or never will be. */
  end(): void;
}

/**
 * Answers that clients have not taken yet, of all connections together. Their record batches lie in memory that is there
 * anyway (segments, blocks); all else is heap, which would grow with the number of clients that ask and do not read. From
 * `bytesMax` on, a client with an untaken answer starts no further request, from twice that on nobody does. Requests that
 * wait are started again one a turn of the event loop, so that each sees what the one before it added.
 *
 * Answers that are still being written count as well. One that is longer than a step waits there until it is the only one and
 * there is room among those that are written: how long it becomes is not known before.
 */
export class UnsentAnswers {
  readonly #bytesMax: number;
  readonly #soon: (run: () => void) => void;
  /** Of clients that have taken every answer: their turn comes first, and earlier. */
  readonly #waitingIdle = new Set<() => void>();
  readonly #waiting = new Set<() => void>();
  /** Of answers that are longer than a step, and not written yet. */
  readonly #waitingLong = new Set<() => void>();
  /** The long answer whose turn it is. */
  #long: UnfinishedAnswer | undefined;
  #writtenBytes = 0;
  #unfinishedBytes = 0;
  #waking = false;

  constructor(bytesMax: number, soon: (run: () => void) => void) {
    this.#bytesMax = bytesMax;
    this.#soon = soon;
  }

  /** Heap that they take. */
  get bytes(): number {
    return this.#writtenBytes + this.#unfinishedBytes;
  }

  /** What must be sent before nobody waits for what is written. */
  get excessBytes(): number {
    return this.#writtenBytes - this.#bytesMax + 1;
  }

  /** Clients whose next request, or long answer, waits for room. */
  get waitingCount(): number {
    return this.#waitingIdle.size + this.#waiting.size + this.#waitingLong.size;
  }

  /** Whether a client may start one more request. */
  mayStart(hasTakenAll: boolean): boolean {
    return this.bytes < this.#bytesMax * (hasTakenAll ? 2 : 1);
  }

  add(bytes: number): void {
    this.#writtenBytes += bytes;
  }

  /** Sent, or never to be. */
  remove(bytes: number): void {
    this.#writtenBytes -= bytes;
    this.#wake();
  }

  /** For an answer that is written in steps; `signal` is aborted when nobody waits for it. */
  begin(signal: AbortSignal): UnfinishedAnswer {
    let counted = 0;
    const answer: UnfinishedAnswer = {
      wrote: (bytes) => {
        this.#unfinishedBytes += bytes - counted;
        counted = bytes;
        const mayGoOn = bytes < STEP_BYTES || this.#long === answer || signal.aborted;
        return mayGoOn ? undefined : this.#turnOf(answer, signal);
      },
      end: () => {
        this.#unfinishedBytes -= counted;
        if (this.#long === answer) this.#long = undefined;
        this.#wake();
      },
    };
    return answer;
  }

  #turnOf(answer: UnfinishedAnswer, signal: AbortSignal): Promise<void> | undefined {
    if (this.#waitingLong.size === 0 && this.#mayWriteLong()) {
      this.#long = answer;
      return undefined;
    }
    return new Promise((resolve) => {
      const gone = (): void => {
        this.#waitingLong.delete(goOn);
        resolve();
      };
      const goOn = (): void => {
        signal.removeEventListener('abort', gone);
        this.#long = answer;
        resolve();
      };
      this.#waitingLong.add(goOn);
      signal.addEventListener('abort', gone, { once: true });
    });
  }

  /** What is unfinished waits for this itself. */
  #mayWriteLong(): boolean {
    return this.#long === undefined && this.#writtenBytes < 2 * this.#bytesMax;
  }

  /** `run` once when there is room, unless it is forgotten before. It keeps its place when it asks again. */
  whenRoom(run: () => void, hasTakenAll: boolean): void {
    (hasTakenAll ? this.#waiting : this.#waitingIdle).delete(run);
    (hasTakenAll ? this.#waitingIdle : this.#waiting).add(run);
  }

  forget(run: () => void): void {
    this.#waitingIdle.delete(run);
    this.#waiting.delete(run);
    this.#waitingLong.delete(run);
  }

  /** Whose turn it is. */
  #next(): (() => void) | undefined {
    // Asked at every answer, and mostly nobody waits.
    if (this.waitingCount === 0) return undefined;
    const [long] = this.#waitingLong;
    if (long !== undefined && this.#mayWriteLong()) return long;
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
