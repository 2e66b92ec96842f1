import { expect, test } from 'vitest';
import { BATCH_WINDOW_MS_MAX, extentsPerSecondMax, nextBatchWindowMs } from '../../../src/ingest/window-policy.js';

/** The window after `looks` looks at a load whose rate is `partitions` extents a window. */
function settled(partitions: number, batchWindowMsMin: number, looks = 100): number {
  let batchWindowMs = batchWindowMsMin;
  for (let i = 0; i < looks; i += 1) {
    batchWindowMs = nextBatchWindowMs({
      batchWindowMs,
      batchWindowMsMin,
      extentsPerSecond: (partitions * 1000) / batchWindowMs,
      extentsPerSecondMax: 1000,
      sealedByWindow: 1,
    });
  }
  return batchWindowMs;
}

test('the window settles where the rate stays below the budget, and no longer than that', () => {
  expect(settled(1, 5)).toBe(5);
  const window = settled(64, 5);
  expect(64_000 / window).toBeLessThanOrEqual(1000);
  expect(64_000 / window).toBeGreaterThan(600);
  expect(settled(64, 250)).toBe(250);
});

test('the window has a longest length, which a longer setting overrides', () => {
  expect(settled(100_000, 5)).toBe(BATCH_WINDOW_MS_MAX);
  expect(settled(100_000, 3_000)).toBe(3_000);
});

test('it shrinks back to its setting when the load goes, to a quarter at each look', () => {
  const facts = { batchWindowMsMin: 5, extentsPerSecond: 0, extentsPerSecondMax: 1000, sealedByWindow: 1 };
  let batchWindowMs = 500;
  for (let i = 0; i < 2; i += 1) {
    batchWindowMs = nextBatchWindowMs({ ...facts, batchWindowMs });
  }
  expect(batchWindowMs).toBeLessThanOrEqual(500 / 16 + 0.1);
  for (let i = 0; i < 10; i += 1) {
    batchWindowMs = nextBatchWindowMs({ ...facts, batchWindowMs });
  }
  expect(batchWindowMs).toBe(5);
});

test('it shrinks no further than the rate allows', () => {
  // 700 extents a second of 1,000 where 800 are the aim: shorter by an eighth would be too many.
  const facts = {
    batchWindowMs: 100,
    batchWindowMsMin: 5,
    extentsPerSecond: 700,
    extentsPerSecondMax: 1000,
    sealedByWindow: 1,
  };
  const window = nextBatchWindowMs(facts);
  expect(window).toBeLessThan(100);
  expect((700 * 100) / window).toBeLessThanOrEqual(800);
});

test('it does not lengthen when segments are full before their windows end, and shrinks as ever', () => {
  const facts = { batchWindowMs: 250, batchWindowMsMin: 250, extentsPerSecondMax: 1000 };
  expect(nextBatchWindowMs({ ...facts, extentsPerSecond: 5000, sealedByWindow: 0.1 })).toBe(250);
  expect(nextBatchWindowMs({ ...facts, extentsPerSecond: 5000, sealedByWindow: 0.9 })).toBe(375);
  expect(nextBatchWindowMs({ ...facts, batchWindowMs: 1000, extentsPerSecond: 10, sealedByWindow: 0 })).toBe(250);
});

test('what is left of the metadata lasts half an hour at the rate allowed, and the rate falls as it fills', () => {
  const full = extentsPerSecondMax(64 << 20);
  expect(full * 1_800 * 100).toBeCloseTo(64 << 20);
  expect(extentsPerSecondMax(32 << 20)).toBeCloseTo(full / 2);
  expect(extentsPerSecondMax(0)).toBe(1);
});
