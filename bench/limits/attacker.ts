/**
 * A process of hostile clients: `node attacker.js HOST:PORT CONNECTIONS DECLARED_BYTES SENT_BYTES`. Each connection declares
 * a Produce request of so many bytes, sends the first of them, and stalls. Prints a line when all have sent theirs, and holds
 * what the server leaves open until it is ended.
 */
import { createConnection } from 'node:net';
import { apis } from '../../src/protocol/apis.js';

const [address = '', connections, declaredBytes, sentBytes] = process.argv.slice(2);
const [host, port] = address.split(':');
const beginning = Buffer.alloc(Number(sentBytes));
beginning.writeInt32BE(Number(declaredBytes));
beginning.writeInt16BE(apis.produce.key, 4);
beginning.writeInt16BE(9, 6);

async function attack(): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: host!, port: Number(port) }, () =>
      socket.write(beginning, () => resolve()),
    );
    socket.resume();
    // The server may close it, with a reset or without.
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
}

await Promise.all(Array.from({ length: Number(connections) }, attack));
process.stdout.write('stalling\n');
// What the server closed must not end the process.
setInterval(() => undefined, 60_000);
