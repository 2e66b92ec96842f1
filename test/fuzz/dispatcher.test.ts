import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apiList, apis } from '../../src/protocol/apis.js';
import type { Api } from '../../src/protocol/codec.js';
import { encodeRequestFrame } from '../../src/protocol/frames.js';
import { SeededRandom } from '../simulation/random.js';
import { LocalAgent } from '../conformance/local-agent.js';
import { framed } from '../processes/wire.js';
import { arbitraryMessage } from '../unit/protocol/arbitrary-messages.js';
import { fuzz, mutate } from './mutate.js';
import { Mutator } from './mutator.js';

/** 10^5 frames, 10^8 in test:long, whose factor is 100. */
const FRAMES = 100_000 * fuzz.factor * (fuzz.factor > 1 ? 10 : 1);
const FRAMES_PER_SEED = 2_000;
const ABREAST = 16;
const ONE_BY_ONE = 1_000 * fuzz.factor;
/** Produce is the ingest engine's; damaged-frames.test.ts sends it to the real one. */
const handled = apiList.filter(({ key }) => key !== apis.produce.key);

async function attacked(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  await agent.connect().call(apis.metadata, 4, { topics: [{ name: 't' }] });
  return agent;
}

async function expectWhole(agent: LocalAgent): Promise<void> {
  await agent.pass(1_000);
  expect(agent.budget.heldBytes).toBe(0);
  expect(agent.decoded.heldBytes).toBe(0);
  const { topics } = await agent.connect().call(apis.metadata, 9, { topics: [{ name: 'after' }] });
  expect(topics[0]!.errorCode).toBe(0);
}

function frameOf(api: Api, version: number, seed: number): Uint8Array {
  const [value] = fc.sample(arbitraryMessage(api.request, version), { seed, numRuns: 1 });
  return Buffer.concat(encodeRequestFrame(api, version, seed & 0xffff, 'fuzz', value as never).slices).subarray(4);
}

/** A mutated key may say Produce. */
function isProduce(body: Uint8Array): boolean {
  return body.length >= 2 && body[0] === 0 && body[1] === apis.produce.key;
}

const errorsOf = (logged: LocalAgent['logged']) => logged.filter(({ level }) => level === 'error');

describe(`requests of any content end no handler with an error of ours, from seed ${fuzz.firstSeed}`, () => {
  const runs = Math.ceil(FRAMES / FRAMES_PER_SEED);
  test.each(Array.from({ length: runs }, (_, n) => fuzz.firstSeed + n))('seed %i', async (seed) => {
    const agent = await attacked();
    const random = new SeededRandom(seed);
    const mutator = new Mutator(seed);
    const seeds = Array.from({ length: 60 }, (_, n) => {
      const api = random.pick(handled);
      return frameOf(api, random.between(api.min, api.max), seed * 1_000 + n);
    });
    for (let sent = 0; sent < FRAMES_PER_SEED; sent += ABREAST) {
      const frames: string[] = [];
      const clients = Array.from({ length: ABREAST }, () => {
        const source = random.pick(seeds);
        const body = random.chance(0.2) ? source : mutator.next([source]);
        const client = agent.connect();
        if (!isProduce(body)) {
          frames.push(Buffer.from(body).toString('hex'));
          client.socket.send(framed(body));
        }
        return client;
      });
      await agent.pass(20);
      expect(errorsOf(agent.logged), frames.join('\n')).toEqual([]);
      agent.logged.length = 0;
      for (const client of clients) client.socket.destroy();
    }
    await expectWhole(agent);
  });
});

test(`damaged requests change nothing, from seed ${fuzz.firstSeed}`, { timeout: 60_000 * fuzz.factor }, async () => {
  const agent = await attacked();
  const random = new SeededRandom(fuzz.firstSeed);
  for (let n = 0; n < ONE_BY_ONE; n += 1) {
    const api = random.pick(handled);
    const body = mutate(frameOf(api, random.between(api.min, api.max), n), random);
    if (isProduce(body)) continue;
    const { revision } = agent.metadata.view;
    agent.logged.length = 0;
    const client = agent.connect();
    client.socket.send(framed(body), random.between(1, body.length + 4));
    await agent.pass(50);
    const what = `${api.name}, frame ${n}: ${Buffer.from(body).toString('hex')}`;
    expect(errorsOf(agent.logged), what).toEqual([]);
    if (agent.logged.some(({ fields }) => fields['reason'] === 'malformed')) {
      expect(client.socket.received.length, what).toBe(0);
      expect(agent.metadata.view.revision, what).toBe(revision);
    }
    client.socket.destroy();
  }
  await expectWhole(agent);
});
