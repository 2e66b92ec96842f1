import { Socket, type SocketConstructorOpts } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ReadSink } from './world.js';

/** What Node decrypts at a time. */
const RECORD_BYTES_MAX = 16 * 1024;

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
  /** What Node was given last: the target, or memory of ours. */
  #given: Uint8Array = nothing;
  #held: Uint8Array[] = [];
  /** What is free of the memory in which they lie. */
  #room: Uint8Array = nothing;
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
    if (!paused) socket.resume();
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  /** What is kept lands after the caller's turn: the caller may be a sink whose memory is shared and still in use. */
  resume(): void {
    this.#paused = false;
    if (this.#held.length === 0 && !this.#ended) this.#socket.resume();
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
    if (this.#paused || this.#held.length > 0 || this.#socket.destroyed) {
      if (this.#room.length === 0) this.#room = new Uint8Array(RECORD_BYTES_MAX);
      this.#given = this.#room;
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
    const bytes = this.#given.subarray(0, count);
    this.#room = this.#given.subarray(count);
    const last = this.#held.at(-1);
    if (last?.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset) {
      this.#held[this.#held.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + count);
    } else this.#held.push(bytes);
  }

  #deliver(): void {
    while (this.#held.length > 0 && !this.#paused && !this.#socket.destroyed) {
      const first = this.#held[0]!;
      this.#target ??= this.#sink.next();
      const target = this.#target;
      const count = Math.min(first.length, target.length);
      target.set(first.subarray(0, count));
      if (count === first.length) this.#held.shift();
      else this.#held[0] = first.subarray(count);
      this.#target = undefined;
      this.#sink.landed(count);
    }
    if (this.#held.length > 0) return;
    this.#room = nothing;
    if (this.#ended && !this.#paused) this.#whenEnded();
  }
}

interface Inside {
  [name: symbol]: unknown;
  readonly _handle: { useUserBuffer(memory: Uint8Array): void };
}

const nothing = new Uint8Array(0);

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
