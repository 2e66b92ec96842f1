/**
 * TLS by node:tls over sockets of node:net. A connection is accepted unread, so that whoever accepts it may turn it away
 * before it costs anything; the handshake begins with `readInto`, and only when the whole ClientHello is there: that is
 * where its expensive part lies, and one of them a turn of the event loop keeps a storm of them from stalling neighbours.
 *
 * Bytes are copied once, natively, from where they were decrypted to where the sink wants them. Bytes go out in
 * pieces, because Node encrypts a write at once and keeps the whole of it: a piece bounds that time and that memory.
 */
import { constants, createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { createServer as createTcpServer, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  createSecureContext,
  type TlsOptions,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import { HELLO_BYTES_MAX, judgeFirstBytes } from './client-hello.js';
import { acceptedSocketOptions, copyInto, type SocketReads, startListening } from './real-sockets.js';
import { TlsOutput } from './tls-output.js';
import { canReadDirectly, TlsReads } from './tls-reads.js';
import type { Address, CertificateFacts, Connection, ReadSink, TlsCredentials, TlsListening } from './world.js';

const handshakeMsMax = 10_000;
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
): Promise<TlsListening> {
  checkCredentials(credentials);
  const handshakes = new Handshakes(credentials, reads);
  const server = createTcpServer(acceptedSocketOptions, (socket) => accept(new TlsConnection(socket, handshakes)));
  const listening = await startListening(server, address, backlog);
  return { ...listening, renew: (renewed) => handshakes.renew(renewed) };
}

function contextOf({ certificate, key, ca }: TlsCredentials): TlsOptions {
  return {
    cert: certificate,
    key,
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    // A session is resumed without looking at the client's certificate again: with a new CA, old tickets must be void.
    ticketKeys: randomBytes(48),
  };
}

/** The handshakes of one listener: one begins per turn of the event loop. */
class Handshakes {
  readonly reads: SocketReads;
  readonly #server: TlsServer;
  readonly #connections = new WeakMap<Socket, TlsConnection>();
  readonly #waiting: TlsConnection[] = [];
  #scheduled = false;

  constructor(credentials: TlsCredentials, reads: SocketReads) {
    this.reads = reads;
    const withCa = credentials.ca !== undefined;
    this.#server = createTlsServer({
      ...contextOf(credentials),
      handshakeTimeout: handshakeMsMax,
      requestCert: withCa,
      rejectUnauthorized: withCa,
      pauseOnConnect: true,
    });
    this.#server.on('secureConnection', (socket) => this.#of(socket)?.secured(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      const because = socket.authorizationError as unknown as string | null;
      this.#of(socket)?.failed(sentenceOfFailure(error, because));
      socket.destroy();
    });
  }

  renew(credentials: TlsCredentials): void {
    checkCredentials(credentials);
    this.#server.setSecureContext(contextOf(credentials));
  }

  begin(connection: TlsConnection): void {
    this.#waiting.push(connection);
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      let next = this.#waiting.shift();
      while (next?.raw.destroyed === true) next = this.#waiting.shift();
      if (this.#waiting.length > 0) this.#schedule();
      if (next === undefined) return;
      this.#connections.set(next.raw, next);
      // The documented way to give a tls.Server a socket that is connected already.
      this.#server.emit('connection', next.raw);
    });
  }

  /** Which connection a socket of node:tls belongs to; that it knows what it wraps is in no manual (see the contract test). */
  #of(socket: TLSSocket): TlsConnection | undefined {
    return this.#connections.get((socket as TLSSocket & { readonly _parent: Socket })._parent);
  }
}

const clientLeft = 'the client left during the TLS handshake';
const tooSlow = `no TLS handshake within ${handshakeMsMax / 1000} s`;
const sentences: Readonly<Record<string, string>> = {
  ECONNRESET: clientLeft,
  ERR_TLS_HANDSHAKE_TIMEOUT: tooSlow,
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the client offers no TLS 1.2 or later',
  // Alerts are what the client sent.
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the client does not trust the certificate of this listener',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'the client does not trust the certificate of this listener',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'the client does not trust the certificate of this listener',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'the client gave no certificate, which --tls-ca requires',
};

function sentenceOfFailure(error: Error & { readonly code?: string }, because: string | null): string {
  if (because !== null) return `the client's certificate is refused: ${because}`;
  return sentences[error.code ?? ''] ?? `TLS handshake failed: ${error.code ?? error.message}`;
}

class TlsConnection implements Connection {
  readonly encrypted = true;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly raw: Socket;
  readonly #handshakes: Handshakes;
  readonly #output = new TlsOutput();
  #first: Uint8Array = new Uint8Array(0);
  /** One that never sent a byte (a probe of the port) is none that failed. */
  #hasSent = false;
  #sink: ReadSink | undefined;
  #socket: TLSSocket | undefined;
  #reads: { pause(): void; resume(): void } | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #failure: string | undefined;
  #paused = false;
  #closed = false;
  readonly #closeListeners: ((failure: string | undefined) => void)[] = [];

  constructor(raw: Socket, handshakes: Handshakes) {
    this.raw = raw;
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

  readInto(sink: ReadSink): void {
    if (this.#sink !== undefined) throw new Error('readInto is called once');
    this.#sink = sink;
    if (this.#closed || this.raw.destroyed) return;
    this.#deadline = setTimeout(() => {
      this.failed(tooSlow);
      this.raw.destroy();
    }, handshakeMsMax);
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
      this.#handshakes.begin(this);
    }
  };

  /** The handshake is done. */
  secured(socket: TLSSocket): void {
    clearTimeout(this.#deadline);
    this.#socket = socket;
    // During the handshake the end of one side is the end; from now on what is queued is still sent.
    socket.allowHalfOpen = true;
    socket.on('error', () => {});
    socket.on('close', () => this.#gone());
    if (this.#handshakes.reads === 'direct' && canReadDirectly(socket)) {
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
    if (this.#socket === undefined && this.#hasSent) this.failed(clientLeft);
    this.#output.close();
    for (const run of this.#closeListeners) run(this.#failure);
  }
}
