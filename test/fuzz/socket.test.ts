import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { apiList } from '../../src/protocol/apis.js';
import { kafkaJs } from '../clients/kafkajs.js';
import { textRecords, toBrief } from '../clients/records.js';
import { scratchFolder, startAgent } from '../processes/agent.js';
import { SeededRandom } from '../simulation/random.js';

const connections = Number(process.env['WEFT_TEST_FUZZ_CONNECTIONS'] ?? 400);
const seed = Number(process.env['WEFT_TEST_FUZZ_SEED'] ?? Date.now());

/** A frame whose header is right more often than not, around a body of noise; sometimes its length lies. */
function frame(random: SeededRandom): Buffer {
  const api = random.pick(apiList);
  const body = Buffer.from(random.bytes(random.between(0, 200)));
  const head = Buffer.alloc(10);
  head.writeInt16BE(random.chance(0.9) ? api.key : random.between(-5, 200), 0);
  head.writeInt16BE(random.chance(0.9) ? random.between(api.min, api.max) : random.between(-5, 40), 2);
  head.writeInt32BE(random.uint32() | 0, 4);
  head.writeInt16BE(random.chance(0.8) ? -1 : random.between(0, 20), 8);
  const length = Buffer.alloc(4);
  const claimed = head.length + body.length;
  length.writeInt32BE(random.chance(0.9) ? claimed : random.pick([-1, 0, 3, claimed + 7, 2 ** 20, 2 ** 31 - 1]));
  return Buffer.concat([length, head, body]);
}

/** Sends some frames, cut anywhere, then ends in one of several rude ways. */
async function attack(host: string, port: number, random: SeededRandom): Promise<void> {
  const socket: Socket = connect(port, host);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  // A closed or reset connection is what the agent owes to most of this.
  socket.on('error', () => {});
  if (random.chance(0.7)) socket.resume();
  for (let left = random.between(1, 8); left > 0 && !socket.destroyed; left -= 1) {
    const bytes = frame(random);
    const cut = random.between(0, bytes.length);
    socket.write(bytes.subarray(0, cut));
    if (random.chance(0.5)) await new Promise((next) => setImmediate(next));
    socket.write(bytes.subarray(cut));
  }
  if (random.chance(0.5)) socket.destroy();
  else socket.end();
  await new Promise((next) => setTimeout(next, 5));
  socket.destroy();
  await closed;
}

test(`${connections} connections of noise, seed ${seed}: the agent lives, and its neighbours are served`, {
  timeout: 300_000,
}, async () => {
  const folder = scratchFolder('fuzz');
  const agent = await startAgent([
    '--bucket',
    `file:${folder.path}`,
    '--log-level',
    'error',
    '--group-initial-rebalance-delay',
    '0ms',
  ]);
  const [host = '', port = ''] = agent.kafka.split(':');
  const random = new SeededRandom(seed);
  const records = textRecords('neighbour');
  const neighbour = kafkaJs.produce(agent.kafka, 'neighbour', records, { compression: 'none', idempotent: true });
  for (let done = 0; done < connections; done += 8) {
    await Promise.all(Array.from({ length: 8 }, () => attack(host, Number(port), random.fork())));
  }
  await neighbour;
  expect((await kafkaJs.consume(agent.kafka, 'neighbour', records.length)).map(toBrief)).toEqual(records.map(toBrief));
  expect(agent.process.exitCode).toBeNull();
  // Noise is the clients' mistake, never an error of the agent's.
  expect(
    agent
      .output()
      .split('\n')
      .filter((line) => line.includes('"level":50')),
  ).toEqual([]);
  expect(await agent.stop()).toBe(0);
  folder.remove();
});
