/**
 * The handshakes of one TLS listener. One begins per turn of the event loop: a storm of them would stall neighbours. And no
 * more than some are under way, because each takes some 80 KiB that no budget knows of; what waits has sent one message.
 */
import { constants, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TlsOptions, type TLSSocket } from 'node:tls';
import type { TlsCredentials } from './world.js';

/** From the first read to the end of the handshake. */
export const HANDSHAKE_MS_MAX = 10_000;
export const HANDSHAKES_MAX = 256;
/** A client that is served has answered long before: one that has not gives way when all are under way and others wait. */
export const GIVES_WAY_MS = 2_000;

/** A connection whose ClientHello has come. */
export interface Handshaking {
  readonly raw: Socket;
  /** The handshake is done. */
  secured(socket: TLSSocket): void;
  /** It has failed; the sockets are being closed. The first sentence counts. */
  failed(sentence: string): void;
}

export class Handshakes {
  readonly #server: Server;
  readonly #connections = new WeakMap<Socket, Handshaking>();
  readonly #waiting: Handshaking[] = [];
  readonly #underWay = new Map<Handshaking, NodeJS.Timeout>();
  /** Those under way for `GIVES_WAY_MS`, the oldest first. */
  readonly #slow = new Set<Handshaking>();
  #scheduled = false;

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
    this.#waiting.push(connection);
    this.#schedule();
  }

  /** It has succeeded or failed, or the connection is gone. */
  done(connection: Handshaking): void {
    clearTimeout(this.#underWay.get(connection));
    this.#underWay.delete(connection);
    this.#slow.delete(connection);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0 || !this.#hasRoom) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      let next = this.#waiting.shift();
      while (next?.raw.destroyed === true) next = this.#waiting.shift();
      if (next !== undefined) this.#start(next);
      this.#schedule();
    });
  }

  get #hasRoom(): boolean {
    return this.#underWay.size < HANDSHAKES_MAX || this.#slow.size > 0;
  }

  #start(connection: Handshaking): void {
    if (this.#underWay.size >= HANDSHAKES_MAX) this.#endSlowest();
    const timer = setTimeout(() => {
      this.#slow.add(connection);
      this.#schedule();
    }, GIVES_WAY_MS);
    this.#underWay.set(connection, timer);
    this.#connections.set(connection.raw, connection);
    // The documented way to give a tls.Server a socket that is connected already.
    this.#server.emit('connection', connection.raw);
  }

  #endSlowest(): void {
    const [slowest] = this.#slow;
    if (slowest === undefined) return;
    slowest.failed(gaveWay);
    slowest.raw.destroy();
    this.done(slowest);
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
const gaveWay = `no TLS handshake within ${GIVES_WAY_MS / 1000} s while ${HANDSHAKES_MAX} are under way and others wait`;
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
