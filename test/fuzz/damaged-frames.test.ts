import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiList, apis } from '../../src/protocol/apis.js';
import { encodeRequestFrame } from '../../src/protocol/frames.js';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { Neighbour } from '../processes/neighbour.js';
import { framed, produceRequest, readValues, WireClient } from '../processes/wire.js';
import { SeededRandom } from '../simulation/random.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { arbitraryMessage } from '../unit/protocol/arbitrary-messages.js';
import { fuzz, mutate } from './mutate.js';

/** Of six frames each: 10^4 inputs, 10^6 in test:long. */
const SEEDS = 1_700 * fuzz.factor;
const FRAMES = 6;
const ABREAST = 8;
const folder = scratchFolder('fuzz');
let agent: AgentProcess;
let neighbour: Neighbour;

beforeAll(async () => {
  agent = await startAgent(['--bucket', `file:${folder.path}`]);
  neighbour = await Neighbour.start(agent, 'neighbour');
});

afterAll(async () => {
  await agent.stop();
  folder.remove();
});

test(`random frames in random pieces from clients that go at random, seeds ${fuzz.firstSeed} and on`, {
  timeout: 60_000 * fuzz.factor,
}, async () => {
  const client = await WireClient.connect(agent.kafka);
  await client.call(apis.metadata, 9, { topics: [{ name: 'attacked' }] });
  let seed = fuzz.firstSeed;
  const attackers = Array.from({ length: ABREAST }, async () => {
    while (seed < fuzz.firstSeed + SEEDS) {
      const mine = seed;
      seed += 1;
      await attack(new SeededRandom(mine), mine);
    }
  });
  await Promise.all(attackers);
  await neighbour.served(10);
  expect(agent.process.exitCode).toBeNull();
  expect(agent.output()).not.toMatch(/a handler failed|worker ended/);
  // What the attackers stored is whole batches of theirs and nothing else.
  expect([...new Set(await readValues(client, 'attacked', 0))]).toEqual(['attack']);
  client.reset();
  expect(await neighbour.stop()).toEqual([]);
});

async function attack(random: SeededRandom, seed: number): Promise<void> {
  const client = await WireClient.connect(agent.kafka);
  for (let n = 0; n < FRAMES && !client.isClosed; n += 1) {
    const bytes = frame(random, seed * FRAMES + n);
    for (let at = 0; at < bytes.length && !client.isClosed; ) {
      const end = random.chance(0.5) ? bytes.length : Math.min(bytes.length, at + random.between(1, 64));
      await client.raw(bytes.subarray(at, end));
      at = end;
      if (random.chance(0.02)) client.reset();
    }
  }
  // A reset throws away what the agent has not read yet, an end does not.
  if (random.chance(0.2)) client.reset();
  else client.socket.end();
  await client.closed;
}

function frame(random: SeededRandom, seed: number): Uint8Array {
  if (random.chance(0.1)) return random.bytes(random.between(1, 300));
  if (random.chance(0.4)) {
    const request = produceRequest('attacked', 0, makeBatch({ values: ['attack', 'attack'] }));
    const valid = Buffer.concat(encodeRequestFrame(apis.produce, 9, 1, 'fuzz', request).slices).subarray(4);
    return framed(random.chance(0.3) ? valid : mutate(valid, random));
  }
  const api = random.pick(apiList);
  const version = random.between(api.min, api.max);
  const [value] = fc.sample(arbitraryMessage(api.request, version), { seed, numRuns: 1 });
  const valid = Buffer.concat(encodeRequestFrame(api, version, 1, 'fuzz', value as never).slices).subarray(4);
  return random.chance(0.2) ? framed(valid) : framed(mutate(valid, random));
}
