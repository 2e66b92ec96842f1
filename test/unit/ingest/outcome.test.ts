import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinAnswers, joinOutcome, partAnswers } from '../../../src/ingest/messages.js';

const batch = fc.record({
  baseOffset: fc.integer({ min: -1, max: 2 ** 53 - 1 }),
  error: fc.constantFrom(0, 45, 90),
  appended: fc.constantFrom(0, 1),
});
const partition = fc
  .record({ batches: fc.array(batch, { maxLength: 5 }), logStartOffset: fc.maxSafeNat() })
  .map(({ batches, logStartOffset }) => ({
    baseOffsets: Float64Array.from(batches, ({ baseOffset }) => baseOffset),
    errors: Int16Array.from(batches, ({ error }) => error),
    appended: Uint8Array.from(batches, ({ appended }) => appended),
    logStartOffset,
  }));

test('an outcome is the same on the other side of the thread', () => {
  fc.assert(
    fc.property(fc.array(partition, { maxLength: 6 }), (partitions) => {
      const { counts, logStartOffsets, baseOffsets, errors, appended } = structuredClone(joinOutcome(partitions));
      expect([...counts]).toEqual(partitions.map((one) => one.errors.length));
      expect([...logStartOffsets]).toEqual(partitions.map((one) => one.logStartOffset));
      expect([...baseOffsets]).toEqual(partitions.flatMap((one) => [...one.baseOffsets]));
      expect([...errors]).toEqual(partitions.flatMap((one) => [...one.errors]));
      expect([...appended]).toEqual(partitions.flatMap((one) => [...one.appended]));
    }),
  );
});

const answer = fc.record({
  request: fc.nat(0xffff_ffff),
  frame: fc.option(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc
        .tuple(fc.constantFrom(5_000, 16 * 1024 - 1, 16 * 1024, 40_000), fc.nat(255))
        .map(([length, byte]) => new Uint8Array(length).fill(byte)),
    ),
    { nil: undefined },
  ),
  fate: fc.constantFrom('decided' as const, 'failed' as const, 'undecided' as const),
  close: fc.boolean(),
  busyMs: fc.double({ min: 0, max: 1000, noNaN: true }),
});

test('answers are the same on the other side of the thread', () => {
  fc.assert(
    fc.property(fc.array(answer, { maxLength: 6 }), (answers) => {
      expect(partAnswers(structuredClone(joinAnswers(answers)))).toEqual(answers);
    }),
  );
});

test('a small answer does not keep the large ones, nor all the small ones, that crossed with it', () => {
  const decided = (request: number, bytes: number) => ({
    request,
    frame: new Uint8Array(bytes),
    fate: 'decided' as const,
    close: false,
    busyMs: 0,
  });
  const answers = [decided(1, 60), decided(2, 1_000_000), decided(3, 60)];
  for (let request = 4; request < 1_000; request += 1) answers.push(decided(request, 60));
  const parted = partAnswers(structuredClone(joinAnswers(answers)));
  const kept = parted.map(({ frame }) => frame!.buffer.byteLength);
  expect([kept[0], kept[1]]).toEqual([60, 1_000_000]);
  expect(Math.max(...kept.slice(2))).toBe(273 * 60);
  // Still few buffers for many answers.
  expect(new Set(parted.map(({ frame }) => frame!.buffer)).size).toBe(6);
});
