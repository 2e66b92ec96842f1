// TLS connections of world.net once they stand, and their credentials. Real sockets on loopback.
import { createPrivateKey } from 'node:crypto';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { SocketReads } from '../../src/world/real-sockets.js';
import { checkCredentials, listenTls } from '../../src/world/real-tls.js';
import type { TlsCredentials } from '../../src/world/world.js';
import { CertificateAuthority } from '../servers/certificates.js';
import { connectionContract, pattern, type Transport, until } from './connection-contract.js';
import {
  authority,
  client,
  dialTcp,
  dialThroughWire,
  dialTls,
  failureOf,
  mutual,
  plain,
  server,
  watch,
} from './tls-ends.js';

const transport = (reads: SocketReads): Transport => ({
  listen: (port, accept) => listenTls({ host: '127.0.0.1', port }, plain, reads, accept),
  dial: dialTls,
});
connectionContract('connections by TLS whose reads are direct', transport('direct'));
connectionContract('connections by TLS whose reads are copied', transport('copied'));

describe('renewed credentials', () => {
  test('are for new connections; open ones stay', async () => {
    const watched = await watch(plain);
    const first = await dialTls(watched.port);
    const renewed = authority.issue({ commonName: 'renewed', hosts: ['127.0.0.1'] });
    watched.listening.renew({ ...renewed, ca: undefined });
    const second = await dialTls(watched.port);
    expect(first.client.getPeerCertificate().subject.CN).toBe('server');
    expect(second.client.getPeerCertificate().subject.CN).toBe('renewed');
    first.client.write('still here');
    await until(() => watched.sinks[0]!.bytes === 10);
    for (const { client: socket } of [first, second]) socket.destroy();
  });

  test('that cannot be used throw and change nothing', async () => {
    const watched = await watch(plain);
    const other = authority.issue({ commonName: 'other', hosts: ['127.0.0.1'] });
    expect(() => watched.listening.renew({ ...other, key: server.key, ca: undefined })).toThrow(
      'the key is not the key of the certificate',
    );
    const { client: socket } = await dialTls(watched.port);
    expect(socket.getPeerCertificate().subject.CN).toBe('server');
    socket.destroy();
  });

  test('with another CA void the sessions of before, which would spare a client its certificate', async () => {
    const watched = await watch(mutual);
    const own = { cert: client.certificate, key: client.key };
    const first = await dialTls(watched.port, own);
    const session = new Promise<Buffer>((resolve) => first.client.once('session', resolve));
    first.client.write('a');
    const kept = await session;
    watched.listening.renew({ ...server, ca: new CertificateAuthority('Successor').certificate });
    const raw = await dialTcp(watched.port);
    const options = { socket: raw, host: '127.0.0.1', ca: authority.certificate, session: kept };
    const second = connectTls({ ...options, ...own });
    second.on('error', () => {});
    second.write('records');
    expect(await failureOf(watched)).toMatch(/^the client's certificate is refused: /);
    expect(watched.sinks[1]!.bytes).toBe(0);
    first.client.destroy();
  });
});

describe('a connection', () => {
  test('may not renegotiate', async () => {
    const watched = await watch(plain);
    const { client: socket } = await dialTls(watched.port, { maxVersion: 'TLSv1.2' });
    socket.write('a');
    await until(() => watched.sinks[0]!.bytes === 1);
    const refused = new Promise<Error>((resolve) => socket.once('error', resolve));
    socket.renegotiate({}, () => {});
    expect((await refused).message).toMatch(/no renegotiation/i);
  });

  test.each([
    ['a damaged record', [23, 3, 3, 0, 64, ...pattern(64, 1)]],
    ['a record that is cut off', [23, 3, 3, 1, 0, 1, 2, 3]],
    ['no record at all', [0, 0, 0, 20, 0, 18, 0, 3]],
  ])('that sends %s is closed; what came before has arrived', async (_name, bytes) => {
    const watched = await watch(plain);
    const { client: socket, wire } = await dialThroughWire(watched.port);
    socket.write(pattern(10_000, 2));
    await until(() => watched.sinks[0]!.bytes === 10_000);
    wire.end(Buffer.from(bytes));
    await until(() => watched.failures.length === 1);
    expect(watched.sinks[0]!.all.equals(pattern(10_000, 2))).toBe(true);
  });

  test.each<SocketReads>(['direct', 'copied'])(
    'that is paused with much under way keeps it, and the end behind it, until it goes on: reads %s',
    async (reads) => {
      const watched = await watch(plain, reads);
      const { client: socket } = await dialTls(watched.port);
      await until(() => watched.connections.length === 1);
      const [connection, sink] = [watched.connections[0]!, watched.sinks[0]!];
      sink.onLanded = () => connection.pause();
      const bytes = pattern(60_000, 8);
      socket.end(bytes);
      let pauses = 0;
      while (sink.bytes < bytes.length) {
        const before = sink.bytes;
        connection.resume();
        await until(() => sink.bytes > before);
        pauses += 1;
        const atPause = sink.bytes;
        for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        if (reads === 'direct') expect(sink.bytes).toBe(atPause);
        if (reads === 'direct' || sink.bytes < bytes.length) expect(watched.failures).toEqual([]);
      }
      expect(sink.all.equals(bytes)).toBe(true);
      if (reads === 'direct') expect(pauses).toBeGreaterThanOrEqual(bytes.length / 4096);
      connection.resume();
      await until(() => watched.failures.length === 1);
    },
  );

  test('that is paused keeps what has come and no more, however short its records are', async () => {
    const watched = await watch(plain);
    const { client: socket } = await dialTls(watched.port);
    await until(() => watched.connections.length === 1);
    const [connection, sink] = [watched.connections[0]!, watched.sinks[0]!];
    const before = pattern(64_000, 3);
    socket.write(before);
    await until(() => sink.bytes === before.length);
    connection.pause();
    const bytes = pattern(700, 5);
    for (const byte of bytes) await new Promise<void>((resolve) => socket.write(Buffer.of(byte), () => resolve()));
    const { arrayBuffers } = process.memoryUsage();
    sink.onLanded = () => connection.pause();
    connection.resume();
    await until(() => sink.bytes > before.length);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(2 ** 20);
    sink.onLanded = () => {};
    connection.resume();
    await until(() => sink.bytes === before.length + bytes.length);
    expect(sink.all.equals(Buffer.concat([before, bytes]))).toBe(true);
    socket.destroy();
  });

  test('that goes on lands nothing within the call: the caller may be a sink whose memory is in use', async () => {
    const watched = await watch(plain);
    const { client: socket } = await dialTls(watched.port);
    await until(() => watched.connections.length === 1);
    const [connection, sink] = [watched.connections[0]!, watched.sinks[0]!];
    sink.onLanded = () => connection.pause();
    socket.write(pattern(16_000, 6));
    await until(() => sink.bytes > 0);
    const atPause = sink.bytes;
    connection.resume();
    expect(sink.bytes).toBe(atPause);
    sink.onLanded = () => {};
    await until(() => sink.bytes === 16_000);
    expect(sink.all.equals(pattern(16_000, 6))).toBe(true);
    socket.destroy();
  });

  test('encrypts a long answer in pieces: a neighbour gets its turn before the end of it', async () => {
    const watched = await watch(plain);
    const { client: slow } = await dialTls(watched.port);
    const { client: quick } = await dialTls(watched.port);
    await until(() => watched.connections.length === 2);
    let taken = 0;
    slow.on('data', (part: Buffer) => {
      taken += part.length;
    });
    const long = new Uint8Array(new SharedArrayBuffer(64 * 1024 * 1024));
    let done = false;
    watched.connections[0]!.write([long], () => {
      done = true;
    });
    // Not all at once: what is left is neither encrypted nor in a socket yet.
    expect(watched.connections[0]!.queuedBytes).toBe(long.length);
    const answered = new Promise<boolean>((resolve) => quick.once('data', () => resolve(done)));
    watched.connections[1]!.write([Buffer.from('x')]);
    expect(await answered).toBe(false);
    await until(() => taken === long.length);
    await until(() => done);
    for (const socket of [slow, quick]) socket.destroy();
  });

  test('a slice is in use until its last piece has left', async () => {
    const watched = await watch(plain);
    const { client: socket } = await dialTls(watched.port);
    await until(() => watched.connections.length === 1);
    const parts: Buffer[] = [];
    let bytes = 0;
    socket.pause();
    const expected = pattern(5_000_000, 4);
    const memory = new Uint8Array(new SharedArrayBuffer(expected.length));
    memory.set(expected);
    let done = false;
    watched.connections[0]!.write([memory.subarray(0, 100), memory.subarray(100)], () => {
      done = true;
      memory.fill(0);
    });
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    socket.on('data', (part: Buffer) => {
      parts.push(part);
      bytes += part.length;
    });
    socket.resume();
    await until(() => bytes === expected.length);
    expect(Buffer.concat(parts).equals(expected)).toBe(true);
    socket.destroy();
  });
});

describe('credentials', () => {
  test('are described', () => {
    const validUntilMs = Math.floor(Date.now() / 1000) * 1000 + 5_000_000;
    const own = authority.issue({ commonName: 'kafka.example', hosts: ['kafka.example'], validUntilMs });
    expect(checkCredentials({ ...own, ca: undefined })).toEqual({ subject: 'CN=kafka.example', validUntilMs });
  });

  test.each<[string, TlsCredentials, RegExp]>([
    ['without a certificate', { ...plain, certificate: '' }, /^the certificate holds no certificate in PEM$/],
    ['with a damaged one', { ...plain, certificate: server.certificate.replace(/\n..../, '\nAAAA') }, /is damaged: /],
    ['without a key', { ...plain, key: '' }, /^the key is no private key in PEM$/],
    ['with another key', { ...plain, key: client.key }, /^the key is not the key of the certificate$/],
    ['with a key that is a certificate', { ...plain, key: server.certificate }, /^the key is no private key in PEM$/],
    // Node would trust the authorities of the system instead.
    ['with an empty CA', { ...plain, ca: '\n' }, /^the CA holds no certificate in PEM$/],
  ])('%s are refused', (_name, credentials, sentence) => {
    expect(() => checkCredentials(credentials)).toThrow(sentence);
  });

  test('with an encrypted key are refused', () => {
    const key = createPrivateKey(server.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    }) as string;
    expect(() => checkCredentials({ ...plain, key })).toThrow('the key is encrypted; give one without a passphrase');
  });
});
