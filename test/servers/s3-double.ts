import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request as a double sees it, its body read or not. */
export interface DoubleRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly socket: Socket;
  body(): Promise<Buffer>;
  answer(status: number, headers?: Record<string, string>, body?: string | Uint8Array): void;
  /** The raw response, for answers that no proper server gives. */
  readonly response: ServerResponse;
}

export interface HttpDouble {
  readonly endpoint: string;
  readonly requests: DoubleRequest[];
  stop(): Promise<void>;
}

/** An HTTP server for faults that no real one produces on demand. */
export async function startDouble(handle: (request: DoubleRequest) => void | Promise<void>): Promise<HttpDouble> {
  const requests: DoubleRequest[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://double');
    const seen: DoubleRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      socket: request.socket,
      response,
      async body() {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks);
      },
      answer(status, headers = {}, body = '') {
        request.resume();
        response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers });
        response.end(body);
      },
    };
    requests.push(seen);
    void handle(seen);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function s3Error(code: string, message = 'as the double was told'): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}

/** A create that looks at its condition too early lasts so long: all who race it begin within, on a busy machine too. */
const RACE_MS = 300;

/**
 * A store in a map with the fault of s3s-fs: conditions are looked at when a request begins and not again when its body has
 * come, so it refuses a second create in sequence, yet lets every racing one win. `checked: 'at the end'` is honest.
 * `takes` is asked first, and answers the request itself when it resolves with true.
 */
export function startMapStore(
  checked: 'at the beginning' | 'at the end',
  takes: (request: DoubleRequest) => Promise<boolean> = async () => false,
): Promise<HttpDouble> {
  const objects = new Map<string, { readonly body: Buffer; readonly etag: string }>();
  let versions = 0;
  return startDouble(async (request) => {
    if (await takes(request)) return;
    const { path, method, query, headers } = request;
    if (method === 'GET' && query.get('list-type') === '2') {
      const prefix = query.get('prefix') ?? '';
      const rows = [...objects]
        .map(([key, { body }]) => ({ key: key.slice('/bucket/'.length), size: body.length }))
        .filter(({ key }) => key.startsWith(prefix))
        .map(({ key, size }) => `<Contents><Key>${key}</Key><Size>${size}</Size></Contents>`);
      const xml = `<ListBucketResult><IsTruncated>false</IsTruncated>${rows.join('')}</ListBucketResult>`;
      return request.answer(200, { 'content-type': 'application/xml' }, xml);
    }
    const holds = (): boolean => {
      const former = objects.get(path);
      const ifMatch = headers['if-match'];
      return !(headers['if-none-match'] === '*' && former) && (ifMatch === undefined || former?.etag === ifMatch);
    };
    if (method === 'PUT') {
      const held = holds();
      const body = await request.body();
      if (checked === 'at the beginning' && held) await sleep(RACE_MS);
      if (checked === 'at the beginning' ? !held : !holds()) {
        return request.answer(412, {}, s3Error('PreconditionFailed'));
      }
      versions += 1;
      const etag = `"${versions}"`;
      objects.set(path, { body, etag });
      return request.answer(200, { etag });
    }
    if (method === 'DELETE') {
      objects.delete(path);
      return request.answer(204);
    }
    const object = objects.get(path);
    if (object === undefined) return request.answer(404, {}, s3Error('NoSuchKey'));
    return request.answer(200, { etag: object.etag }, object.body);
  });
}
