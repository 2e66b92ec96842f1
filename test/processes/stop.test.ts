// An agent's process ends, in order, whoever is still connected to it and whoever no longer listens.
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { decodeEntry } from '../../src/metadata/entry.js';
import { apis } from '../../src/protocol/apis.js';
import { type DoubleRequest, type HttpDouble, startMapStore } from '../servers/s3-double.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { scratchFolder, startAgent } from './agent.js';
import { freePort } from './ports.js';
import { produce, WireClient } from './wire.js';

const MINUTE = 60_000;
const STOP_MS_MAX = 10_000;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Connects as soon as somebody listens, and sends so much. */
async function connected(address: string, bytes = ''): Promise<Socket> {
  const [host, port] = address.split(':');
  for (;;) {
    const client = connect(Number(port), host);
    const isOpen = await new Promise<boolean>((resolve) => {
      client.once('connect', () => resolve(true));
      client.on('error', () => resolve(false));
    });
    if (isOpen) {
      closing.push(() => client.destroy());
      if (bytes !== '') client.write(bytes);
      return client;
    }
    await sleep(20);
  }
}

const inTime = <T>(asked: Promise<T>): Promise<T | string> =>
  Promise.race([asked, sleep(STOP_MS_MAX, 'still there', { ref: false })]);

async function get(http: string, path: string): Promise<string> {
  const answer = await fetch(`http://${http}${path}`, { headers: { connection: 'close' } });
  return `${answer.status} ${await answer.text()}`;
}

/** A store that `takes` is asked about, and the flags of an agent on it. */
async function startStore(takes: (request: DoubleRequest) => Promise<boolean>) {
  const store: HttpDouble = await startMapStore('at the end', takes);
  closing.push(() => store.stop());
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });
  const bucket = `s3://bucket?region=us-east-1&endpoint=${store.endpoint}&path-style=true`;
  return ['--bucket', bucket, '--batch-window', '20ms'];
}

test.each([
  ['nothing', ''],
  ['half a request', 'GET /healthz HTTP/1.1\r\nhost:'],
])('an HTTP connection that has sent %s does not keep a stopped agent', { timeout: MINUTE }, async (_what, bytes) => {
  const agent = await startAgent(['--bucket', 'memory:']);
  closing.push(() => agent.kill());
  await connected(agent.http, bytes);
  agent.process.kill('SIGTERM');
  expect(await inTime(agent.exited)).toBe(0);
  expect(agent.output()).toContain('Stopped\n');
});

test('an HTTP connection that has sent nothing does not keep an agent that cannot start', {
  timeout: MINUTE,
}, async () => {
  const asked = Promise.withResolvers<void>();
  const flags = await startStore(async ({ method, path, answer }) => {
    if (method !== 'GET' || !path.endsWith('/boundary')) return false;
    await asked.promise;
    answer(200, { etag: '"1"' }, 'what no agent wrote');
    return true;
  });
  const http = `127.0.0.1:${await freePort()}`;
  const failed = startAgent([...flags, '--http', http]).then(String, (error: Error) => error.message);
  await connected(http);
  asked.resolve();
  expect(await inTime(failed)).toMatch(
    /^the agent ended with 1 before it was ready.*weft: \S+\/boundary is damaged\n/s,
  );
});

test('an agent whose output nobody reads any more is stopped in order', { timeout: MINUTE }, async () => {
  const folder = scratchFolder('unread-output');
  closing.push(folder.remove);
  const agent = await startAgent(['--bucket', `file:${folder.path}`]);
  closing.push(() => agent.kill());
  agent.process.stdout!.destroy();
  agent.process.stderr!.destroy();
  agent.process.kill('SIGTERM');
  expect(await inTime(agent.exited)).toBe(0);
  const journal = `${folder.path}/weft/journal`;
  const last = readdirSync(journal).sort().at(-1)!;
  const { commands } = decodeEntry(readFileSync(`${journal}/${last}`));
  expect(commands.map(({ command }) => command?.kind?.$case)).toEqual(['resignLeader']);
});

test('an agent that stops is not ready from the first moment, and answers what is under way', {
  timeout: MINUTE,
}, async () => {
  const [uploading, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const flags = await startStore(async ({ method, path }) => {
    if (method !== 'PUT' || !path.includes('/data/')) return false;
    uploading.resolve();
    await mayEnd.promise;
    return false;
  });
  const agent = await startAgent(flags);
  closing.push(() => agent.kill());
  const client = await WireClient.connect(agent.kafka);
  closing.push(() => client.reset());
  const topic = { name: 'late', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await client.call(apis.createTopics, 2, { topics: [topic] });
  const produced = produce(client, 'late', 0, makeBatch());
  await uploading.promise;
  expect(await get(agent.http, '/readyz')).toBe('200 ready\n');
  agent.process.kill('SIGTERM');
  await expect.poll(() => get(agent.http, '/readyz')).toBe('503 the agent is stopping\n');
  expect(await get(agent.http, '/healthz')).toBe('200 ok\n');
  mayEnd.resolve();
  expect((await produced).errorCode).toBe(0);
  expect(await inTime(agent.exited)).toBe(0);
});
