/**
 * TCP by node:net. Accepted sockets read straight into the caller's memory ('direct'): Node offers `onread` to outgoing
 * sockets only, so the handle of an accepted socket is taken over by a new `net.Socket` that has it. That leans on three
 * things no manual promises (`_handle`, the constructor's `handle`, buffers from a function), which is why all of it is
 * in this file, why test/contract/sockets.test.ts runs on every supported Node, and why there is a second way ('copied'):
 * 'data' events and one copy. Each way asks `next`, then for each read calls `landed` and `next` again.
 */
import { createServer, type Server, Socket, type SocketConstructorOpts } from 'node:net';
import type { Address, Connection, Listening, ReadSink } from './world.js';

export type SocketReads = 'direct' | 'copied';

/** Connections that the system keeps waiting for `accept`. */
const backlog = 1024;

/** Accepted sockets are not read before `readInto`. */
export const acceptedSocketOptions = {
  pauseOnConnect: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
} as const;

export function listenTcp(
  address: Address,
  reads: SocketReads,
  accept: (connection: Connection) => void,
  tune?: TuneListener,
): Promise<Listening> {
  const server = createServer(acceptedSocketOptions, (socket) => accept(new TcpConnection(socket, reads)));
  return startListening(server, address, backlog, tune);
}

/** Sets options of a listening socket that the ones it accepts inherit. */
export type TuneListener = (fd: number) => void;

/** Resolves once the server listens; its `close` does not wait for open connections. */
export function startListening(
  server: Server,
  address: Address,
  connectionsWaitingMax: number,
  tune?: TuneListener,
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address.host, port: address.port, backlog: connectionsWaitingMax }, () => {
      server.off('error', reject);
      // An accept that fails (EMFILE) is tried again by libuv with the next connection.
      server.on('error', () => {});
      const { fd } = (server as Server & { _handle: { readonly fd?: number } })._handle;
      if (fd !== undefined && fd >= 0) tune?.(fd);
      const bound = server.address();
      if (bound === null || typeof bound === 'string') throw new Error('A TCP server has no address');
      resolve({
        address: { host: address.host, port: bound.port },
        close: () =>
          new Promise((closed) => {
            server.close();
            setImmediate(closed);
          }),
      });
    });
  });
}

/** A libuv TCP handle, as far as it matters here. */
interface TakenHandle {
  readonly useUserBuffer?: unknown;
  /** Bytes of all writes so far, and how many of them the system has not taken; both undefined on an unknown Node. */
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}

/** @types/node knows neither the field nor that the option takes such a handle. */
type SocketWithHandle = Socket & { _handle: TakenHandle | null };
type DirectSocketOptions = Omit<SocketConstructorOpts, 'handle'> & { readonly handle: TakenHandle };

class TcpConnection implements Connection {
  readonly encrypted = false;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly #reads: SocketReads;
  #socket: Socket;
  #reading = false;
  /** Nothing more is written: ended from here or by the peer, or gone. */
  #finished = false;
  #closed = false;
  readonly #closeListeners: ((failure: undefined) => void)[] = [];

  constructor(socket: Socket, reads: SocketReads) {
    this.#socket = socket;
    this.#reads = reads;
    this.remoteHost = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.#watch(socket);
  }

  get queuedBytes(): number {
    const socket = this.#socket as SocketWithHandle;
    const { bytesWritten, writeQueueSize } = socket._handle ?? {};
    // Node counts a write until all of it is taken; what shows that a slow reader moves is libuv's queue.
    if (bytesWritten === undefined || writeQueueSize === undefined) return socket.writableLength;
    return socket.bytesWritten - bytesWritten + writeQueueSize;
  }

  /** Direct reads stop at once; 'data' events leave what came in the stream. */
  get heldBytes(): number {
    return this.#socket.readableLength;
  }

  readInto(sink: ReadSink): void {
    if (this.#reading) throw new Error('readInto is called once');
    this.#reading = true;
    if (this.#closed || this.#socket.destroyed) return;
    const handle = (this.#socket as SocketWithHandle)._handle;
    if (this.#reads === 'direct' && handle !== null && typeof handle.useUserBuffer === 'function') {
      this.#readDirectly(handle, sink);
    } else {
      copyInto(this.#socket, sink);
      this.#socket.resume();
    }
  }

  #readDirectly(handle: TakenHandle, sink: ReadSink): void {
    const shell = this.#socket as SocketWithHandle;
    let target = sink.next();
    let asked = true;
    const options: DirectSocketOptions = {
      handle,
      onread: {
        // Node asks once at the start and after every read, the last one included.
        buffer: () => {
          if (!asked && !this.#socket.destroyed) target = sink.next();
          asked = false;
          return target;
        },
        callback: (count) => {
          sink.landed(count);
          return true;
        },
      },
    };
    // The shell goes without its handle; its server forgets it.
    shell._handle = null;
    shell.removeAllListeners();
    shell.destroy();
    this.#socket = new Socket(options as unknown as SocketConstructorOpts);
    this.#watch(this.#socket);
    this.#socket.resume();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  write(slices: readonly Uint8Array[], done: () => void = () => {}): void {
    if (!this.#reading) throw new Error('readInto comes before write');
    if (this.#finished) {
      process.nextTick(done);
      return;
    }
    const socket = this.#socket;
    const last = slices.length - 1;
    if (last > 0 && areSmall(slices)) {
      socket.write(Buffer.concat(slices), () => done());
      return;
    }
    socket.cork();
    for (let index = 0; index < last; index += 1) socket.write(slices[index]!);
    // Node calls this once: after the last byte left, or with an error when the socket died first.
    socket.write(slices[last] ?? nothing, () => done());
    socket.uncork();
  }

  end(): void {
    this.#finished = true;
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#finished = true;
    this.#socket.destroy();
  }

  onClose(run: (failure: undefined) => void): void {
    if (this.#closed) process.nextTick(run, undefined);
    else this.#closeListeners.push(run);
  }

  #watch(socket: Socket): void {
    // Whatever the error, the connection is gone: 'close' follows.
    socket.on('error', () => {});
    socket.on('end', () => {
      this.#finished = true;
    });
    socket.on('close', () => {
      this.#finished = true;
      this.#closed = true;
      for (const run of this.#closeListeners) run(undefined);
    });
  }
}

/** Hands what a socket receives to a sink, by one copy. The caller resumes the socket. */
export function copyInto(socket: Socket, sink: ReadSink): void {
  let target = sink.next();
  // A socket with a listener of 'data' flows at once, unless it was paused.
  socket.pause();
  socket.on('data', (bytes: Uint8Array) => {
    for (let position = 0; position < bytes.length && !socket.destroyed; ) {
      const count = Math.min(target.length, bytes.length - position);
      target.set(bytes.subarray(position, position + count));
      position += count;
      sink.landed(count);
      if (!socket.destroyed) target = sink.next();
    }
  });
}

/** Up to here it costs less to copy slices together than to hand them over one by one. */
const joinedBytesMax = 4096;

function areSmall(slices: readonly Uint8Array[]): boolean {
  let bytes = 0;
  for (const slice of slices) bytes += slice.length;
  return bytes <= joinedBytesMax;
}

const nothing = new Uint8Array(0);
