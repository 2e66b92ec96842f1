import { readdirSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { startPiscinaThreads } from '../../../src/threads/piscina.js';
import { createRing, RingWriter } from '../../../src/threads/ring.js';
import type { WorkerThread } from '../../../src/threads/threads.js';
import { workerUrls } from '../../../src/threads/workers.js';

const threads = startPiscinaThreads({ ...workerUrls, ingest: new URL('./ring-consumer.js', import.meta.url) });

afterEach(() => threads.close());

test('records cross a small ring between two threads, a full one is waited out, a sleeping consumer is woken', async () => {
  const { thread, send, next } = await startConsumer(1024);
  const record = new Uint8Array(40);
  let sum = 0;
  for (let i = 0; i < 20_000; i += 1) {
    record.fill(i & 0xff);
    sum += (i & 0xff) * 40;
    await send(record);
  }
  await send(new Uint8Array(0));
  expect(await next()).toMatchObject({ records: 20_001, sum });
  expect(thread.busyMs()).toBeGreaterThan(0);
});

test('a consumer misses no record that is written while it falls asleep', async () => {
  const { send, next } = await startConsumer(1024);
  for (let round = 1; round <= 2_000; round += 1) {
    await send(new Uint8Array(0));
    expect(await next()).toMatchObject({ records: round });
  }
});

test('a crash, a return and a termination each end the thread once, and only the crash is an error', async () => {
  const crashed = await startConsumer(256);
  const returned = await startConsumer(256);
  const ended = await startConsumer(256);
  crashed.thread.post('crash');
  returned.thread.post('return');
  expect((await exitOf(crashed.thread))?.message).toMatch('crash asked for');
  expect(await exitOf(returned.thread)).toBeUndefined();
  await ended.thread.terminate();
  expect(await exitOf(ended.thread)).toBeUndefined();
});

test('a worker whose code is missing is a crash, not a hang', async () => {
  const broken = startPiscinaThreads({ ...workerUrls, ingest: new URL('./absent.js', import.meta.url) });
  expect(await exitOf(broken.spawn('ingest', {}))).toBeInstanceOf(Error);
  await broken.close();
});

test('a thread that began ahead is given to the first who asks, and unused ones end with the others', async () => {
  const urls = { ...workerUrls, ingest: new URL('./ring-consumer.js', import.meta.url) };
  const begun = startPiscinaThreads(urls, ['ingest', 'leader']);
  // As in a start whose main thread takes longer to load its own code.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const [first, second] = await Promise.all([startConsumer(256, begun), startConsumer(256, begun)]);
  first.thread.post('crash');
  expect((await exitOf(first.thread))?.message).toMatch('crash asked for');
  await second.send(new Uint8Array(0));
  expect(await second.next()).toMatchObject({ records: 1 });
  await begun.close();
  expect(await exitOf(second.thread)).toBeUndefined();
});

// Threads are counted in /proc.
test.skipIf(process.platform !== 'linux')('a thread that began ahead and is ended begins no other', async () => {
  const urls = { ...workerUrls, ingest: new URL('./ring-consumer.js', import.meta.url) };
  const before = await threadsAtRest();
  const begun = startPiscinaThreads(urls, ['ingest']);
  const { thread } = await startConsumer(256, begun);
  expect(await threadsAtRest()).toBe(before + 1);
  await thread.terminate();
  expect(await threadsAtRest()).toBe(before);
  await begun.close();
});

test('a thread that began ahead and whose code is missing is a crash of whoever spawns it', async () => {
  const urls = { ...workerUrls, ingest: new URL('./absent.js', import.meta.url) };
  const broken = startPiscinaThreads(urls, ['ingest']);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await exitOf(broken.spawn('ingest', {}))).toBeInstanceOf(Error);
  await broken.close();
});

async function startConsumer(capacity: number, from = threads) {
  const ring = createRing(capacity);
  const thread = from.spawn('ingest', { ring });
  const arrived: unknown[] = [];
  const waiting: ((message: unknown) => void)[] = [];
  thread.onMessage((message: unknown) => {
    const resolve = waiting.shift();
    if (resolve === undefined) {
      arrived.push(message);
    } else {
      resolve(message);
    }
  });
  const next = () =>
    new Promise<unknown>((resolve) => {
      if (arrived.length > 0) {
        resolve(arrived.shift());
      } else {
        waiting.push(resolve);
      }
    });
  expect(await next()).toBe('ready');
  const writer = new RingWriter(ring);
  const send = async (record: Uint8Array) => {
    while (!writer.write(record)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (writer.takeSleeping(false)) {
      thread.post('wake');
    }
  };
  return { thread, send, next };
}

function exitOf(thread: WorkerThread): Promise<Error | undefined> {
  return new Promise((resolve) => thread.onExit(resolve));
}

/** Threads of this process once none has come or gone for a while. */
async function threadsAtRest(): Promise<number> {
  for (let last = 0; ; ) {
    const now = readdirSync('/proc/self/task').length;
    if (now === last) return now;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
