/**
 * The world: the only way to the clock, timers, randomness, sockets and disk (docs/ARCHITECTURE.md, Floors).
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
  /**
   * The same by TLS 1.2 and later. The handshake begins with a connection's `readInto` and has 10 seconds; what goes wrong
   * in it closes the connection with a sentence for the operator. Rejects as `checkTls` does.
   */
  listenTls(
    address: Address,
    credentials: TlsCredentials,
    accept: (connection: Connection) => void,
  ): Promise<TlsListening>;
  /** Rejects with an Error whose message is for people when nothing can be served with these. */
  checkTls(credentials: TlsCredentials): Promise<CertificateFacts>;
  /**
   * Serves HTTP: the handler answers every request. Nobody keeps a connection without an end. `close` ends them all, once
   * answers that are still being made have had a moment.
   */
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

/** PEM texts. */
export interface TlsCredentials {
  /** The listener's own, with the chain above it. */
  readonly certificate: string;
  /** Without a passphrase. */
  readonly key: string;
  /** Clients must have a certificate of one of these; undefined: they need none. */
  readonly ca: string | undefined;
}

export interface CertificateFacts {
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly validUntilMs: number;
}

export interface TlsListening extends Listening {
  /** For handshakes that begin from now on; open connections stay. Throws where `checkTls` rejects, and changes nothing then. */
  renew(credentials: TlsCredentials): void;
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

/** One accepted TCP connection, or TLS connection: then bytes are those inside. */
export interface Connection {
  readonly encrypted: boolean;
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
  /** Memory of bytes that have come and not landed: before a TLS handshake, and during a pause. */
  readonly heldBytes: number;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  /** Runs once when the connection is gone for whatever reason. `failure` says why its handshake failed, if that is why. */
  onClose(run: (failure: string | undefined) => void): void;
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
  /**
   * `create`, `write`, `sync`, `link`, `syncFolder` (also when the name is taken) and `remove` in one turn of one thread,
   * where the machine has the means. Resolves to what failed and how far it had got; the scratch file is gone either way.
   */
  createWhole?(scratch: string, path: string, slices: readonly Uint8Array[]): Promise<CreateFault | undefined>;
  /**
   * `open`, `size`, `read` and `close` in one turn of one thread, where the machine has the means. `long`: it is longer than
   * is good for one turn; `shorter`: it became shorter while it was read.
   */
  readWhole?(path: string): Promise<Uint8Array | 'long' | 'shorter'>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes the names inside a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Takes an exclusive advisory lock that ends with the process; false when another live process holds it. */
  lock(path: string): Promise<FileLock | undefined>;
}

export interface CreateFault {
  /** `write`: it has no name; `link`: not this one; `settle`: it has, and may lose it when power fails. */
  readonly step: 'write' | 'link' | 'settle';
  /** With the code of the system. */
  readonly error: Error;
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
