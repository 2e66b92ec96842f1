/**
 * The handshakes of one TLS listener. One begins per turn of the event loop: a storm of them would stall neighbours. And no
 * more than some are under way, because each takes some 80 KiB that no budget knows of; what waits has sent one message.
 */
import { constants, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TlsOptions, type TLSSocket } from 'node:tls';
import { HANDSHAKES_MAX, HandshakeQueue } from './handshake-queue.js';
import type { TlsCredentials } from './world.js';

/** For the first message to come whole, then for the handshake's turn to come, then for the rest of it: so long each. */
export const HANDSHAKE_MS_MAX = 10_000;

/** A connection whose ClientHello has come. */
export interface Handshaking {
  readonly raw: Socket;
  readonly remoteHost: string;
  /** The handshake begins. */
  begun(): void;
  /** The handshake is done. */
  secured(socket: TLSSocket): void;
  /** It has failed; the sockets are being closed. The first sentence counts. */
  failed(sentence: string): void;
}

export class Handshakes {
  readonly #server: Server;
  readonly #connections = new WeakMap<Socket, Handshaking>();
  readonly #queue = new HandshakeQueue<Handshaking>();
  #scheduled = false;
  /** Until one of those under way may give way. */
  #timer: NodeJS.Timeout | undefined;

  constructor(credentials: TlsCredentials) {
    const withCa = credentials.ca !== undefined;
    this.#server = createServer({
      ...contextOf(credentials),
      handshakeTimeout: HANDSHAKE_MS_MAX,
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

  /** For handshakes that begin from now on. */
  renew(credentials: TlsCredentials): void {
    this.#server.setSecureContext(contextOf(credentials));
  }

  /** To begin when its turn comes, and to be followed by `done`. */
  begin(connection: Handshaking): void {
    this.#queue.add(connection);
    this.#schedule();
  }

  /** It has succeeded or failed, or the connection is gone. */
  done(connection: Handshaking): void {
    this.#queue.remove(connection);
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#scheduled) return;
    const delayMs = this.#queue.delayMs(performance.now());
    if (delayMs === undefined) return;
    if (delayMs > 0) {
      this.#timer = setTimeout(() => this.#schedule(), Math.ceil(delayMs));
      return;
    }
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#startNext();
      this.#schedule();
    });
  }

  #startNext(): void {
    const nowMs = performance.now();
    if (this.#queue.delayMs(nowMs) !== 0) return;
    const slow = this.#queue.givesWay(nowMs);
    if (slow !== undefined) {
      const seconds = Math.round(slow.patienceMs / 100) / 10;
      slow.connection.failed(
        `no TLS handshake within ${seconds} s while ${HANDSHAKES_MAX} are under way and others wait`,
      );
      slow.connection.raw.destroy();
      this.#queue.remove(slow.connection);
    }
    const connection = this.#queue.start(nowMs);
    if (connection === undefined) return;
    if (connection.raw.destroyed) {
      this.#queue.remove(connection);
      return;
    }
    this.#connections.set(connection.raw, connection);
    connection.begun();
    // The documented way to give a tls.Server a socket that is connected already.
    this.#server.emit('connection', connection.raw);
  }

  /** Which connection a socket of node:tls belongs to; that it knows what it wraps is in no manual (see the contract test). */
  #of(socket: TLSSocket): Handshaking | undefined {
    return this.#connections.get((socket as TLSSocket & { readonly _parent: Socket })._parent);
  }
}

export function contextOf({ certificate, key, ca }: TlsCredentials): TlsOptions {
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

export const clientLeft = 'the client left during the TLS handshake';
export const tooSlow = `no TLS handshake within ${HANDSHAKE_MS_MAX / 1000} s`;
export const noTurn = `no turn for its TLS handshake within ${HANDSHAKE_MS_MAX / 1000} s: too many of others`;
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
