// How the store uses TLS. The server answers every PUT; what counts is how it is connected to.
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test } from 'vitest';
import { S3Store } from '../../src/objects/drivers/s3.js';
import { realWorld } from '../../src/world/real.js';
import { realFiles } from '../../src/world/real-files.js';
import { CertificateAuthority } from '../servers/certificates.js';
import { bucketOn } from '../servers/s3-server.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const world = realWorld({ files: realFiles() });
const environment = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
const authority = new CertificateAuthority();
const trustedBefore = getCACertificates('default');

const closing: (() => unknown)[] = [];
afterEach(async () => {
  setDefaultCACertificates(trustedBefore);
  for (const close of closing.splice(0)) await close();
});

/** Holds every answer back until `together` requests are there, so that each needs a connection of its own. */
async function start(): Promise<{ store: S3Store; sockets: TLSSocket[]; together: number }> {
  const { certificate: cert, key } = authority.issue({ commonName: 'store', hosts: ['127.0.0.1'] });
  const waiting: (() => void)[] = [];
  const started = { sockets: [] as TLSSocket[], together: 1 };
  const server = createServer({ cert, key }, (request, response) => {
    request.resume();
    waiting.push(() => response.writeHead(200, { etag: '"e"', 'content-length': '0' }).end());
    if (waiting.length === started.together) for (const answer of waiting.splice(0)) answer();
  });
  server.on('secureConnection', (socket) => started.sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const store = await S3Store.open(bucketOn(`https://127.0.0.1:${port}`, 'bucket'), world, { environment });
  closing.push(async () => {
    await store.close();
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(started, { store });
}

test('connections are kept, and further ones resume the session of the first', async () => {
  setDefaultCACertificates([...trustedBefore, authority.certificate]);
  const started = await start();
  await started.store.put('first', [new Uint8Array(10)]);
  started.together = 8;
  const eight = () => Promise.all(Array.from({ length: 8 }, (_, i) => started.store.put(`${i}`, [new Uint8Array(10)])));
  await eight();
  // A connection is free again a turn after its answer.
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  const connections = started.sockets.length;
  expect(connections).toBeGreaterThanOrEqual(8);
  const resumed = started.sockets.map((socket) => socket.isSessionReused());
  expect(resumed).toEqual([false, ...Array(connections - 1).fill(true)]);
  await eight();
  expect(started.sockets).toHaveLength(connections);
  // What holds a session weakly has lost it by now.
  await turn();
  collectGarbage();
  await turn();
  collectGarbage();
  started.together = connections + 1;
  await Promise.all(
    Array.from({ length: connections + 1 }, (_, i) => started.store.put(`more-${i}`, [new Uint8Array(10)])),
  );
  expect(started.sockets.at(-1)!.isSessionReused()).toBe(true);
});

test('a store whose authority is not trusted is refused, and the sentence says why', async () => {
  const { store } = await start();
  await expect(store.put('a', [new Uint8Array(10)])).rejects.toThrow(/unable to verify|self-signed|issuer/i);
});
