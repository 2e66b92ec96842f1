import { expect, test } from 'vitest';
import { Growth } from '../../../src/cluster/growth.js';

test('nothing is known before a second has passed', () => {
  const growth = new Growth();
  growth.observe(0, 100, 1);
  growth.observe(500, 200, 50);
  expect(growth.rates(500, 200, 1000)).toEqual({ hoursLeft: Number.POSITIVE_INFINITY, extentsPerSecond: 0 });
});

test('rates are those of the last minute', () => {
  const growth = new Growth();
  for (let second = 0; second <= 600; second++) {
    const quick = Math.max(0, second - 300);
    growth.observe(second * 1000, second * 1000 + quick * 9000, second * 10 + quick * 90);
  }
  const bytes = 600 * 1000 + 300 * 9000;
  const { hoursLeft, extentsPerSecond } = growth.rates(600_000, bytes, bytes + 36_000_000);
  expect(extentsPerSecond).toBeCloseTo(100);
  expect(hoursLeft).toBeCloseTo(1);
});

test('extents that go do not hide those that come', () => {
  const growth = new Growth();
  for (let second = 0; second <= 60; second++) {
    growth.observe(second * 1000, 5000, second % 2 === 0 ? 0 : 100);
  }
  const { hoursLeft, extentsPerSecond } = growth.rates(60_000, 5000, 6000);
  expect(extentsPerSecond).toBeCloseTo(50);
  expect(hoursLeft).toBe(Number.POSITIVE_INFINITY);
});
