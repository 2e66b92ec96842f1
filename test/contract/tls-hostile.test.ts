// What many hostile TLS clients can make world.net hold. Real sockets on loopback.
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { SocketReads } from '../../src/world/real-sockets.js';
import { HANDSHAKES_MAX } from '../../src/world/handshake-queue.js';
import { until } from './connection-contract.js';
import { clientHello, closing, dialTcp, dialTls, plain, type Watched, watch } from './tls-ends.js';

const KiB = 1024;
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const heldBytes = (watched: Watched) => watched.connections.reduce((sum, connection) => sum + connection.heldBytes, 0);

afterEach(() => {
  vi.useRealTimers();
});

describe('bytes that came and have not landed are told', () => {
  test('while a first message is not whole', async () => {
    const watched = await watch(plain);
    // Two records of 16,000 bytes of a message of 32,000, but for the last byte.
    const record = (type: readonly number[]) =>
      Buffer.concat([Buffer.from([22, 3, 1, 16_000 >> 8, 16_000 & 255, ...type]), Buffer.alloc(16_000 - type.length)]);
    const bytes = Buffer.concat([record([1, 0, 31_996 >> 8, 31_996 & 255]), record([])]).subarray(0, -1);
    for (let count = 0; count < 100; count += 1) {
      const raw = await dialTcp(watched.port);
      closing.push(() => raw.destroy());
      raw.write(bytes);
    }
    await until(() => heldBytes(watched) === 100 * bytes.length);
    for (const connection of watched.connections) connection.destroy();
    await until(() => watched.failures.length === 100);
  });

  test.each<SocketReads>(['direct', 'copied'])(
    'during a pause, no more than what one read brings: reads %s',
    async (reads) => {
      const watched = await watch(plain, reads);
      const dialled = [];
      for (let count = 0; count < 50; count += 1) dialled.push(await dialTls(watched.port));
      await until(() => watched.connections.length === dialled.length);
      // One of them perhaps before its handshake is done.
      for (const connection of watched.connections) connection.pause();
      expect(heldBytes(watched)).toBe(0);
      for (const { client } of dialled) client.write(Buffer.alloc(1024 * KiB));
      await turns(200);
      for (const { heldBytes: held } of watched.connections) expect(held).toBeLessThanOrEqual(128 * KiB);
      if (reads === 'copied') expect(heldBytes(watched)).toBeGreaterThan(0);
      for (const connection of watched.connections) connection.resume();
      await until(() => watched.sinks.every(({ bytes }) => bytes === 1024 * KiB));
      expect(heldBytes(watched)).toBe(0);
    },
  );

  test('of a pause that begins within a read: the memory that they lie in', async () => {
    const watched = await watch(plain);
    const { client } = await dialTls(watched.port);
    await until(() => watched.connections.length === 1);
    const [connection, sink] = [watched.connections[0]!, watched.sinks[0]!];
    sink.onLanded = () => connection.pause();
    client.write(Buffer.alloc(60_000));
    await until(() => sink.bytes > 0);
    await turns(5);
    const held = connection.heldBytes;
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThanOrEqual(128 * KiB);
    sink.onLanded = () => {};
    connection.resume();
    await until(() => sink.bytes === 60_000);
    expect(connection.heldBytes).toBe(0);
    client.destroy();
  });
});

/** All handshakes that may be under way are, and do not go on. */
async function besieged() {
  const watched = await watch(plain);
  const hello = await clientHello();
  let answered = 0;
  const stall = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const raw = await dialTcp(watched.port);
      closing.push(() => raw.destroy());
      raw.once('data', () => {
        answered += 1;
      });
      raw.write(hello);
    }
  };
  await stall(HANDSHAKES_MAX);
  await until(() => answered === HANDSHAKES_MAX);
  return { watched, stall, answered: () => answered };
}

test('handshakes under way are bounded; who does not go on gives way to those that wait, the slowest first', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const { watched, stall, answered } = await besieged();
  await stall(20);
  await turns(100);
  expect(answered()).toBe(HANDSHAKES_MAX);
  vi.advanceTimersByTime(1_900);
  await turns(100);
  expect([answered(), watched.failures.length]).toEqual([HANDSHAKES_MAX, 0]);
  vi.advanceTimersByTime(200);
  await until(() => answered() === HANDSHAKES_MAX + 20);
  await turns(100);
  // As many as wait give way, and no more.
  expect(watched.failures).toEqual(
    Array.from({ length: 20 }, () => 'no TLS handshake within 2 s while 256 are under way and others wait'),
  );
  const { client } = await dialTls(watched.port);
  client.write('served');
  await until(() => watched.sinks.at(-1)!.bytes === 6);
  client.destroy();
});

test('a handshake has its ten seconds from its turn on', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const { watched, stall, answered } = await besieged();
  await stall(1);
  await turns(100);
  vi.advanceTimersByTime(2_100);
  await until(() => answered() === HANDSHAKES_MAX + 1);
  vi.advanceTimersByTime(9_000);
  await until(() => watched.failures.length === HANDSHAKES_MAX);
  await turns(100);
  expect(watched.failures.slice(1)).toEqual(
    Array.from({ length: HANDSHAKES_MAX - 1 }, () => 'no TLS handshake within 10 s'),
  );
  vi.advanceTimersByTime(1_100);
  await until(() => watched.failures.length === HANDSHAKES_MAX + 1);
  expect(watched.failures.at(-1)).toBe('no TLS handshake within 10 s');
});

test('and waits no longer than ten for its turn', async () => {
  // Those under way do not grow old: their clock stands.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(performance, 'now').mockReturnValue(0);
  closing.push(() => vi.restoreAllMocks());
  const { watched, stall } = await besieged();
  await stall(3);
  await turns(100);
  vi.advanceTimersByTime(10_100);
  await until(() => watched.failures.length === HANDSHAKES_MAX + 3);
  const noTurn = watched.failures.filter((failure) => failure?.startsWith('no turn'));
  expect(noTurn).toEqual(
    Array.from({ length: 3 }, () => 'no turn for its TLS handshake within 10 s: too many of others'),
  );
});
