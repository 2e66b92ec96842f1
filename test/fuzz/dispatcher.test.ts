import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiList, apis } from '../../src/protocol/apis.js';
import { encodeRequestFrame } from '../../src/protocol/frames.js';
import { SeededRandom } from '../simulation/random.js';
import { LocalAgent } from '../conformance/local-agent.js';
import { framed } from '../processes/wire.js';
import { arbitraryMessage } from '../unit/protocol/arbitrary-messages.js';
import { fuzz, mutate } from './mutate.js';

const SEEDS = 60 * fuzz.factor;
const FRAMES = 100;
/** Produce is the ingest engine's; socket.test.ts sends it to the real one. */
const handled = apiList.filter(({ key }) => key !== apis.produce.key);

test.each(Array.from({ length: SEEDS }, (_, n) => fuzz.firstSeed + n))(
  'seed %i: requests of any content end no handler with an error of ours, and damaged ones change nothing',
  async (seed) => {
    const random = new SeededRandom(seed);
    const agent = await LocalAgent.start();
    await agent.connect().call(apis.metadata, 4, { topics: [{ name: 't' }] });
    for (let n = 0; n < FRAMES; n += 1) {
      const api = random.pick(handled);
      const version = random.between(api.min, api.max);
      const [value] = fc.sample(arbitraryMessage(api.request, version), { seed: seed * 1_000 + n, numRuns: 1 });
      const valid = Buffer.concat(encodeRequestFrame(api, version, n, 'fuzz', value as never).slices).subarray(4);
      const body = random.chance(0.3) ? valid : mutate(valid, random);
      // A mutated key may say Produce.
      if (body.length >= 2 && body[0] === 0 && body[1] === apis.produce.key) continue;
      const { revision } = agent.metadata.view;
      const logged = agent.logged.length;
      const client = agent.connect();
      client.socket.send(framed(body), random.between(1, body.length + 4));
      await agent.pass(50);
      const said = agent.logged.slice(logged);
      const what = `${api.name} v${version}, frame ${n}: ${Buffer.from(body).toString('hex')}`;
      expect(
        said.filter(({ level }) => level === 'error'),
        what,
      ).toEqual([]);
      if (said.some(({ fields }) => fields['reason'] === 'malformed')) {
        expect(client.socket.received.length, what).toBe(0);
        expect(agent.metadata.view.revision, what).toBe(revision);
      }
      client.socket.destroy();
    }
    await agent.pass(1_000);
    expect(agent.budget.heldBytes).toBe(0);
    const { topics } = await agent.connect().call(apis.metadata, 9, { topics: [{ name: 'after' }] });
    expect(topics[0]!.errorCode).toBe(0);
  },
);
