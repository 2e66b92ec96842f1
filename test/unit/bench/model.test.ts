import { expect, test } from 'vitest';
import { classOf, fails, latencyMs, type RequestClass, slowness, slownessAt } from '../../../bench/models/model.js';
import { models } from '../../../bench/models/models.js';

const classes: readonly RequestClass[] = ['put', 'smallPut', 'get'];
const COUNT = 100_000;

const cases = Object.values(models).flatMap((model) => classes.map((of) => ({ name: model.name, model, of })));

test.each(cases)('$name, $of: the quantiles drawn are those of the model', ({ model, of }) => {
  const drawn = Float64Array.from({ length: COUNT }, (_, i) => latencyMs(model, of, 7, i)).sort();
  const { p50Ms, p99Ms } = model[of];
  // Three standard errors of an empirical quantile of so many log-normal draws.
  const sigma = Math.log(p99Ms / p50Ms) / 2.326;
  const error = (quantile: number, density: number): number =>
    (3 * sigma * Math.sqrt(quantile * (1 - quantile))) / (density * Math.sqrt(COUNT));
  expect(Math.abs(Math.log(drawn[COUNT * 0.5]! / p50Ms))).toBeLessThan(error(0.5, 0.3989));
  expect(Math.abs(Math.log(drawn[COUNT * 0.99]! / p99Ms))).toBeLessThan(error(0.99, 0.02665));
  // Log-normal between the two, too: the 84th percentile is one sigma above the median.
  expect(Math.log(drawn[Math.floor(COUNT * 0.84134)]! / p50Ms) / sigma).toBeCloseTo(1, 1);
});

test('the same seed draws the same latencies, another one others', () => {
  const drawn = (seed: number): number[] =>
    classes.flatMap((of) => [0, 1, 2, 99].map((count) => latencyMs(models['standard']!, of, seed, count)));
  expect(drawn(1)).toEqual(drawn(1));
  expect(drawn(1).some((latency, i) => latency === drawn(2)[i])).toBe(false);
  expect(new Set(drawn(1)).size).toBe(12);
});

test('a body of 64 KiB is small, one more byte is not', () => {
  expect(classOf('PUT', 65_536)).toBe('smallPut');
  expect(classOf('PUT', 65_537)).toBe('put');
  expect(['GET', 'HEAD', 'DELETE', 'POST'].map((method) => classOf(method, 0))).toEqual([
    'get',
    'get',
    'smallPut',
    'smallPut',
  ]);
});

test('slow are two seconds in every sixty', () => {
  const slow = Array.from({ length: 180 }, (_, second) => second).filter(
    (second) => slownessAt(slowness, second * 1000) === 3,
  );
  expect(slow).toEqual([29, 30, 89, 90, 149, 150]);
  expect(slownessAt(slowness, 0)).toBe(1);
});

test('so many of a thousand fail, by the seed', () => {
  const failed = (perMille: number): number =>
    Array.from({ length: COUNT }, (_, i) => fails(perMille, 3, i)).filter(Boolean).length;
  expect(failed(0)).toBe(0);
  expect(failed(1000)).toBe(COUNT);
  expect(Math.abs(failed(20) - COUNT * 0.02)).toBeLessThan(3 * Math.sqrt(COUNT * 0.02 * 0.98));
});
