import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectionsToMove, isCrowded, isQuiet } from '../../../src/ingest/lane-policy.js';

test('a lane is crowded when it has a segment to seal or its thread has no time left', () => {
  expect(isCrowded({ pendingBytes: 99, busyShare: 0.79 }, 100)).toBe(false);
  expect(isCrowded({ pendingBytes: 100, busyShare: 0 }, 100)).toBe(true);
  expect(isCrowded({ pendingBytes: 0, busyShare: 0.8 }, 100)).toBe(true);
});

test('lanes are quiet when one could easily do the work of all', () => {
  expect(
    isQuiet(
      [
        { pendingBytes: 50, busyShare: 0.2 },
        { pendingBytes: 49, busyShare: 0.19 },
      ],
      100,
    ),
  ).toBe(true);
  expect(
    isQuiet(
      [
        { pendingBytes: 50, busyShare: 0.2 },
        { pendingBytes: 50, busyShare: 0.19 },
      ],
      100,
    ),
  ).toBe(false);
  expect(
    isQuiet(
      [
        { pendingBytes: 0, busyShare: 0.2 },
        { pendingBytes: 0, busyShare: 0.21 },
      ],
      100,
    ),
  ).toBe(false);
});

const moved = (bytes: readonly number[], otherBytes = 0) =>
  connectionsToMove(
    bytes.map((count) => ({ bytes: count })),
    otherBytes,
  ).map((connection) => connection.bytes);

test('about half of the load moves, the largest connections first', () => {
  expect(moved([10, 10, 10, 10])).toEqual([10, 10]);
  expect(moved([90, 10])).toEqual([10]);
  expect(moved([5, 1, 6])).toEqual([6, 1]);
  expect(moved([100])).toEqual([]);
  expect(moved([0, 0])).toEqual([]);
  expect(moved([10, 10], 14)).toEqual([]);
  expect(moved([10, 10, 10, 10], 20)).toEqual([10]);
});

test('moving never makes the other lane the fuller one by much, and never empties the first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 30 }), fc.nat(5000), (bytes, other) => {
      const total = bytes.reduce((sum, count) => sum + count, 0);
      const sum = moved(bytes, other).reduce((all, count) => all + count, 0);
      expect(other + sum).toBeLessThanOrEqual(Math.max(other, (total + other) * 0.61));
    }),
  );
});
