// The contract of world.net's connections, over both ways of reading. Real sockets on loopback.
import { connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { setReceiveBuffer } from '../../native-bindings/bindings.js';
import { listenTcp, type SocketReads, startListening } from '../../src/world/real-sockets.js';
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

// Without the native part the system's own bounds hold.
test.runIf(setReceiveBuffer !== undefined)('accepted sockets inherit how much may lie unread', async () => {
  const fdOf = (socket: object): number => (socket as { _handle: { fd: number } })._handle.fd;
  const listening = async (tune?: (fd: number) => void): Promise<number> => {
    const server = createServer();
    const { address, close } = await startListening(server, { host: '127.0.0.1', port: 0 }, 1, tune);
    const client = connect(address.port, address.host);
    const socket = await new Promise<Socket>((resolve) => server.once('connection', resolve));
    const had = setReceiveBuffer!(fdOf(socket), 50_000);
    client.destroy();
    socket.destroy();
    await close();
    return had;
  };
  let bound = 0;
  const tuned = await listening((fd) => {
    setReceiveBuffer!(fd, 30_000);
    bound = setReceiveBuffer!(fd, 30_000);
  });
  expect(bound).toBeGreaterThanOrEqual(30_000);
  expect(tuned).toBe(bound);
  expect(await listening()).toBeGreaterThan(bound);
  expect(setReceiveBuffer!(-1, 30_000)).toBe(-1);
  expect(() => (setReceiveBuffer as unknown as (fd: string) => number)('x')).toThrow('a socket and a number of bytes');
});
