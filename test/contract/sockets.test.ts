// The contract of world.net's connections, over both ways of reading. Real sockets on loopback.
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { listenTcp, type SocketReads } from '../../src/world/real-sockets.js';
import { connectionContract, Ends, Recorder, type Transport, until } from './connection-contract.js';

function plaintext(reads: SocketReads): Transport {
  return {
    listen: (port, accept) => listenTcp({ host: '127.0.0.1', port }, reads, accept),
    dial: (port) =>
      new Promise((resolve, reject) => {
        const client = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
        client.once('connect', () => resolve({ client, reset: () => client.resetAndDestroy() }));
        client.once('error', reject);
      }),
  };
}

connectionContract('connections whose reads are direct', plaintext('direct'));
connectionContract('connections whose reads are copied', plaintext('copied'));

const ends = new Ends(plaintext('direct'));

test('direct reads are as long as the memory given, not as the pieces of data events', async () => {
  const sink = new Recorder(() => new Uint8Array(new SharedArrayBuffer(1_000_000)));
  const { client, connection } = await ends.pair(sink);
  connection.pause();
  client.write(Buffer.alloc(600_000));
  await until(() => client.writableLength === 0);
  connection.resume();
  await until(() => sink.bytes === 600_000);
  expect(Math.max(...sink.parts.map((part) => part.length))).toBeGreaterThan(65_536);
});
