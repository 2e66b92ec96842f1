import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encoded, NumberReader, NumberWriter } from '../../../src/bytes/wire-numbers.js';

const edges = [0, 1, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 53 - 1];
const signed = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...edges, ...edges.map((edge) => -edge)));
const unsigned = fc.oneof(fc.maxSafeNat(), fc.constantFrom(...edges));

test('numbers are written as the library writes them, and read as they were', () => {
  fc.assert(
    fc.property(fc.array(unsigned), fc.array(signed), (whole, any) => {
      const ours = new NumberWriter();
      const theirs = new BinaryWriter();
      for (const value of whole) {
        ours.uint64(value);
        theirs.uint64(value);
      }
      for (const value of any) {
        ours.sint64(value).int64(value);
        theirs.sint64(value).int64(value);
      }
      const bytes = theirs.finish();
      expect(ours.finish()).toEqual(bytes);
      const reader = new NumberReader(bytes);
      for (const value of whole) expect(reader.uint64Number()).toBe(value);
      for (const value of any) expect([reader.sint64Number(), reader.int64Number()]).toEqual([value + 0, value + 0]);
      expect(reader.pos).toBe(bytes.length);
    }),
    { numRuns: 2_000 },
  );
});

test('any 64 bits are read as the library reads them, or refused where a number cannot say them', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      const bytes = new BinaryWriter().uint64(value).finish();
      for (const [read, library] of [
        [() => new NumberReader(bytes).uint64Number(), new BinaryReader(bytes).uint64()],
        [() => new NumberReader(bytes).int64Number(), new BinaryReader(bytes).int64()],
        [() => new NumberReader(bytes).sint64Number(), new BinaryReader(bytes).sint64()],
      ] as const) {
        const wanted = Number(library);
        if (Number.isSafeInteger(wanted)) expect(read()).toBe(wanted);
        else expect(read).toThrow(/^Value is (larger|smaller) than/);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a varint that does not end in time is refused', () => {
  expect(() => new NumberReader(new Uint8Array(3).fill(0x80)).uint64Number()).toThrow(RangeError);
  expect(() => new NumberReader(new Uint8Array(11).fill(0x80)).uint64Number()).toThrow('invalid varint');
});

test('what is no integer is not written', () => {
  for (const wrong of [1.5, Number.NaN]) {
    expect(() => new NumberWriter().uint64(wrong)).toThrow();
    expect(() => new NumberWriter().sint64(wrong)).toThrow();
  }
  expect(() => new NumberWriter().uint64(-1)).toThrow();
});

test('messages are written one after the other, one within another, and after one that failed', () => {
  const first = encoded((writer) => writer.uint32(1).uint32(300));
  expect([...encoded((writer) => writer.uint32(7))]).toEqual([7]);
  // What was given out is not written over.
  expect([...first]).toEqual([1, 172, 2]);
  const outer = encoded((writer) => writer.uint32(1).bytes(encoded((inner) => inner.uint32(9))));
  expect([...outer]).toEqual([1, 1, 9]);
  expect(() => encoded((writer) => writer.uint32(5).uint32(-1))).toThrow();
  expect([...encoded((writer) => writer.uint32(8))]).toEqual([8]);
});
