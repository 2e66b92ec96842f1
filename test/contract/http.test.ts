// HTTP for callers that nobody knows: whatever they do, others are answered and the server can be closed.
import { get as httpGet } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type HttpLimits, httpLimits, serveHttp } from '../../src/world/real-http.js';
import type { Listening } from '../../src/world/world.js';

/** More than the system keeps for a connection on both sides. */
const LARGE_BYTES = 64 * 2 ** 20;
const large = new Uint8Array(LARGE_BYTES);

const open: Listening[] = [];
const clients: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const listening of open.splice(0)) await listening.close();
});

async function serve(limits: Partial<HttpLimits> = {}, before = async () => {}): Promise<Listening> {
  const handle = async ({ path }: { readonly path: string }) => {
    await before();
    return { status: 200, type: 'text/plain', body: path === '/large' ? large : 'ok' };
  };
  const listening = await serveHttp({ host: '127.0.0.1', port: 0 }, handle, { ...httpLimits, ...limits });
  open.push(listening);
  return listening;
}

/** A connection that has sent so much and reads nothing. */
function connected({ address }: Listening, bytes = ''): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const client = connect(address.port, address.host, () => {
      if (bytes !== '') client.write(bytes);
      resolve(client);
    });
    client.pause();
    client.once('error', reject);
    clients.push(client);
  });
}

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

function get({ address }: Listening): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = httpGet({ ...address, path: '/healthz', agent: false }, (answer) => {
      let text = '';
      answer.on('data', (data) => {
        text += data;
      });
      answer.once('close', () => resolve(text));
    });
    asked.once('error', reject);
  });
}

const refused = (listening: Listening) =>
  get(listening).then(
    () => false,
    () => true,
  );

/** What comes until the server ends the connection. */
function receivedBytes(client: Socket): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0;
    client.on('error', () => {});
    client.on('data', (data) => {
      bytes += data.length;
    });
    client.once('close', () => resolve(bytes));
    client.resume();
  });
}

test('a port that is taken is refused with the code of the system', async () => {
  const listening = await serve();
  const answer = async () => ({ status: 200, type: 'text/plain', body: 'ok' });
  await expect(serveHttp(listening.address, answer)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('who takes nothing of an answer is closed, and makes room for another', async () => {
  const listening = await serve({ connectionsMax: 1, idleMsMax: 1_000 });
  const client = await connected(listening, request('/large'));
  expect(await refused(listening)).toBe(true);
  await expect.poll(() => refused(listening), { timeout: 20_000 }).toBe(false);
  expect(await receivedBytes(client)).toBeLessThan(LARGE_BYTES);
});

test('who takes an answer too slowly is closed, too', async () => {
  const listening = await serve({ connectionsMax: 1, answerMsMax: 1_000 });
  const client = await connected(listening, request('/large'));
  const sips = setInterval(() => client.read(16 * 1024), 10);
  expect(await refused(listening)).toBe(true);
  await expect.poll(() => refused(listening), { timeout: 20_000 }).toBe(false);
  clearInterval(sips);
  expect(await receivedBytes(client)).toBeLessThan(LARGE_BYTES);
});

test.each([
  ['nothing', ''],
  ['half a request', request('/healthz').slice(0, -4)],
])('as many connections as there may be that have sent %s make room soon', async (_what, bytes) => {
  const listening = await serve({ requestMsMax: 500, lookMs: 100, idleMsMax: 600_000 });
  await Promise.all(Array.from({ length: httpLimits.connectionsMax }, () => connected(listening, bytes)));
  expect(await refused(listening)).toBe(true);
  await expect.poll(() => refused(listening), { timeout: 10_000 }).toBe(false);
});

test.each([
  ['nothing', ''],
  ['half a request', request('/healthz').slice(0, -4)],
  ['a request and takes no answer', request('/large')],
  ['two requests and takes no answer', request('/large') + request('/large')],
])('closing ends a connection that has sent %s', async (_what, bytes) => {
  // Nothing else ends it within the test.
  const listening = await serve({ requestMsMax: 600_000, idleMsMax: 600_000, answerMsMax: 600_000 });
  const client = await connected(listening, bytes);
  // The server has accepted it, too.
  await get(listening);
  await listening.close();
  expect(await receivedBytes(client)).toBeLessThan(LARGE_BYTES);
});

test('closing lets answers under way go', async () => {
  const asked = Promise.withResolvers<void>();
  const listening = await serve({}, async () => {
    asked.resolve();
    await sleep(httpLimits.graceMs / 2);
  });
  const answer = get(listening);
  await asked.promise;
  await listening.close();
  expect(await answer).toBe('ok');
  expect(await refused(listening)).toBe(true);
});
