/**
 * TLS by node:tls over sockets of node:net. A connection is accepted unread, so that whoever accepts it may turn it away
 * before it costs anything; the handshake begins with `readInto`, and only when the whole ClientHello is there: that is
 * where its expensive part lies (`Handshakes` says who begins when).
 *
 * Bytes are copied once, natively, from where they were decrypted to where the sink wants them. Bytes go out in
 * pieces, because Node encrypts a write at once and keeps the whole of it: a piece bounds that time and that memory.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { HELLO_BYTES_MAX, judgeFirstBytes } from './client-hello.js';
import {
  acceptedSocketOptions,
  copyInto,
  type SocketReads,
  startListening,
  type TuneListener,
} from './real-sockets.js';
import {
  clientLeft,
  contextOf,
  type Handshaking,
  HANDSHAKE_MS_MAX,
  Handshakes,
  noTurn,
  tooSlow,
} from './tls-handshakes.js';
import { TlsOutput } from './tls-output.js';
import { canReadDirectly, TlsReads } from './tls-reads.js';
import type { Address, CertificateFacts, Connection, ReadSink, TlsCredentials, TlsListening } from './world.js';

/** Connections that the system keeps waiting for `accept`. */
const backlog = 1024;

/** Throws an Error for people when TLS cannot be served with these. */
export function checkCredentials(credentials: TlsCredentials): CertificateFacts {
  const { certificate, key, ca } = credentials;
  const own = certificatesOf(certificate, 'the certificate')[0]!;
  if (ca !== undefined) certificatesOf(ca, 'the CA');
  if (!own.checkPrivateKey(keyOf(key))) throw new Error('the key is not the key of the certificate');
  try {
    createSecureContext(contextOf(credentials));
  } catch (error) {
    throw new Error(`certificate and key cannot be used: ${(error as Error).message}`);
  }
  return { subject: own.subject.replaceAll('\n', ', '), validUntilMs: Date.parse(own.validTo) };
}

function keyOf(pem: string): KeyObject {
  if (/BEGIN ENCRYPTED|ENCRYPTED$/m.test(pem)) throw new Error('the key is encrypted; give one without a passphrase');
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error('the key is no private key in PEM');
  }
}

/** Node takes a text without certificates for none, and none for those that the system trusts: here it is a mistake. */
function certificatesOf(pem: string, what: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error(`${what} holds no certificate in PEM`);
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new Error(`${what} is damaged: ${(error as Error).message}`);
    }
  });
}

/** `accept` gets connections whose handshake has not begun. */
export async function listenTls(
  address: Address,
  credentials: TlsCredentials,
  reads: SocketReads,
  accept: (connection: Connection) => void,
  tune?: TuneListener,
): Promise<TlsListening> {
  checkCredentials(credentials);
  const handshakes = new Handshakes(credentials);
  const server = createTcpServer(acceptedSocketOptions, (socket) =>
    accept(new TlsConnection(socket, handshakes, reads)),
  );
  const listening = await startListening(server, address, backlog, tune);
  return {
    ...listening,
    renew: (renewed) => {
      checkCredentials(renewed);
      handshakes.renew(renewed);
    },
  };
}

class TlsConnection implements Connection, Handshaking {
  readonly encrypted = true;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly raw: Socket;
  readonly #handshakes: Handshakes;
  readonly #way: SocketReads;
  readonly #output = new TlsOutput();
  #first: Uint8Array = new Uint8Array(0);
  /** One that never sent a byte (a probe of the port) is none that failed. */
  #hasSent = false;
  #sink: ReadSink | undefined;
  #socket: TLSSocket | undefined;
  #reads: { pause(): void; resume(): void; readonly heldBytes?: number } | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #failure: string | undefined;
  #paused = false;
  #closed = false;
  readonly #closeListeners: ((failure: string | undefined) => void)[] = [];

  constructor(raw: Socket, handshakes: Handshakes, reads: SocketReads) {
    this.raw = raw;
    this.#way = reads;
    this.#handshakes = handshakes;
    this.remoteHost = raw.remoteAddress ?? '';
    this.remotePort = raw.remotePort ?? 0;
    // Whatever the error, the connection is gone: 'close' follows.
    raw.on('error', () => {});
    raw.on('end', () => raw.destroy());
    raw.on('close', () => {
      // What node:tls has to say about it comes within this turn.
      if (this.#socket === undefined) setImmediate(() => this.#gone());
    });
  }

  get queuedBytes(): number {
    return this.#output.queuedBytes;
  }

  /** OpenSSL keeps what has come of one record or handshake message besides, which nothing here can see. */
  get heldBytes(): number {
    return this.#first.length + (this.#socket ?? this.raw).readableLength + (this.#reads?.heldBytes ?? 0);
  }

  readInto(sink: ReadSink): void {
    if (this.#sink !== undefined) throw new Error('readInto is called once');
    this.#sink = sink;
    if (this.#closed || this.raw.destroyed) return;
    this.#limit(tooSlow);
    this.raw.on('readable', this.#readFirst);
  }

  readonly #readFirst = (): void => {
    const part = this.raw.read() as Uint8Array | null;
    if (part === null) return;
    this.#hasSent = true;
    this.#first = Buffer.concat([this.#first, part]);
    const judged = judgeFirstBytes(this.#first);
    if (judged === 'foreign') {
      this.failed('the client does not speak TLS, this listener does: set security.protocol=SSL');
      this.raw.destroy();
    } else if (judged === 'whole' || this.#first.length > HELLO_BYTES_MAX) {
      this.raw.off('readable', this.#readFirst);
      this.raw.unshift(this.#first);
      this.#first = new Uint8Array(0);
      this.#limit(noTurn);
      this.#handshakes.begin(this);
    }
  };

  /** From now on there are `HANDSHAKE_MS_MAX` to what comes next. */
  #limit(sentence: string): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      this.failed(sentence);
      this.raw.destroy();
    }, HANDSHAKE_MS_MAX);
  }

  /** The handshake begins. */
  begun(): void {
    this.#limit(tooSlow);
  }

  /** The handshake is done. */
  secured(socket: TLSSocket): void {
    clearTimeout(this.#deadline);
    this.#handshakes.done(this);
    this.#socket = socket;
    // During the handshake the end of one side is the end; from now on what is queued is still sent.
    socket.allowHalfOpen = true;
    socket.on('error', () => {});
    socket.on('close', () => this.#gone());
    if (this.#way === 'direct' && canReadDirectly(socket)) {
      this.#reads = new TlsReads(socket, this.#sink!, this.#paused, () => this.#output.end());
    } else {
      this.#reads = socket;
      socket.on('end', () => this.#output.end());
      copyInto(socket, this.#sink!);
      if (!this.#paused) socket.resume();
    }
    this.#output.open(socket);
  }

  /** The handshake has failed; its sockets are being closed. */
  failed(sentence: string): void {
    this.#failure ??= sentence;
  }

  pause(): void {
    this.#paused = true;
    this.#reads?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#reads?.resume();
  }

  write(slices: readonly Uint8Array[], done: () => void = () => {}): void {
    if (this.#sink === undefined) throw new Error('readInto comes before write');
    this.#output.write(slices, done);
  }

  end(): void {
    this.#output.end();
    if (this.#socket === undefined && this.#output.queuedBytes === 0) this.raw.destroy();
  }

  destroy(): void {
    this.#output.end();
    (this.#socket ?? this.raw).destroy();
  }

  onClose(run: (failure: string | undefined) => void): void {
    if (this.#closed) process.nextTick(() => run(this.#failure));
    else this.#closeListeners.push(run);
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#deadline);
    this.#handshakes.done(this);
    if (this.#socket === undefined && this.#hasSent) this.failed(clientLeft);
    this.#output.close();
    for (const run of this.#closeListeners) run(this.#failure);
  }
}
