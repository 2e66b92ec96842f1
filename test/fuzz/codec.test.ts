import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apiList } from '../../src/protocol/apis.js';
import type { Message } from '../../src/protocol/codec.js';
import type { SomeField } from '../../src/protocol/definition.js';
import { readRequestHeader } from '../../src/protocol/frames.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';
import { arbitraryMessage } from '../unit/protocol/arbitrary-messages.js';
import { fuzz } from './mutate.js';
import { Mutator } from './mutator.js';

const INPUTS = 10_000_000 * fuzz.factor;
const SEEDS = 8;
/** Of this thread's CPU, for this many inputs: no decoding comes near a turn of 50 ms. */
const TURN_INPUTS = 256;
const TURN_MS_MAX = 50;
const RESIDENT_BYTES_MAX = 256 * 2 ** 20;

// Nobody reads the stacks of ten million errors.
Error.stackTraceLimit = 0;

interface Target {
  readonly name: string;
  readonly message: Message<SomeField>;
  readonly version: number;
  readonly isRequest: boolean;
  readonly seeds: readonly Uint8Array[];
}

const targets: readonly Target[] = apiList.flatMap((api) =>
  [api.request, api.response].flatMap((message) =>
    Array.from({ length: api.max - api.min + 1 }, (_, n) => {
      const version = api.min + n;
      const values = fc.sample(arbitraryMessage(message, version), { seed: fuzz.firstSeed, numRuns: SEEDS });
      const seeds = values.map((value) => Buffer.concat(message.encode(version, value).slices));
      return { name: message.versions.name, message, version, isRequest: message === api.request, seeds };
    }),
  ),
);

/** Undefined: a value; the error of a peer otherwise. Anything else fails, with what is needed to see it again. */
function fault(run: () => unknown, target: Target, bytes: Uint8Array): ProtocolError | undefined {
  try {
    run();
    return undefined;
  } catch (failure) {
    if (failure instanceof ProtocolError) return failure;
    const hex = Buffer.from(bytes).toString('hex');
    throw new Error(`${failure} for ${target.name} v${target.version}: ${hex}`, { cause: failure });
  }
}

function attack(target: Target, mutator: Mutator, inputs: number): void {
  const { message, version, seeds, isRequest } = target;
  for (let n = 0; n < inputs; n += 1) {
    const bytes = mutator.next(seeds);
    const decoded = fault(() => message.decodeLeading(version, bytes), target, bytes);
    if (isRequest && n % 8 === 0) {
      // What is refused uncounted must be refused decoded, or the memory for it would not have been reserved.
      const counted = fault(() => message.elements(version, bytes), target, bytes);
      if (decoded === undefined && counted !== undefined) {
        throw new Error(`${counted} for ${target.name} v${version}: ${Buffer.from(bytes).toString('hex')}`);
      }
      const inSteps = fault(() => [...message.decodeSteps(version, bytes)], target, bytes);
      if (decoded?.message !== inSteps?.message) {
        throw new Error(
          `${inSteps} in steps, ${decoded} at once: ${target.name} v${version}, ${Buffer.from(bytes).toString('hex')}`,
        );
      }
      fault(() => readRequestHeader(bytes), target, bytes);
    }
  }
}

describe(`damaged messages give a value or a ProtocolError, from seed ${fuzz.firstSeed}`, () => {
  const inputsOfEach = Math.ceil(INPUTS / targets.length);
  test.each(apiList.map(({ name }) => name))('%s', { timeout: 120_000 * fuzz.factor }, (name) => {
    const residentBytes = process.memoryUsage.rss();
    let worstMs = 0;
    for (const [n, target] of targets.entries()) {
      if (!target.name.startsWith(name) || !/^(Request|Response)$/.test(target.name.slice(name.length))) continue;
      const mutator = new Mutator(fuzz.firstSeed * 1_000_003 + n);
      for (let done = 0; done < inputsOfEach; done += TURN_INPUTS) {
        const before = process.threadCpuUsage();
        attack(target, mutator, TURN_INPUTS);
        const { user, system } = process.threadCpuUsage(before);
        worstMs = Math.max(worstMs, (user + system) / 1_000);
      }
    }
    expect(worstMs).toBeLessThan(TURN_MS_MAX);
    expect(process.memoryUsage.rss() - residentBytes).toBeLessThan(RESIDENT_BYTES_MAX);
  });
});
