import { expect, test } from 'vitest';
import { type Clock, Wheel } from '../../../bench/load/clock.js';

class StillClock implements Clock {
  readonly epochMs = 0;
  ms = 100;
  nowMs(): number {
    return this.ms;
  }
}

function start() {
  const clock = new StillClock();
  const late: number[] = [];
  const wheel = new Wheel(clock.nowMs(), () => ({ record: (ms) => late.push(ms) }));
  const woken: [string, number][] = [];
  const add = (name: string, atMs: number, tookMs = 0): void =>
    wheel.wakeAt(
      {
        pump: (nowMs) => {
          woken.push([name, nowMs]);
          clock.ms += tookMs;
        },
      },
      atMs,
    );
  const turnAt = (ms: number): void => {
    clock.ms = ms;
    wheel.turn(clock);
  };
  return { clock, wheel, woken, late, add, turnAt };
}

test('nothing is woken early, everything at the first turn from its time on, in order, however far ahead', () => {
  const { woken, add, turnAt } = start();
  for (const atMs of [9_000, 103.5, 150, 101, 4_196, 4_195, 8_291.5]) add(String(atMs), atMs);
  add('never', Number.POSITIVE_INFINITY);
  for (let ms = 100; ms < 10_000; ms += 1) turnAt(ms);
  expect(woken.map(([name]) => name)).toEqual(['101', '103.5', '150', '4195', '4196', '8291.5', '9000']);
  for (const [name, atMs] of woken) expect(atMs).toBe(Math.ceil(Number(name)));
});

test('a late turn wakes all that was due and tells how late it was', () => {
  const { woken, late, add, turnAt } = start();
  add('a', 101);
  add('b', 130);
  turnAt(140);
  expect(woken).toEqual([
    ['a', 140],
    ['b', 140],
  ]);
  expect(late).toEqual([39, 10]);
});

test('what was due before it was asked for is woken at the next turn, and is not late', () => {
  const { woken, late, add, turnAt } = start();
  turnAt(200);
  add('a', 100);
  turnAt(201);
  expect(woken).toEqual([['a', 201]]);
  expect(late[0]).toBeLessThanOrEqual(1);
});

test('a turn that takes too long leaves the rest, in order, to the next one: answers are read between them', () => {
  const { woken, add, clock, wheel } = start();
  for (let i = 0; i < 10; i += 1) add(String(i), 101, 2);
  add('later', 102);
  clock.ms = 101;
  let turns = 0;
  while (woken.length < 11) {
    wheel.turn(clock);
    turns += 1;
  }
  expect(woken.map(([name]) => name)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'later']);
  expect(turns).toBeGreaterThan(2);
});
