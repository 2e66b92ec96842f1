// A second attempt against a slow tail: when it is made, who counts, what is let go, and that it never doubles a slow store's load.
import { expect, test } from 'vitest';
import { Hedging } from '../../../src/objects/hedge.js';
import { VirtualTime } from '../../simulation/virtual-time.js';

class Harness {
  readonly time = new VirtualTime();
  hedges = 0;
  readonly hedging = new Hedging({ clock: this.time.clockOf(0), timers: this.time.timersOf(() => true) }, () => {
    this.hedges += 1;
  });
  readonly attempts: { readonly second: boolean; readonly aborted: () => boolean }[] = [];

  /** Runs attempts that take so long and end so; an aborted one ends at once. */
  async run(first: [number, string | Error], second: [number, string | Error] = [0, new Error('not due')]) {
    let settled: { value: string } | { error: unknown } | undefined;
    let atMs = -1;
    const startedMs = this.time.nowMs;
    this.hedging
      .run((isSecond, signal) => {
        this.attempts.push({ second: isSecond, aborted: () => signal.aborted });
        const [delayMs, end] = isSecond ? second : first;
        return new Promise<string>((resolve, reject) => {
          const finish = () => (end instanceof Error ? reject(end) : resolve(end));
          this.time.after(delayMs, finish);
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
      })
      .then(
        (value) => {
          settled = { value };
          atMs = this.time.nowMs;
        },
        (error: unknown) => {
          settled = { error };
          atMs = this.time.nowMs;
        },
      );
    await this.time.run(() => settled !== undefined, 1e9);
    return { ...settled!, tookMs: atMs - startedMs };
  }

  /** Ninety-five of a hundred answers in 10 ms, the others in 20. */
  async learn(): Promise<void> {
    for (let i = 0; i < 128; i += 1) await this.run([i % 20 === 0 ? 20 : 10, 'usual']);
    this.attempts.length = 0;
    this.hedges = 0;
  }
}

test('nothing is sent twice before it is known what is usual', async () => {
  const harness = new Harness();
  for (let i = 0; i < 31; i += 1) await harness.run([1, 'quick']);
  expect(await harness.run([5000, 'slow'], [1, 'second'])).toMatchObject({ value: 'slow', tookMs: 5000 });
  expect(harness.hedges).toBe(0);
});

test('an answer slower than 95 of 100 gets a second attempt; the first to succeed counts and the other is let go', async () => {
  const harness = new Harness();
  await harness.learn();
  expect(await harness.run([500, 'first'], [10, 'second'])).toEqual({ value: 'second', tookMs: 30 });
  expect(harness.attempts.map(({ second, aborted }) => [second, aborted()])).toEqual([
    [false, true],
    [true, true],
  ]);
  expect(await harness.run([25, 'first'], [10, 'second'])).toEqual({ value: 'first', tookMs: 25 });
  expect(harness.hedges).toBe(2);
});

test('a usual answer is never sent twice', async () => {
  const harness = new Harness();
  await harness.learn();
  for (let i = 0; i < 50; i += 1) await harness.run([20, 'usual']);
  expect(harness.hedges).toBe(0);
});

test('a failed attempt waits for the one beside it, and its error is told only when both failed', async () => {
  const harness = new Harness();
  await harness.learn();
  expect(await harness.run([25, new Error('first')], [10, 'second'])).toEqual({ value: 'second', tookMs: 30 });
  const failed = await harness.run([40, new Error('first')], [5, new Error('second')]);
  expect(failed).toMatchObject({ error: new Error('first'), tookMs: 40 });
  expect(harness.hedges).toBe(2);
});

test('an attempt that fails alone is told at once', async () => {
  const harness = new Harness();
  await harness.learn();
  expect(await harness.run([3, new Error('denied')])).toMatchObject({ error: new Error('denied'), tookMs: 3 });
  expect(harness.hedges).toBe(0);
});

test('a store that is slow altogether gets at most a tenth of its requests twice', async () => {
  const harness = new Harness();
  await harness.learn();
  for (let i = 0; i < 100; i += 1) await harness.run([1000 + 10 * i, 'slow'], [5000, 'slower']);
  expect(harness.hedges).toBeGreaterThan(5);
  expect(harness.hedges).toBeLessThanOrEqual(12);
});
