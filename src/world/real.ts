/** The world as it is: Node's clock, timers, randomness, sockets and HTTP. Files are given (real-files.ts). */
import { randomBytes, randomFillSync } from 'node:crypto';
import type * as Http from 'node:http';
import { createRequire } from 'node:module';
import { listenTcp, type SocketReads, startListening, type TuneListener } from './real-sockets.js';
import type { Address, Clock, Files, HttpRequest, HttpResponse, Listening, Random, Timers, World } from './world.js';

export interface RealWorldOptions {
  readonly files: Files;
  /** 'auto' reads directly where that is tested: Linux and macOS. */
  readonly socketReads?: SocketReads | 'auto';
  /** Of sockets that listen for Kafka clients. */
  readonly tuneListener?: TuneListener | undefined;
}

export function realWorld(options: RealWorldOptions): World {
  const wanted = options.socketReads ?? 'auto';
  const direct = process.platform === 'linux' || process.platform === 'darwin';
  const reads = wanted === 'auto' ? (direct ? 'direct' : 'copied') : wanted;
  return {
    clock: realClock,
    timers: realTimers,
    random: realRandom,
    net: {
      listen: (address, accept) => listenTcp(address, reads, accept, options.tuneListener),
      listenTls: async (address, credentials, accept) =>
        (await tls()).listenTls(address, credentials, reads, accept, options.tuneListener),
      checkTls: async (credentials) => (await tls()).checkCredentials(credentials),
      serveHttp,
    },
    files: options.files,
  };
}

/** Most threads never need it. */
const tls = () => import('./real-tls.js');

export const realClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** The longest delay that Node's timers take; a longer one fires at once. */
const delayMsMax = 2 ** 31 - 1;

export const realTimers: Timers = {
  /** Node's own timers count whole milliseconds and may run a fraction of one early: a deadline looked at then is not due. */
  after(delayMs, run) {
    const dueMs = performance.now() + delayMs;
    let timeout: NodeJS.Timeout;
    const arm = (leftMs: number) => {
      // Cut to whole milliseconds by Node, a fraction would only bring one look more.
      timeout = setTimeout(look, Math.min(Math.ceil(leftMs), delayMsMax));
      timeout.unref();
    };
    const look = () => {
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) arm(leftMs);
      else run();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
  soon: (run) => {
    setImmediate(run);
  },
};

/** Drawn many at once: a call for a few bytes takes 20 µs. None is given out twice. */
const drawn = new Uint8Array(4096);
let drawnLeft = 0;

function draw(count: number): Uint8Array {
  if (count > drawn.length) return new Uint8Array(randomBytes(count));
  if (count > drawnLeft) {
    randomFillSync(drawn);
    drawnLeft = drawn.length;
  }
  const bytes = drawn.slice(drawnLeft - count, drawnLeft);
  drawn.fill(0, drawnLeft - count, drawnLeft);
  drawnLeft -= count;
  return bytes;
}

export const realRandom: Random = {
  bytes: draw,
  uint32: () => new Uint32Array(draw(4).buffer)[0]!,
};

const httpConnectionsMax = 256;

export async function serveHttp(
  address: Address,
  handle: (request: HttpRequest) => Promise<HttpResponse>,
): Promise<Listening> {
  // Not all threads have such a server. As CommonJS: for an import Node looks at all that node:http exports, and loads its own
  // undici for the WebSocket that is among it.
  const { createServer } = createRequire(import.meta.url)('node:http') as typeof Http;
  const server = createServer({ requestTimeout: 10_000, maxHeaderSize: 16_384 }, async (request, response) => {
    request.resume();
    const [path = '/'] = (request.url ?? '/').split('?');
    const { status, type, body } = await handle({ method: request.method ?? 'GET', path });
    const head = { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' };
    response.writeHead(status, head);
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  server.maxConnections = httpConnectionsMax;
  return startListening(server, address, httpConnectionsMax);
}
