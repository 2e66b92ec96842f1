import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apiList, apis } from '../../../src/protocol/apis.js';
import type { Message } from '../../../src/protocol/codec.js';
import { consumerAssignment, consumerSubscription } from '../../../src/protocol/consumer-protocol.js';
import type { SomeField } from '../../../src/protocol/definition.js';
import { joined } from '../../../src/protocol/frames.js';
import { ProtocolError } from '../../../src/protocol/protocol-error.js';
import { Writer } from '../../../src/protocol/writer.js';
import { arbitraryMessage, withRecords } from './arbitrary-messages.js';

const messages: readonly Message<SomeField>[] = [
  ...apiList.flatMap(({ request, response }) => [request, response]),
  consumerSubscription as Message<SomeField>,
  consumerAssignment as Message<SomeField>,
];

const cases = messages.flatMap((message) => {
  const { name, min, max } = message.versions;
  return Array.from({ length: max - min + 1 }, (_, index) => ({ name, version: min + index, message }));
});

/** Wherever socket bytes land: shared memory, at an odd place, with foreign bytes before and behind. */
function landed(bytes: Uint8Array): { memory: Uint8Array; position: number; limit: number } {
  const memory = new Uint8Array(new SharedArrayBuffer(bytes.length + 20)).subarray(3).fill(0x7f);
  memory.set(bytes, 5);
  return { memory, position: 5, limit: 5 + bytes.length };
}

describe('what was encoded is decoded again, and encodes to the same bytes', () => {
  test.each(cases)('$name v$version', ({ message, version }) => {
    fc.assert(
      fc.property(arbitraryMessage(message, version), (value) => {
        const bytes = joined(message.encode(version, value));
        const { memory, position, limit } = landed(bytes);
        const decoded = message.decode(version, memory, position, limit);

        const contentOf = (at: { position: number; length: number }) =>
          memory.slice(at.position, at.position + at.length);
        const content = withRecords(message.fields, decoded, (records) =>
          'slices' in records ? undefined : new Uint8Array(contentOf(records)),
        );
        expect(content).toEqual(
          withRecords(message.fields, value, (records) => ('slices' in records ? joined(records) : undefined)),
        );

        const again = withRecords(message.fields, decoded, (records) =>
          'slices' in records ? undefined : { slices: [contentOf(records)], bytes: records.length },
        );
        expect(Buffer.compare(joined(message.encode(version, again)), bytes)).toBe(0);
      }),
      { numRuns: 20 },
    );
  });
});

/** One thing that can happen to bytes on their way. */
type Damage =
  | { readonly kind: 'cut' | 'grow'; readonly at: number }
  | { readonly kind: 'set' | 'insert'; readonly at: number; readonly byte: number };

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constantFrom('cut' as const, 'grow' as const), at: fc.nat() }),
  fc.record({
    kind: fc.constantFrom('set' as const, 'insert' as const),
    at: fc.nat(),
    byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat({ max: 255 })),
  }),
);

function damaged(bytes: Uint8Array, one: Damage): Uint8Array {
  const at = one.at % (bytes.length + 1);
  switch (one.kind) {
    case 'cut':
      return bytes.slice(0, at);
    case 'grow':
      return Uint8Array.of(...bytes, ...bytes.subarray(0, 1 + (at % 8)));
    case 'insert':
      return Uint8Array.of(...bytes.subarray(0, at), one.byte, ...bytes.subarray(at));
    case 'set': {
      const copy = bytes.slice();
      copy.fill(one.byte, at, at + 1);
      return copy;
    }
  }
}

function expectValueOrProtocolError(message: Message<SomeField>, version: number, bytes: Uint8Array): void {
  const { memory, position, limit } = landed(bytes);
  try {
    message.decode(version, memory, position, limit);
  } catch (error) {
    if (!(error instanceof ProtocolError)) {
      throw error;
    }
  }
}

/** What steps give in the end, and how often they stopped. */
function taken<T>(steps: Generator<void, T>): { value: T; stops: number } {
  for (let stops = 0; ; stops += 1) {
    const { done, value } = steps.next();
    if (done === true) return { value, stops };
  }
}

/** What is written in steps, and how often it stopped. */
function stepped(message: Message<SomeField>, version: number, value: never): { bytes: Uint8Array; stops: number } {
  const writer = new Writer();
  const { stops } = taken(message.writeSteps(version, writer, value));
  return { bytes: joined(writer.finish()), stops };
}

describe('what is written in steps is what is written at once, and is read in steps as at once', () => {
  test.each(cases)('$name v$version', ({ message, version }) => {
    fc.assert(
      fc.property(arbitraryMessage(message, version), (value) => {
        const { bytes } = stepped(message, version, value as never);
        expect(Buffer.compare(bytes, joined(message.encode(version, value)))).toBe(0);
        expect(taken(message.decodeSteps(version, bytes)).value).toEqual(message.decode(version, bytes));
      }),
      { numRuns: 20 },
    );
  });

  test('what is long is written and read in steps of 2,048 elements, be they in one array or in many', () => {
    const ofPartitions = (topics: number, partitions: number) => ({
      topics: Array.from({ length: topics }, (_, topic) => ({
        name: `topic ${topic}`,
        partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex })),
      })),
    });
    const { request } = apis.listOffsets;
    const message = request as unknown as Message<SomeField>;
    for (const [topics, partitions] of [
      [1, 10_000],
      [10_000, 1],
      [100, 100],
    ] as const) {
      const value = ofPartitions(topics, partitions) as never;
      const { bytes, stops } = stepped(message, 1, value);
      expect(stops).toBe(Math.floor((topics + topics * partitions) / 2_048));
      expect(Buffer.compare(bytes, joined(request.encode(1, value)))).toBe(0);
      const read = taken(request.decodeSteps(1, bytes));
      expect(read.stops).toBe(stops);
      expect(read.value).toEqual(request.decode(1, bytes));
    }
  });
});

describe('damaged bytes give a value or a ProtocolError', () => {
  test.each(cases)('$name v$version', ({ message, version }) => {
    fc.assert(
      fc.property(
        arbitraryMessage(message, version),
        fc.array(damage, { minLength: 1, maxLength: 4 }),
        (value, damages) => {
          const bytes = damages.reduce(damaged, joined(message.encode(version, value)));
          expectValueOrProtocolError(message, version, bytes);
        },
      ),
      { numRuns: 30 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => expectValueOrProtocolError(message, version, bytes)),
      { numRuns: 20 },
    );
  });
});

test('every prefix of a message is refused as truncated', () => {
  for (const { message, version } of cases) {
    const [value] = fc.sample(arbitraryMessage(message, version), { numRuns: 1, seed: 1 });
    const bytes = joined(message.encode(version, value!));
    for (let length = 0; length < bytes.length; length++) {
      expect(() => message.decode(version, bytes, 0, length)).toThrow(
        expect.objectContaining({ name: 'ProtocolError', kind: 'truncated' }),
      );
    }
  }
});
