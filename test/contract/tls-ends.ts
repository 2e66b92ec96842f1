// Both ends of TLS connections on loopback, with certificates of their own.
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach } from 'vitest';
import type { SocketReads } from '../../src/world/real-sockets.js';
import { listenTls } from '../../src/world/real-tls.js';
import type { Connection, TlsCredentials, TlsListening } from '../../src/world/world.js';
import { CertificateAuthority } from '../servers/certificates.js';
import { type Dialled, Recorder, until } from './connection-contract.js';

export const authority = new CertificateAuthority();
export const server = authority.issue({ commonName: 'server', hosts: ['127.0.0.1'] });
export const client = authority.issue({ commonName: 'client' });
export const plain: TlsCredentials = { ...server, ca: undefined };
export const mutual: TlsCredentials = { ...server, ca: authority.certificate };

export async function dialTcp(port: number): Promise<Socket> {
  const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return socket;
}

export async function dialTls(
  port: number,
  options: ConnectionOptions = {},
): Promise<Dialled & { readonly client: TLSSocket }> {
  const raw = await dialTcp(port);
  const socket = connectTls({ socket: raw, host: '127.0.0.1', ca: authority.certificate, ...options });
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return { client: socket, reset: () => raw.resetAndDestroy() };
}

/** With the wire in reach, so that bytes can go past TLS. */
export async function dialThroughWire(port: number): Promise<{ readonly client: TLSSocket; readonly wire: Socket }> {
  const wire = await dialTcp(port);
  const stream = new Duplex({
    read: () => {},
    write: (bytes, _encoding, done) => void wire.write(bytes, () => done()),
  });
  wire.on('data', (bytes) => stream.push(bytes));
  const client = connectTls({ socket: stream, host: '127.0.0.1', ca: authority.certificate });
  client.on('error', () => {});
  await new Promise<void>((resolve) => client.once('secureConnect', resolve));
  return { client, wire };
}

/** A listener, and what became of each of its connections. */
export interface Watched {
  readonly listening: TlsListening;
  readonly port: number;
  readonly connections: Connection[];
  readonly sinks: Recorder[];
  /** Of the connections that are gone, in the order of their going. */
  readonly failures: (string | undefined)[];
}

export const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

export async function watch(credentials: TlsCredentials, reads: SocketReads = 'direct'): Promise<Watched> {
  const connections: Connection[] = [];
  const sinks: Recorder[] = [];
  const failures: (string | undefined)[] = [];
  const listening = await listenTls({ host: '127.0.0.1', port: 0 }, credentials, reads, (connection) => {
    const sink = new Recorder(() => new Uint8Array(new SharedArrayBuffer(4096)));
    connections.push(connection);
    sinks.push(sink);
    connection.onClose((failure) => failures.push(failure));
    connection.readInto(sink);
    closing.push(() => connection.destroy());
  });
  closing.push(() => listening.close());
  return { listening, port: listening.address.port, connections, sinks, failures };
}

export async function failureOf(watched: Watched): Promise<string | undefined> {
  await until(() => watched.failures.length > 0);
  return watched.failures[0];
}

/** What a client sends first: taken from a real one. */
export async function clientHello(options: ConnectionOptions = {}): Promise<Buffer> {
  return new Promise((resolve) => {
    const taker = createServer((socket) => {
      socket.once('data', (bytes) => {
        socket.destroy();
        taker.close();
        resolve(bytes);
      });
    }).listen(0, '127.0.0.1', () => {
      const { port } = taker.address() as { port: number };
      connectTls({ host: '127.0.0.1', port, ca: authority.certificate, ...options }).on('error', () => {});
    });
  });
}
