import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRing, RingReader, RingWriter, recordBytesMax } from '../../../src/threads/ring.js';
import { RING_HEADER_BYTES } from '../../../src/threads/ring-state.js';

type Step =
  | { readonly kind: 'write'; readonly length: number; readonly urgent: boolean }
  | { readonly kind: 'read' }
  | { readonly kind: 'sleep'; readonly naps: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), length: fc.integer({ min: 0, max: 120 }), urgent: fc.boolean() }),
  fc.record({ kind: fc.constant('read' as const) }),
  fc.record({ kind: fc.constant('sleep' as const), naps: fc.boolean() }),
);

test('a ring is a bounded queue of byte strings, whatever its positions', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: -4, max: 3 }), (steps, turn) => {
      const memory = createRing(256);
      startAt(memory, turn * 256);
      const writer = new RingWriter(memory);
      const reader = new RingReader(memory);
      const queue: Uint8Array[] = [];
      let asleep: 'no' | 'sleeps' | 'naps' = 'no';
      let count = 0;
      for (const next of steps) {
        if (next.kind === 'write') {
          const record = new Uint8Array(next.length).fill(count);
          count += 1;
          if (writer.write(record)) {
            queue.push(record);
            const mustWake = asleep === 'sleeps' || (asleep === 'naps' && next.urgent);
            expect(writer.takeSleeping(next.urgent)).toBe(mustWake);
            if (mustWake) asleep = 'no';
          } else {
            // Refused only when the record, its padding and a skipped end might not fit beside what is queued.
            const used = queue.reduce((sum, held) => sum + ((held.length + 11) & -8), 0);
            expect(used + 2 * ((next.length + 11) & -8)).toBeGreaterThan(256 - 128);
            expect(queue.length).toBeGreaterThan(0);
          }
        } else if (next.kind === 'read') {
          const expected = queue.shift();
          const found = reader.peek();
          expect(found).toEqual(expected);
          expect(writer.isEmpty).toBe(expected === undefined);
          if (found !== undefined) {
            reader.advance();
          }
        } else {
          const slept = reader.sleep(next.naps);
          expect(slept).toBe(queue.length === 0);
          asleep = !slept ? 'no' : next.naps ? 'naps' : 'sleeps';
        }
      }
    }),
  );
});

test('an empty ring takes a record of the greatest length at every position', () => {
  for (let place = 0; place < 256; place += 8) {
    const memory = createRing(256);
    startAt(memory, place);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    const record = new Uint8Array(recordBytesMax(memory)).fill(7);
    expect(writer.write(record)).toBe(true);
    expect(reader.peek()).toEqual(record);
  }
});

test('a longer record, a capacity that is no power of two and a damaged length are programmer errors', () => {
  const memory = createRing(256);
  const writer = new RingWriter(memory);
  expect(() => writer.write(new Uint8Array(recordBytesMax(memory) + 1))).toThrow(RangeError);
  expect(() => createRing(100)).toThrow(RangeError);
  writer.write(new Uint8Array(8));
  new Int32Array(memory, RING_HEADER_BYTES)[0] = 4000;
  expect(() => new RingReader(memory).peek()).toThrow(/damaged/);
  expect(() => new RingReader(memory).advance()).toThrow(/peeked/);
});

/** Lets both positions start at `position` modulo 2^32: near the wrap of the 32-bit words too. */
function startAt(memory: SharedArrayBuffer, position: number): void {
  const words = new Int32Array(memory, 0, RING_HEADER_BYTES / 4);
  words[0] = position;
  words[16] = position;
}
