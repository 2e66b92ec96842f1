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
  frame: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined }),
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
