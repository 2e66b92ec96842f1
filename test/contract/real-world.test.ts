// Node's clock, timers and randomness keep the contract of src/world/world.ts.
import { expect, test } from 'vitest';
import { realClock, realRandom, realTimers } from '../../src/world/real.js';

test('timers fire once, in order, unless cancelled', async () => {
  const fired: string[] = [];
  await new Promise<void>((resolve) => {
    realTimers.after(5, () => {
      fired.push('later');
      resolve();
    });
    realTimers.after(1, () => fired.push('sooner'));
    realTimers.after(2, () => fired.push('cancelled')).cancel();
    realTimers.soon(() => fired.push('soon'));
    // Keeps the process's loop turning: world timers alone do not.
    setTimeout(() => {}, 50);
  });
  expect(fired).toEqual(['soon', 'sooner', 'later']);
});

test('a timer never runs before its delay is over by the monotonic clock', async () => {
  // The loop must turn meanwhile: world timers alone do not keep it going.
  const keepAlive = setInterval(() => {}, 1);
  const early: number[] = [];
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const delayMs = 1 + (index % 40) / 7;
      await new Promise((resolve) => setTimeout(resolve, index % 50));
      const startMs = realClock.monotonicMs();
      await new Promise<void>((resolve) => realTimers.after(delayMs, resolve));
      const passedMs = realClock.monotonicMs() - startMs;
      if (passedMs < delayMs) early.push(delayMs - passedMs);
    }),
  );
  clearInterval(keepAlive);
  expect(early).toEqual([]);
});

test('a delay longer than Node takes does not fire at once', async () => {
  let fired = false;
  const timer = realTimers.after(30 * 86_400_000, () => {
    fired = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  timer.cancel();
  expect(fired).toBe(false);
});

test('the monotonic clock is fractional and never goes back; the wall clock is whole', () => {
  const readings = Array.from({ length: 1000 }, () => realClock.monotonicMs());
  for (let index = 1; index < readings.length; index += 1) {
    expect(readings[index]!).toBeGreaterThanOrEqual(readings[index - 1]!);
  }
  expect(readings.some((reading) => !Number.isInteger(reading))).toBe(true);
  expect(Number.isInteger(realClock.wallMs())).toBe(true);
});

test('random bytes and words differ', () => {
  expect(realRandom.bytes(0)).toHaveLength(0);
  expect(realRandom.bytes(16)).not.toEqual(realRandom.bytes(16));
  expect(new Set(Array.from({ length: 100 }, () => realRandom.uint32())).size).toBeGreaterThan(95);
});

test('random bytes are given out once', () => {
  const given = Array.from({ length: 3000 }, (_, index) => realRandom.bytes(index % 7 === 0 ? 5000 : 8 + (index % 40)));
  expect(given.every((bytes, index) => bytes.length === (index % 7 === 0 ? 5000 : 8 + (index % 40)))).toBe(true);
  // The first eight bytes, and the last, of each.
  const ends = given.flatMap((bytes) =>
    [bytes.slice(0, 8), bytes.slice(-8)].map((end) => Buffer.from(end).toString('hex')),
  );
  const short = given.filter(({ length }) => length === 8).length;
  expect(new Set(ends).size).toBe(ends.length - short);
});
