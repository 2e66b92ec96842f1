import fc from 'fast-check';
import { describe, test } from 'vitest';
import { apiList } from '../../src/protocol/apis.js';
import type { Message } from '../../src/protocol/codec.js';
import type { SomeField } from '../../src/protocol/definition.js';
import { readRequestHeader } from '../../src/protocol/frames.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';
import { SeededRandom } from '../simulation/random.js';
import { arbitraryMessage } from '../unit/protocol/arbitrary-messages.js';
import { fuzz, mutate } from './mutate.js';

const VALUES = 4;
const MUTATIONS = 200 * fuzz.factor;

/** Anything but a value or a ProtocolError fails, with what is needed to see it again. */
function decodes(run: () => unknown, bytes: Uint8Array): void {
  try {
    run();
  } catch (failure) {
    if (!(failure instanceof ProtocolError)) {
      throw new Error(`${failure} for ${Buffer.from(bytes).toString('hex')}`, { cause: failure });
    }
  }
}

function attack(message: Message<SomeField>, version: number): void {
  const values = fc.sample(arbitraryMessage(message, version), { seed: fuzz.firstSeed, numRuns: VALUES });
  const random = new SeededRandom(fuzz.firstSeed * 1_000 + version);
  for (const value of values) {
    const valid = Buffer.concat(message.encode(version, value).slices);
    decodes(() => message.decode(version, valid), valid);
    for (let n = 0; n < MUTATIONS; n += 1) {
      const damaged = mutate(valid, random);
      decodes(() => message.decode(version, damaged), damaged);
      decodes(() => message.decodeLeading(version, damaged), damaged);
      decodes(() => readRequestHeader(damaged), damaged);
    }
  }
}

describe(`damaged messages give a value or a ProtocolError, from seed ${fuzz.firstSeed}`, () => {
  for (const api of apiList) {
    test(api.name, { timeout: 60_000 * fuzz.factor }, () => {
      for (let version = api.min; version <= api.max; version += 1) {
        attack(api.request, version);
        attack(api.response, version);
      }
    });
  }
});

test('random bytes give a value or a ProtocolError', () => {
  const random = new SeededRandom(fuzz.firstSeed);
  for (let n = 0; n < 50_000 * fuzz.factor; n += 1) {
    const bytes = random.bytes(random.between(0, 200));
    const api = random.pick(apiList);
    decodes(() => api.request.decodeLeading(random.between(api.min, api.max), bytes), bytes);
  }
});
