import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DESCRIPTOR_BYTES_MAX, decodeDescriptor, encodeDescriptor, PIECES_MAX } from '../../../src/ingest/messages.js';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

test('a descriptor survives the ring, wherever its record lies', () => {
  fc.assert(
    fc.property(
      fc.record({
        request: u32,
        connection: u32,
        correlationId: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        apiVersion: fc.integer({ min: 0, max: 13 }),
        topicsRevision: fc.maxSafeNat(),
        receivedMs: fc.double({ min: 0, max: 1e15, noNaN: true }),
        fails: fc.boolean(),
        turnsHeard: fc.maxSafeNat(),
        pieces: fc.array(fc.record({ position: u32, length: u32 }), { maxLength: 20 }),
      }),
      fc.integer({ min: 0, max: 7 }),
      (descriptor, shift) => {
        const record = encodeDescriptor(descriptor);
        const moved = new Uint8Array(record.length + shift).subarray(shift);
        moved.set(record);
        expect(decodeDescriptor(moved)).toEqual(descriptor);
      },
    ),
  );
});

test('the most pieces fit, one more is a mistake of the caller', () => {
  const pieces = Array.from({ length: PIECES_MAX }, (_, i) => ({ position: i, length: 1 }));
  const base = {
    request: 1,
    connection: 1,
    correlationId: 1,
    apiVersion: 9,
    topicsRevision: 0,
    receivedMs: 0,
    fails: false,
    turnsHeard: 0,
  };
  expect(encodeDescriptor({ ...base, pieces })).toHaveLength(DESCRIPTOR_BYTES_MAX);
  expect(() => encodeDescriptor({ ...base, pieces: [...pieces, pieces[0]!] })).toThrow(RangeError);
});
