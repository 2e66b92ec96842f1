import type { Socket } from 'node:net';

/** Bytes encrypted at a time: what a neighbour waits for, and what lies encrypted until the system takes it. */
const PIECE_BYTES = 256 * 1024;

interface Write {
  readonly slices: readonly Uint8Array[];
  readonly done: () => void;
  /** What is sent already: whole slices, and bytes of the next one. */
  slice: number;
  position: number;
}

/**
 * What one connection has still to send, in order. A slice is in use until its `done`: until the last piece of it has left,
 * or the connection is gone.
 */
export class TlsOutput {
  readonly #writes: Write[] = [];
  #socket: Socket | undefined;
  #queuedBytes = 0;
  /** A piece is on its way. */
  #sending = false;
  #ended = false;
  #closed = false;

  /** Bytes that no socket has taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** From now on there is a socket to send by. */
  open(socket: Socket): void {
    this.#socket = socket;
    this.#pump();
  }

  write(slices: readonly Uint8Array[], done: () => void): void {
    if (this.#ended || this.#closed) {
      process.nextTick(done);
      return;
    }
    for (const slice of slices) this.#queuedBytes += slice.length;
    this.#writes.push({ slices, done, slice: 0, position: 0 });
    this.#pump();
  }

  /** Takes no more; closes the socket once everything is sent. */
  end(): void {
    this.#ended = true;
    this.#pump();
  }

  /** The socket is gone: nothing is in use any more. */
  close(): void {
    this.#closed = true;
    this.#ended = true;
    this.#queuedBytes = 0;
    for (const { done } of this.#writes.splice(0)) done();
  }

  #pump(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#sending || this.#closed) return;
    if (this.#writes.length === 0) {
      if (this.#ended) socket.destroySoon();
      return;
    }
    this.#sending = true;
    const { slices, bytes, finished } = this.#takePiece();
    socket.cork();
    const last = slices.length - 1;
    for (let index = 0; index < last; index += 1) socket.write(slices[index]!);
    // Node calls this once: after the last byte left, or with an error when the socket died first.
    socket.write(slices[last] ?? nothing, () => {
      this.#sending = false;
      if (!this.#closed) this.#queuedBytes -= bytes;
      for (const { done } of finished) done();
      this.#pump();
    });
    socket.uncork();
  }

  #takePiece() {
    const slices: Uint8Array[] = [];
    const finished: Write[] = [];
    let bytes = 0;
    while (bytes < PIECE_BYTES && this.#writes.length > 0) {
      const write = this.#writes[0]!;
      const slice = write.slices[write.slice];
      if (slice === undefined) {
        finished.push(write);
        this.#writes.shift();
        continue;
      }
      const part = slice.subarray(write.position, write.position + PIECE_BYTES - bytes);
      if (part.length > 0) slices.push(part);
      bytes += part.length;
      write.position += part.length;
      if (write.position === slice.length) {
        write.slice += 1;
        write.position = 0;
      }
    }
    // One whose last byte is in this piece is done with it.
    if (this.#writes[0] !== undefined && this.#writes[0].slice === this.#writes[0].slices.length) {
      finished.push(this.#writes.shift()!);
    }
    return { slices, bytes, finished };
  }
}

const nothing = new Uint8Array(0);
