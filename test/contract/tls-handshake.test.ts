// How a TLS connection of world.net comes to be, and how it does not. Real sockets on loopback.
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { listenTls } from '../../src/world/real-tls.js';
import type { Connection } from '../../src/world/world.js';
import { CertificateAuthority } from '../servers/certificates.js';
import { Recorder, until } from './connection-contract.js';
import {
  authority,
  client,
  clientHello,
  closing,
  dialTcp,
  dialTls,
  failureOf,
  mutual,
  plain,
  watch,
} from './tls-ends.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('a handshake', () => {
  test('does not begin before somebody reads, so that a connection can be turned away for nothing', async () => {
    const accepted: Connection[] = [];
    const listening = await listenTls({ host: '127.0.0.1', port: 0 }, plain, 'direct', (connection) =>
      accepted.push(connection),
    );
    closing.push(() => listening.close());
    const raw = await dialTcp(listening.address.port);
    let answered = 0;
    raw.on('data', (bytes) => {
      answered += bytes.length;
    });
    raw.write(await clientHello());
    await until(() => accepted.length === 1);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(0);
    accepted[0]!.readInto(new Recorder());
    await until(() => answered > 0);
    accepted[0]!.destroy();
  });

  test('may come byte by byte', async () => {
    const watched = await watch(plain);
    const raw = await dialTcp(watched.port);
    closing.push(() => raw.destroy());
    let answered = 0;
    raw.on('data', (bytes) => {
      answered += bytes.length;
    });
    for (const byte of await clientHello()) {
      raw.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => answered > 0);
    expect(watched.failures).toEqual([]);
  });

  test('may be spread over several records', async () => {
    const watched = await watch(plain);
    const raw = await dialTcp(watched.port);
    closing.push(() => raw.destroy());
    const message = (await clientHello()).subarray(5);
    const parts = [message.subarray(0, 10), message.subarray(10, 200), message.subarray(200)];
    raw.write(
      Buffer.concat(parts.flatMap((part) => [Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part])),
    );
    const [answer] = (await once(raw, 'data')) as [Buffer];
    // A handshake record that holds a ServerHello.
    expect([answer[0], answer[5]]).toEqual([22, 2]);
  });

  test.each([1, 5, 6, 100])('of which only %i bytes come is given up after 10 s', async (count) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const watched = await watch(plain);
    const raw = await dialTcp(watched.port);
    closing.push(() => raw.destroy());
    raw.write((await clientHello()).subarray(0, count));
    await until(() => watched.connections.length === 1);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(9_900);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(watched.failures).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(await failureOf(watched)).toBe('no TLS handshake within 10 s');
  });

  test('that stops half way is given up after 10 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const watched = await watch(plain);
    const raw = await dialTcp(watched.port);
    closing.push(() => raw.destroy());
    let answered = 0;
    raw.on('data', (bytes) => {
      answered += bytes.length;
    });
    raw.write(await clientHello());
    await until(() => answered > 0);
    vi.advanceTimersByTime(10_100);
    expect(await failureOf(watched)).toBe('no TLS handshake within 10 s');
  });

  test('whose client leaves fails with a sentence; a probe of the port that sends nothing does not', async () => {
    const watched = await watch(plain);
    const silent = await dialTcp(watched.port);
    silent.end();
    await until(() => watched.failures.length === 1);
    const half = await dialTcp(watched.port);
    half.write((await clientHello()).subarray(0, 50));
    await until(() => watched.connections.length === 2);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    half.resetAndDestroy();
    await until(() => watched.failures.length === 2);
    const answered = await dialTcp(watched.port);
    answered.write(await clientHello());
    await new Promise((resolve) => answered.once('data', resolve));
    answered.resetAndDestroy();
    await until(() => watched.failures.length === 3);
    const left = 'the client left during the TLS handshake';
    expect(watched.failures).toEqual([undefined, left, left]);
  });

  test.each([
    ['Kafka', Buffer.from([0, 0, 0, 20, 0, 18, 0, 3, 0, 0, 0, 1])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a TLS record that is no handshake', Buffer.from([23, 3, 3, 0, 5, 1, 2, 3, 4, 5])],
  ])('is refused to a client that speaks %s in the clear', async (_name, bytes) => {
    const watched = await watch(plain);
    const raw = await dialTcp(watched.port);
    raw.write(bytes);
    expect(await failureOf(watched)).toBe(
      'the client does not speak TLS, this listener does: set security.protocol=SSL',
    );
  });

  test('that is nonsense behind its frame fails in OpenSSL', async () => {
    const watched = await watch(plain);
    const raw = await dialTcp(watched.port);
    raw.write(Buffer.concat([Buffer.from([22, 3, 1, 0, 104, 1, 0, 0, 100]), Buffer.alloc(100, 0xff)]));
    expect(await failureOf(watched)).toMatch(/^TLS handshake failed: ERR_SSL_/);
  });

  test('of a client that does not trust the certificate fails with a sentence', async () => {
    const watched = await watch(plain);
    const raw = await dialTcp(watched.port);
    raw.write(await clientHello({ maxVersion: 'TLSv1.2' }));
    await once(raw, 'data');
    // A fatal alert, unknown_ca (RFC 5246 §7.2): what clients other than Node's send.
    raw.write(Buffer.from([21, 3, 3, 0, 2, 2, 48]));
    expect(await failureOf(watched)).toBe('the client does not trust the certificate of this listener');
  });

  test('takes TLS 1.2 and 1.3, nothing older', async () => {
    const watched = await watch(plain);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { client: socket } = await dialTls(watched.port, { minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).toBe(version);
      socket.write('a');
      await until(() => watched.sinks.at(-1)!.bytes === 1);
      socket.destroy();
    }
    await until(() => watched.failures.length === 2);
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(dialTls(watched.port, old)).rejects.toThrow();
    await until(() => watched.failures.length === 3);
    expect(watched.failures).toEqual([undefined, undefined, 'the client offers no TLS 1.2 or later']);
  });

  test('begins once a turn, so that hundreds at once leave turns to others', async () => {
    const watched = await watch(plain);
    const hello = await clientHello();
    const count = 200;
    const raws = await Promise.all(Array.from({ length: count }, () => dialTcp(watched.port)));
    await until(() => watched.connections.length === count);
    let answered = 0;
    let most = 0;
    let before = 0;
    for (const raw of raws) {
      closing.push(() => raw.destroy());
      raw.once('data', () => {
        answered += 1;
      });
      raw.write(hello);
    }
    // What reaches this side in one turn was made in at most two of them.
    while (answered < count) {
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, answered - before);
      before = answered;
    }
    expect(most).toBeLessThanOrEqual(3);
  });
});

describe('client certificates', () => {
  test('are required where a CA is given', async () => {
    const watched = await watch(mutual);
    const { client: without } = await dialTls(watched.port, { maxVersion: 'TLSv1.3' });
    await new Promise((resolve) => without.once('error', resolve));
    expect(await failureOf(watched)).toBe('the client gave no certificate, which --tls-ca requires');
    expect(watched.sinks[0]!.bytes).toBe(0);
  });

  test('of another authority are refused, and nothing that such a client sends arrives', async () => {
    const watched = await watch(mutual);
    const stranger = new CertificateAuthority('Stranger').issue({ commonName: 'client' });
    const raw = await dialTcp(watched.port);
    const options = { socket: raw, host: '127.0.0.1', ca: authority.certificate };
    const socket = connectTls({ ...options, cert: stranger.certificate, key: stranger.key });
    socket.on('error', () => {});
    socket.write('records');
    expect(await failureOf(watched)).toMatch(/^the client's certificate is refused: /);
    expect(watched.sinks[0]!.bytes).toBe(0);
  });

  test('that have expired are refused', async () => {
    const watched = await watch(mutual);
    const expired = authority.issue({ commonName: 'client', validUntilMs: Date.now() - 3_600_000 });
    const raw = await dialTcp(watched.port);
    const options = { socket: raw, host: '127.0.0.1', ca: authority.certificate };
    connectTls({ ...options, cert: expired.certificate, key: expired.key }).on('error', () => {});
    expect(await failureOf(watched)).toBe("the client's certificate is refused: CERT_HAS_EXPIRED");
  });

  test('of the authority are welcome, resumed sessions too', async () => {
    const watched = await watch(mutual);
    const own = { cert: client.certificate, key: client.key };
    const first = await dialTls(watched.port, own);
    const session = new Promise<Buffer>((resolve) => first.client.once('session', resolve));
    first.client.write('a');
    await until(() => watched.sinks[0]!.bytes === 1);
    const second = await dialTls(watched.port, { ...own, session: await session });
    second.client.write('b');
    await until(() => watched.sinks[1]!.bytes === 1);
    expect(second.client.isSessionReused()).toBe(true);
    for (const { client: socket } of [first, second]) socket.destroy();
  });
});
