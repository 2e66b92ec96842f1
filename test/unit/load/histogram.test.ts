import { expect, test } from 'vitest';
import { Histogram, RELATIVE_ERROR_MAX } from '../../../bench/load/histogram.js';
import { Random } from '../../../bench/load/random.js';

test('percentiles are never below the truth and at most 1/256 above it', () => {
  const random = new Random(7, 0);
  const histogram = new Histogram();
  // Microseconds to minutes.
  const values = Array.from({ length: 50_000 }, () => 10 ** (random.next() * 8 - 3));
  for (const value of values) histogram.record(value);
  values.sort((a, b) => a - b);
  for (const share of [0, 0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1]) {
    const exact = values[Math.max(1, Math.ceil(share * values.length)) - 1]!;
    const told = histogram.percentile(share);
    expect(told, `p${share}`).toBeGreaterThanOrEqual(exact);
    // Whole microseconds, so up to one more.
    expect(told, `p${share}`).toBeLessThanOrEqual((exact + 0.001) * (1 + RELATIVE_ERROR_MAX) + 0.001);
  }
  const { count, mean, max } = histogram.summary();
  expect(count).toBe(50_000);
  expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 6);
  expect(max).toBe(values.at(-1));
});

test('durations below 256 µs are exact to the microsecond', () => {
  for (let micros = 0; micros < 256; micros += 1) {
    const histogram = new Histogram();
    histogram.record(micros / 1000);
    histogram.record(1_000_000);
    expect(histogram.percentile(0.5)).toBe(micros / 1000);
  }
});

test('around every power of two a duration is told at most 1/256 too high', () => {
  for (let power = 8; power < 36; power += 1) {
    for (const micros of [2 ** power - 1, 2 ** power, 2 ** power + 1]) {
      const histogram = new Histogram();
      histogram.record(micros / 1000);
      histogram.record(2 ** 36);
      const told = histogram.percentile(0.5) * 1000;
      expect(told).toBeGreaterThanOrEqual(micros - 1e-6);
      expect(told).toBeLessThanOrEqual(micros * (1 + RELATIVE_ERROR_MAX));
    }
  }
});

test('what is out of range counts at the ends: negative as none, a year with its own maximum', () => {
  const histogram = new Histogram();
  histogram.record(-3);
  histogram.record(365 * 86_400_000);
  expect(histogram.percentile(0.5)).toBe(0);
  expect(histogram.summary().max).toBe(365 * 86_400_000);
  expect(histogram.percentile(1)).toBeGreaterThan(19 * 3_600_000);
});

test('two histograms add up to the one that saw everything', () => {
  const [left, right, both] = [new Histogram(), new Histogram(), new Histogram()];
  const random = new Random(3, 0);
  for (let i = 0; i < 10_000; i += 1) {
    const value = random.next() ** 4 * 5_000;
    (i % 3 === 0 ? left : right).record(value);
    both.record(value);
  }
  left.add(right);
  const { mean, ...summary } = left.summary();
  const { mean: meanOfBoth, ...summaryOfBoth } = both.summary();
  expect(summary).toEqual(summaryOfBoth);
  expect(mean).toBeCloseTo(meanOfBoth, 9);
});

test('a spread is its records one by one', () => {
  const [spread, single] = [new Histogram(), new Histogram()];
  spread.recordSpread(9, 5, 5);
  for (const value of [9, 8, 7, 6, 5]) single.record(value);
  expect(spread.summary()).toEqual(single.summary());
});
