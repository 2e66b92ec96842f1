import { describe, expect, test } from 'vitest';
import { burstOf, SampledRate } from '../../../src/server/sampled-rate.js';

/** What the rate says at once after each of these (milliseconds, amount). */
function excesses(limit: number, events: readonly (readonly [nowMs: number, amount: number])[]): number[] {
  const rate = new SampledRate();
  return events.map(([nowMs, amount]) => {
    rate.record(amount, nowMs);
    return rate.excessMs(limit, nowMs);
  });
}

describe("as Kafka's Rate over eleven samples of one second", () => {
  test('a short history counts as ten seconds: ten seconds worth may come at once, not more', () => {
    expect(excesses(100, [[5_000, 1_000]])).toEqual([0]);
    // (100.1 - 100) / 100 * 10,000
    expect(excesses(100, [[5_000, 1_001]])).toEqual([10]);
    expect(excesses(100, [[5_000, 2_000]])).toEqual([10_000]);
    expect(burstOf(100)).toBe(1_000);
  });

  test('within the first window the part of it that has passed counts too', () => {
    // 1,100 in 10.5 s is 104.76 a second: 4.76 % of 10.5 s.
    expect(
      excesses(100, [
        [0, 550],
        [500, 550],
      ]),
    ).toEqual([0, 500]);
  });

  test('below the limit it is never too much; for long above it, always', () => {
    const steady = (amount: number) =>
      excesses(
        100,
        Array.from({ length: 400 }, (_, i) => [i * 100, amount] as const),
      );
    expect(steady(9).filter((ms) => ms > 0)).toEqual([]);
    expect(
      steady(11)
        .slice(200)
        .every((ms) => ms > 0),
    ).toBe(true);
  });

  test('the wait is what a longer window would need: within the first ten seconds it does not get shorter', () => {
    const rate = new SampledRate();
    rate.record(1_500, 0);
    expect(rate.excessMs(100, 0)).toBe(5_000);
    expect(rate.excessMs(100, 5_000)).toBe(5_000);
    expect(rate.excessMs(100, 5_999)).toBe(4_001);
    expect(rate.excessMs(100, 10_999)).toBe(4_001);
  });

  test('eleven seconds after its last event a window counts no more, whatever was in it', () => {
    const rate = new SampledRate();
    rate.record(1_000_000, 0);
    expect(rate.excessMs(100, 10_999)).toBeGreaterThan(0);
    expect(rate.excessMs(100, 11_000)).toBe(0);
  });

  test('windows follow one another; twelve are kept, so that the oldest overlaps the present one', () => {
    const rate = new SampledRate();
    for (let second = 0; second < 29; second += 1) {
      rate.record(5 * second, second * 1_000);
      rate.record(5 * second, second * 1_000 + 500);
    }
    rate.record(5 * 29, 29_000);
    // Those of seconds 18 to 29: 2,675 in the 11 s since second 18.
    expect(rate.excessMs(100, 29_000)).toBe(Math.round(((2_675 / 11 - 100) / 100) * 11_000));
    // At 29,500 that of second 18 is gone: it began anew, empty.
    expect(rate.excessMs(100, 29_500)).toBe(Math.round(((2_495 / 10.5 - 100) / 100) * 10_500));
  });

  test('what is given back was never there', () => {
    const rate = new SampledRate();
    rate.record(900, 0);
    rate.record(5_000, 10);
    rate.record(-5_000, 10);
    expect(rate.excessMs(100, 10)).toBe(0);
    rate.record(110, 10);
    expect(rate.excessMs(100, 10)).toBeGreaterThan(0);
  });
});
