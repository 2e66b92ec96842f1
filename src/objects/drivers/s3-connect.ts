import { createRequire } from 'node:module';
import type { TLSSocket } from 'node:tls';
import type * as Undici from 'undici';

/** By its file, for the reason that s3-requests.ts gives. */
const buildConnector = createRequire(import.meta.url)('undici/lib/core/connect.js') as typeof Undici.buildConnector;

/**
 * Connects to the store. Over HTTPS a further connection resumes the session of an earlier one; undici remembers sessions
 * by weak references only, which are gone with the next garbage collection, so the newest is held here.
 */
export function connectResuming(timeoutMs: number): Undici.buildConnector.connector {
  // Over HTTP/2 undici sends streams again by itself, and then nobody can say what was sent.
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false });
  const held: { session?: Buffer } = {};
  return (options, callback) => {
    // Its type says nothing of the socket that it returns.
    const socket = connect(options, callback) as unknown as TLSSocket;
    socket.on('session', (session) => {
      held.session = session;
    });
    return socket;
  };
}
