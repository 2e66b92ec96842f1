import type {
  Address,
  CertificateFacts,
  Connection,
  Listening,
  Net,
  ReadSink,
  TlsCredentials,
  TlsListening,
} from '../../../src/world/world.js';

/**
 * TCP in memory without time: what a client sends lands at once, in the pieces it is sent in, unless the server paused.
 * As with real sockets, memory that `next` gave is used for the next read whatever happens in between.
 */
export class MemoryNet implements Net {
  readonly #listeners = new Map<number, (connection: Connection) => void>();
  #nextPort = 9_092;
  /** Of the listener that was opened last. */
  lastPort = 0;

  async listen(address: Address, accept: (connection: Connection) => void): Promise<Listening> {
    const port = address.port === 0 ? this.#nextPort : address.port;
    this.#nextPort += 1;
    this.#listeners.set(port, accept);
    this.lastPort = port;
    return {
      address: { host: address.host, port },
      close: async () => {
        this.#listeners.delete(port);
      },
    };
  }

  /** What listeners by TLS were given since, in order. Their bytes are not encrypted. */
  readonly renewals: TlsCredentials[] = [];

  async listenTls(
    address: Address,
    credentials: TlsCredentials,
    accept: (connection: Connection) => void,
  ): Promise<TlsListening> {
    await this.checkTls(credentials);
    const listening = await this.listen(address, (connection) => {
      (connection as MemoryConnection).encrypted = true;
      accept(connection);
    });
    return { ...listening, renew: (renewed) => this.renewals.push(renewed) };
  }

  /** A certificate is a text like `CN=a 1700000000000`; its key ends like it. */
  async checkTls({ certificate, key }: TlsCredentials): Promise<CertificateFacts> {
    const [subject = '', validUntilMs = ''] = certificate.split(' ');
    if (!key.endsWith(subject)) throw new Error('the key is not the key of the certificate');
    return { subject, validUntilMs: Number(validUntilMs) };
  }

  async serveHttp(address: Address): Promise<Listening> {
    return { address, close: async () => {} };
  }

  connect(port: number, remoteHost?: string): MemoryConnection {
    const accept = this.#listeners.get(port);
    if (accept === undefined) {
      throw new Error(`nobody listens on ${port}`);
    }
    const connection = new MemoryConnection(remoteHost);
    accept(connection);
    return connection;
  }
}

export class MemoryConnection implements Connection {
  encrypted = false;
  readonly remoteHost: string;
  readonly remotePort = 50_000;
  /** False: the client takes nothing from its socket, so writes stay queued. */
  clientReads = true;
  /** Reads that still land after `pause`, as when they were under way. */
  readsAfterPause = 0;
  closed = false;
  queuedBytes = 0;
  heldBytes = 0;
  /** Calls of `write`. */
  writes = 0;
  received = new Uint8Array(0);
  #sink: ReadSink | undefined;
  #target: Uint8Array | undefined;
  #paused = false;
  #delivering = false;
  #ending = false;
  #late = 0;
  readonly #toServer: Uint8Array[] = [];
  readonly #unsent: { readonly bytes: number; readonly slices: readonly Uint8Array[]; readonly done: () => void }[] =
    [];
  /** Of the first write that is not done. */
  #takenBytes = 0;
  readonly #onClose: ((failure: string | undefined) => void)[] = [];
  #failure: string | undefined;

  constructor(remoteHost = '192.0.2.1') {
    this.remoteHost = remoteHost;
  }

  // ---- the client's end

  /** Sends `bytes`: the server sees no read longer than `readBytes`. */
  send(bytes: Uint8Array, readBytes = bytes.length): void {
    for (let at = 0; at < bytes.length; at += readBytes) {
      this.#toServer.push(bytes.slice(at, at + readBytes));
    }
    this.#deliver();
  }

  /** Takes what the server wrote. */
  takeQueued(): void {
    this.take(Number.POSITIVE_INFINITY);
  }

  /** The same, but no more than so many bytes, as far as the server is told; what is received is whole writes. */
  take(count: number): void {
    const taken = Math.min(count, this.queuedBytes);
    this.queuedBytes -= taken;
    this.#takenBytes += taken;
    for (let first = this.#unsent[0]; first !== undefined && first.bytes <= this.#takenBytes; first = this.#unsent[0]) {
      this.#unsent.shift();
      this.#takenBytes -= first.bytes;
      this.received = new Uint8Array(Buffer.concat([this.received, ...first.slices]));
      first.done();
    }
    if (this.#ending) {
      this.destroy();
    }
  }

  /** Bytes that the server has not read. */
  get unreadBytes(): number {
    return this.#toServer.reduce((sum, part) => sum + part.length, 0);
  }

  // ---- the server's end

  readInto(sink: ReadSink): void {
    this.#sink = sink;
    this.#target = sink.next();
    this.#deliver();
  }

  pause(): void {
    if (!this.#paused) {
      this.#paused = true;
      this.#late = this.readsAfterPause;
    }
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  write(slices: readonly Uint8Array[], done: () => void = () => {}): void {
    if (this.closed) {
      done();
      return;
    }
    const bytes = slices.reduce((sum, slice) => sum + slice.length, 0);
    this.writes += 1;
    this.queuedBytes += bytes;
    this.#unsent.push({ bytes, slices, done });
    if (this.clientReads) {
      queueMicrotask(() => this.takeQueued());
    }
  }

  end(): void {
    this.#ending = true;
    if (this.#unsent.length === 0) {
      this.destroy();
    }
  }

  destroy(): void {
    if (this.closed) {
      return;
    }
    this.closed = true;
    for (const { done } of this.#unsent.splice(0)) {
      done();
    }
    queueMicrotask(() => {
      for (const run of this.#onClose) {
        run(this.#failure);
      }
    });
  }

  /** The handshake fails. */
  fail(sentence: string): void {
    this.#failure = sentence;
    this.destroy();
  }

  onClose(run: (failure: string | undefined) => void): void {
    this.#onClose.push(run);
  }

  #deliver(): void {
    if (this.#delivering || this.#sink === undefined) {
      return;
    }
    this.#delivering = true;
    while (this.#toServer.length > 0 && !this.closed && (!this.#paused || this.#late > 0)) {
      if (this.#paused) {
        this.#late -= 1;
      }
      const part = this.#toServer[0]!;
      const count = Math.min(part.length, this.#target!.length);
      this.#target!.set(part.subarray(0, count));
      if (count === part.length) {
        this.#toServer.shift();
      } else {
        this.#toServer[0] = part.subarray(count);
      }
      this.#sink.landed(count);
      this.#target = this.#sink.next();
    }
    this.#delivering = false;
  }
}
