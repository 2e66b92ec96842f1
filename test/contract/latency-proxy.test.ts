import { createHash, randomBytes } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type LatencyModel, slowness } from '../../bench/models/model.js';
import { latencyProxy, type ProxyOptions } from '../../bench/models/proxy.js';

const times = { p50Ms: 2, p99Ms: 4 };
const fast: LatencyModel = { name: 'fast', put: times, smallPut: times, get: times };

const running: Server[] = [];
afterEach(async () => {
  for (const server of running.splice(0).reverse()) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: Server): Promise<string> {
  running.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly string[];
  readonly digest: string;
  readonly bytes: number;
}

/** Keeps what it was asked, and answers with what `answer` says. */
async function store(
  answer: (asked: Asked) => { readonly status?: number; readonly body?: Buffer } = () => ({}),
): Promise<{ readonly address: string; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const digest = createHash('sha256');
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      digest.update(piece);
      bytes += piece.length;
    });
    request.on('end', () => {
      const { method = '', url = '', rawHeaders: headers } = request;
      asked.push({ method, url, headers, digest: digest.digest('hex'), bytes });
      const { status = 200, body = Buffer.alloc(0) } = answer(asked.at(-1)!);
      response.writeHead(status, { etag: '"1-a"', 'content-length': body.length });
      response.end(body);
    });
  });
  return { address: await listen(server), asked };
}

async function proxyOf(address: string, options: Partial<ProxyOptions> = {}): Promise<string> {
  return listen(latencyProxy({ model: fast, seed: 1, store: address, ...options }));
}

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly body: Buffer;
}

function ask(address: string, method: string, headers: Record<string, string>, body?: Buffer): Promise<Answer> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const options = {
      host,
      port,
      method,
      path: '/bucket/a%20key?part=1',
      headers,
      setHost: headers['host'] === undefined,
    };
    const request = httpRequest(options, (answer: IncomingMessage) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () =>
        resolve({ status: answer.statusCode!, etag: answer.headers.etag, body: Buffer.concat(pieces) }),
      );
    });
    request.once('error', reject);
    request.end(body);
  });
}

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test('a body, its address and its headers pass as they are, the signed Host among them', async () => {
  const behind = await store();
  const body = randomBytes(3_000_000);
  const headers = {
    host: 'bucket.example.com',
    authorization: 'AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host;if-none-match, Signature=y',
    'if-none-match': '*',
    'content-length': String(body.length),
  };
  const answer = await ask(await proxyOf(behind.address), 'PUT', headers, body);
  expect(answer).toMatchObject({ status: 200, etag: '"1-a"' });
  const [asked] = behind.asked;
  expect(asked).toMatchObject({
    method: 'PUT',
    url: '/bucket/a%20key?part=1',
    bytes: body.length,
    digest: digestOf(body),
  });
  const pairs = asked!.headers.map((text, i) => `${text}: ${asked!.headers[i + 1]}`).filter((_, i) => i % 2 === 0);
  for (const [name, value] of Object.entries(headers)) expect(pairs).toContain(`${name}: ${value}`);
});

const refusal = 'HTTP/1.1 412 Precondition Failed\r\ncontent-length: 4\r\n\r\nlate';
test.each<[string, (socket: Socket) => void, Partial<Answer> | undefined]>([
  ['refuses and reads no more', (socket) => socket.write(refusal), { status: 412, body: Buffer.from('late') }],
  ['refuses and closes', (socket) => socket.end(refusal), { status: 412, body: Buffer.from('late') }],
  ['resets the connection', (socket) => socket.resetAndDestroy(), undefined],
])('a store that %s before it has read a long body keeps nobody waiting', async (_name, act, expected) => {
  const sockets: Socket[] = [];
  const behind = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.pause();
      act(socket);
    });
  });
  await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve));
  const proxy = await proxyOf(`127.0.0.1:${(behind.address() as AddressInfo).port}`);
  const asking = ask(proxy, 'PUT', { 'if-none-match': '*' }, Buffer.alloc(30_000_000));
  if (expected === undefined) await expect(asking).rejects.toMatchObject({ code: 'ECONNRESET' });
  else expect(await asking).toMatchObject(expected);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => behind.close(resolve));
});

test('what the store answers comes back: bytes, and refusals of conditions', async () => {
  const body = randomBytes(2_000_000);
  const behind = await store(({ method }) => (method === 'GET' ? { body } : { status: 412 }));
  const proxy = await proxyOf(behind.address);
  const answer = await ask(proxy, 'GET', {});
  expect([answer.status, digestOf(answer.body)]).toEqual([200, digestOf(body)]);
  expect((await ask(proxy, 'PUT', { 'if-none-match': '*' }, Buffer.from('a'))).status).toBe(412);
});

test('an upload comes as it is read: the store has its head before its end is there', async () => {
  let headCame: () => void = () => undefined;
  const head = new Promise<void>((resolve) => {
    headCame = resolve;
  });
  const server = createServer((request, response) => {
    request.once('data', headCame);
    request.on('end', () => response.end());
    request.resume();
  });
  const proxy = await proxyOf(await listen(server));
  const [host, port] = proxy.split(':');
  const done = new Promise<number>((resolve, reject) => {
    const headers = { 'content-length': 200_000 };
    const request = httpRequest({ host, port, method: 'PUT', headers }, (answer) => resolve(answer.statusCode!));
    request.once('error', reject);
    request.write(Buffer.alloc(199_999));
    // It would wait for ever were the body kept back.
    head.then(() => request.end('.'), reject);
  });
  expect(await done).toBe(200);
});

/** Sleeps at once, and remembers. */
function quickClock() {
  let nowMs = 0;
  const slept: number[] = [];
  return {
    slept,
    clock: {
      nowMs: () => nowMs,
      sleep: async (ms: number) => {
        nowMs += ms;
        slept.push(ms);
      },
    },
  };
}

test('a request takes its latency, half of it before the store has its end; three times as much in slow seconds', async () => {
  const behind = await store();
  const { clock, slept } = quickClock();
  const slow = { ...fast, smallPut: { p50Ms: 200, p99Ms: 200 } };
  const proxy = await proxyOf(behind.address, { model: slow, slowness, clock });
  await ask(proxy, 'PUT', {}, Buffer.from('a'));
  expect(slept).toEqual([100, 100]);
  await clock.sleep(29_000);
  await ask(proxy, 'PUT', {}, Buffer.from('a'));
  expect(slept.slice(3)).toEqual([300, 300]);
});

test('what the store takes is part of the latency: it is asked sooner when it usually answers late', async () => {
  const { clock } = quickClock();
  const took: number[] = [];
  const behind = await store(() => {
    void clock.sleep(150);
    return {};
  });
  const slow = { ...fast, smallPut: { p50Ms: 200, p99Ms: 200 } };
  const onServed: ProxyOptions['onServed'] = (_of, _modelMs, tookMs) => took.push(Math.round(tookMs));
  const proxy = await proxyOf(behind.address, { model: slow, clock, onServed });
  for (let i = 0; i < 80; i += 1) await ask(proxy, 'PUT', {}, Buffer.from('a'));
  expect([took[0], took.at(-1)]).toEqual([250, 200]);
});

test('uploads refused before their end say nothing about what the store takes', async () => {
  const { clock } = quickClock();
  const took: number[] = [];
  const server = createServer((request, response) => {
    if (request.headers['if-none-match'] === undefined) {
      request.on('end', () => {
        void clock.sleep(150);
        response.end();
      });
      request.resume();
      return;
    }
    // The answer is whole, but not ended: Node would read the rest of the body then.
    response.writeHead(412, { 'content-length': 4 });
    response.write('late');
  });
  const slow = { ...fast, put: { p50Ms: 200, p99Ms: 200 } };
  const onServed: ProxyOptions['onServed'] = (_of, _modelMs, tookMs) => took.push(Math.round(tookMs));
  const proxy = await proxyOf(await listen(server), { model: slow, clock, onServed });
  const small = Buffer.alloc(100_000);
  for (let i = 0; i < 80; i += 1) await ask(proxy, 'PUT', {}, small);
  const long = Buffer.alloc(30_000_000);
  for (let i = 0; i < 10; i += 1) expect((await ask(proxy, 'PUT', { 'if-none-match': '*' }, long)).status).toBe(412);
  await ask(proxy, 'PUT', {}, small);
  expect([took[0], took[79], took[90]]).toEqual([250, 200, 200]);
});

test('with bytes per second bodies take their time, in both directions', async () => {
  const behind = await store(() => ({ body: Buffer.alloc(100_000) }));
  const { clock, slept } = quickClock();
  const none = { p50Ms: 0.001, p99Ms: 0.001 };
  const model = { name: 'none', put: none, smallPut: none, get: none };
  const proxy = await proxyOf(behind.address, { model, bytesPerSecond: 500_000, clock });
  await ask(proxy, 'PUT', {}, Buffer.alloc(200_000));
  expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(400 + 200, 2);
});

test('errors are 503, do not reach the store, and are the same with the same seed', async () => {
  const behind = await store();
  const statuses = async (): Promise<number[]> => {
    const proxy = await proxyOf(behind.address, { errorsPerMille: 300, seed: 5 });
    const found: number[] = [];
    for (let i = 0; i < 30; i += 1) found.push((await ask(proxy, 'PUT', {}, Buffer.from('a'))).status);
    return found;
  };
  const first = await statuses();
  expect(new Set(first)).toEqual(new Set([200, 503]));
  expect(behind.asked.length).toBe(first.filter((status) => status === 200).length);
  expect(await statuses()).toEqual(first);
});

test('who asked may go away: the store is asked no longer, and the proxy serves on', async () => {
  const behind = await store();
  const slow = { ...fast, get: { p50Ms: 50, p99Ms: 50 } };
  const proxy = await proxyOf(behind.address, { model: slow });
  const [host, port] = proxy.split(':');
  const gone = httpRequest({ host, port, method: 'GET' });
  gone.on('error', () => undefined);
  gone.flushHeaders();
  await new Promise((resolve) => gone.once('socket', (socket) => socket.once('connect', resolve)));
  gone.destroy();
  expect((await ask(proxy, 'GET', {})).status).toBe(200);
  expect(behind.asked.length).toBe(1);
});
