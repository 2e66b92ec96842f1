import { Socket, type SocketConstructorOpts } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ReadSink } from './world.js';

/** What Node decrypts at a time. */
const RECORD_BYTES_MAX = 16 * 1024;
const HELD_BYTES_MIN = 1024;

/**
 * Reads of a TLS socket into the caller's memory: Node copies there what it has decrypted, instead of into a buffer that
 * it makes, queues and hands out in an event ('data'), which costs half as much CPU again (docs/decisions/005). Node offers
 * `onread` to outgoing sockets only; here an accepted one is told afterwards what its constructor would have been told,
 * under the names that a socket with `onread` has. Where those are not found, reading goes by 'data' events.
 *
 * Node decrypts all that has come, whatever a pause says. Those bytes are kept here until `resume`, like those of a stream.
 */
export class TlsReads {
  readonly #socket: TLSSocket;
  readonly #sink: ReadSink;
  readonly #whenEnded: () => void;
  /** Asked for, and nothing has landed in it yet. */
  #target: Uint8Array | undefined;
  /** What Node was given last: the target, or the shelf. */
  #given: Uint8Array = nothing;
  /** What has come and not landed lies between `#heldFrom` and `#heldTo` of it. */
  #held: Uint8Array = nothing;
  #heldFrom = 0;
  #heldTo = 0;
  #paused: boolean;
  #ended = false;

  /** `whenEnded` runs once the peer has ended and everything that it sent has landed. */
  constructor(socket: TLSSocket, sink: ReadSink, paused: boolean, whenEnded: () => void) {
    this.#socket = socket;
    this.#sink = sink;
    this.#paused = paused;
    this.#whenEnded = whenEnded;
    const inside = socket as unknown as Inside;
    this.#given = this.#next();
    inside[names!.buffer] = this.#given;
    inside[names!.next] = () => this.#next();
    inside[names!.read] = (count: number) => this.#read(count);
    inside._handle.useUserBuffer(this.#given);
    socket.on('end', () => {
      this.#ended = true;
      this.#deliver();
    });
    // The handshake has left it reading.
    if (paused) socket.pause();
    else socket.resume();
  }

  /** Memory of what has come and not landed. */
  get heldBytes(): number {
    return this.#held.length;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  /** What is kept lands after the caller's turn: the caller may be a sink whose memory is shared and still in use. */
  resume(): void {
    this.#paused = false;
    if (this.#held === nothing && !this.#ended) this.#socket.resume();
    else setImmediate(() => this.#goOn());
  }

  #goOn(): void {
    this.#deliver();
    if (!this.#isPaused) this.#socket.resume();
  }

  /** The sink may have paused meanwhile. */
  get #isPaused(): boolean {
    return this.#paused;
  }

  /** Where the next bytes go. */
  #next(): Uint8Array {
    if (this.#paused || this.#held !== nothing || this.#socket.destroyed) {
      this.#given = shelf;
    } else {
      this.#target ??= this.#sink.next();
      this.#given = this.#target;
    }
    return this.#given;
  }

  #read(count: number): true {
    if (this.#given === this.#target) {
      this.#target = undefined;
      this.#sink.landed(count);
    } else {
      this.#keep(count);
      this.#deliver();
    }
    return true;
  }

  /** Many short records share memory: what is kept takes what has come, however it was cut. */
  #keep(count: number): void {
    if (this.#heldTo + count > this.#held.length) {
      const kept = this.#held.subarray(this.#heldFrom, this.#heldTo);
      this.#held = new Uint8Array(Math.max(HELD_BYTES_MIN, 2 ** Math.ceil(Math.log2(kept.length + count))));
      this.#held.set(kept);
      this.#heldFrom = 0;
      this.#heldTo = kept.length;
    }
    this.#held.set(shelf.subarray(0, count), this.#heldTo);
    this.#heldTo += count;
  }

  #deliver(): void {
    while (this.#heldFrom < this.#heldTo && !this.#paused && !this.#socket.destroyed) {
      this.#target ??= this.#sink.next();
      const target = this.#target;
      const count = Math.min(this.#heldTo - this.#heldFrom, target.length);
      target.set(this.#held.subarray(this.#heldFrom, this.#heldFrom + count));
      this.#heldFrom += count;
      this.#target = undefined;
      this.#sink.landed(count);
    }
    if (this.#heldFrom < this.#heldTo) return;
    this.#held = nothing;
    this.#heldFrom = 0;
    this.#heldTo = 0;
    if (this.#ended && !this.#paused) this.#whenEnded();
  }
}

interface Inside {
  [name: symbol]: unknown;
  readonly _handle: { useUserBuffer(memory: Uint8Array): void };
}

const nothing = new Uint8Array(0);
/** Where Node puts what comes during a pause; it is kept, or lands, before anybody's next read. */
const shelf = new Uint8Array(RECORD_BYTES_MAX);

/** Under which names a socket keeps its memory, what gives it more, and what it tells of a read; undefined: unknown. */
function namesInside(): { readonly buffer: symbol; readonly next: symbol; readonly read: symbol } | undefined {
  const options: SocketConstructorOpts & { readonly onread: unknown } = {
    onread: { buffer: () => nothing, callback: () => true },
  };
  const symbols = Object.getOwnPropertySymbols(new Socket(options));
  const named = (name: string) => symbols.find((symbol) => symbol.description === name);
  const [buffer, next, read] = [named('kBuffer'), named('kBufferGen'), named('kBufferCb')];
  return buffer === undefined || next === undefined || read === undefined ? undefined : { buffer, next, read };
}

const names = namesInside();

/** Whether this Node's TLS sockets can be read so. */
export function canReadDirectly(socket: TLSSocket): boolean {
  const handle = (socket as unknown as Partial<Inside>)._handle;
  return names !== undefined && typeof handle?.useUserBuffer === 'function';
}
