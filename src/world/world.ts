/**
 * The world: the only way to the clock, timers, randomness, sockets and disk (DESIGN: floor 0).
 * `real.ts` is Node's; the simulator has its own. Store drivers that bring their own client (S3) are the one exception.
 */
export interface World {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly net: Net;
  readonly files: Files;
}

export interface Clock {
  /** Milliseconds, fractional, from an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Milliseconds since 1970, whole. */
  wallMs(): number;
}

export interface Timers {
  /** Runs once after `delayMs` milliseconds unless cancelled. Does not keep the process alive by itself. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs after the I/O callbacks of this turn (Node: setImmediate). */
  soon(run: () => void): void;
}

export interface Timer {
  cancel(): void;
}

export interface Random {
  bytes(count: number): Uint8Array;
  uint32(): number;
}

export interface Net {
  /** Listens for Kafka connections. Port 0 picks a free one. Rejects with the system's error code (EADDRINUSE …). */
  listen(address: Address, accept: (connection: Connection) => void): Promise<Listening>;
  /** Serves HTTP: the handler answers every request. */
  serveHttp(address: Address, handle: (request: HttpRequest) => Promise<HttpResponse>): Promise<Listening>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Listening {
  readonly address: Address;
  /** Stops accepting; open connections stay. */
  close(): Promise<void>;
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** Where a connection's next bytes land. `next` is asked again after every `landed`. */
export interface ReadSink {
  /** Memory (length > 0) that receives the next bytes. */
  next(): Uint8Array;
  /** `count` bytes now lie at the start of the memory that `next` last gave. */
  landed(count: number): void;
}

/** One accepted TCP connection. */
export interface Connection {
  readonly remoteHost: string;
  readonly remotePort: number;
  /** Starts reading. Called once. */
  readInto(sink: ReadSink): void;
  /** Stops reading after the bytes already under way; they still land. */
  pause(): void;
  resume(): void;
  /** Queues slices in order (corked into one write). `done` runs once, when their memory may be reused: sent, or the connection is gone. */
  write(slices: readonly Uint8Array[], done?: () => void): void;
  /** Bytes queued and not yet taken by the operating system. */
  readonly queuedBytes: number;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  /** Runs once when the connection is gone for whatever reason. */
  onClose(run: () => void): void;
}

/** Errors carry the system's `code` (ENOENT, EEXIST, ENOSPC …). */
export interface Files {
  /** Makes the folder and its parents; each new name is durable when it resolves. */
  makeFolder(path: string): Promise<void>;
  /** Names directly inside, unsorted. */
  list(path: string): Promise<readonly { readonly name: string; readonly isFolder: boolean }[]>;
  /** Creates a file that must not exist. */
  create(path: string): Promise<OpenFile>;
  open(path: string): Promise<OpenFile>;
  /** A second name for a file; EEXIST when the name is taken. The atomic conditional create. */
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes the names inside a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Takes an exclusive advisory lock that ends with the process; false when another live process holds it. */
  lock(path: string): Promise<FileLock | undefined>;
}

export interface FileLock {
  release(): Promise<void>;
}

export interface OpenFile {
  size(): Promise<number>;
  /** Reads up to `into.length` bytes at `position`; returns how many. */
  read(into: Uint8Array, position: number): Promise<number>;
  write(slices: readonly Uint8Array[], position: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}
