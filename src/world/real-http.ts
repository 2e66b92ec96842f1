/** HTTP by node:http, for many callers that nobody knows: each has its time, and none can keep the server. */
import type * as Http from 'node:http';
import { createRequire } from 'node:module';
import { startListening } from './real-sockets.js';
import type { Address, HttpRequest, HttpResponse, Listening } from './world.js';

export interface HttpLimits {
  readonly connectionsMax: number;
  /** From a connection's beginning, or a request's first byte, until the request has come whole. */
  readonly requestMsMax: number;
  /** Without a byte in either direction. */
  readonly idleMsMax: number;
  /** Until an answer has been taken, however steadily. */
  readonly answerMsMax: number;
  /** How often Node looks at `requestMsMax`. */
  readonly lookMs: number;
  /** For answers that are still being made when the server closes. */
  readonly graceMs: number;
}

export const httpLimits: HttpLimits = {
  connectionsMax: 256,
  requestMsMax: 10_000,
  idleMsMax: 10_000,
  answerMsMax: 30_000,
  lookMs: 1_000,
  graceMs: 250,
};

type Handle = (request: HttpRequest) => Promise<HttpResponse>;

export async function serveHttp(address: Address, handle: Handle, limits = httpLimits): Promise<Listening> {
  const server = createHttpServer(handle, limits);
  server.maxConnections = limits.connectionsMax;
  // Without a callback Node destroys the socket.
  server.setTimeout(limits.idleMsMax);
  const listening = await startListening(server, address, limits.connectionsMax);
  return { address: listening.address, close: () => close(server, limits.graceMs) };
}

function createHttpServer(handle: Handle, limits: HttpLimits): Http.Server {
  // As CommonJS: for an import Node looks at all that node:http exports, and loads its own undici for the WebSocket that is
  // among it.
  const { createServer } = createRequire(import.meta.url)('node:http') as typeof Http;
  const options = {
    requestTimeout: limits.requestMsMax,
    connectionsCheckingInterval: limits.lookMs,
    maxHeaderSize: 16_384,
  };
  return createServer(options, async (request, response) => {
    request.resume();
    const end = setTimeout(() => request.socket.destroy(), limits.answerMsMax).unref();
    response.once('close', () => clearTimeout(end));
    const [path = '/'] = (request.url ?? '/').split('?');
    const { status, type, body } = await handle({ method: request.method ?? 'GET', path });
    const head = { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' };
    response.writeHead(status, head);
    response.end(request.method === 'HEAD' ? undefined : body);
  });
}

/** Node ends connections between two requests by itself; one that sends nothing, or takes nothing, would keep the process. */
function close(server: Http.Server, graceMs: number): Promise<void> {
  return new Promise((closed) => {
    const grace = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(grace);
      closed();
    });
  });
}
