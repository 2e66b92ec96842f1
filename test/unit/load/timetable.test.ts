import { expect, test } from 'vitest';
import { Timetable } from '../../../bench/load/timetable.js';
import { FakeTime } from './fake-broker.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Calls that end when the test says. */
function started(time: FakeTime) {
  const dues: number[] = [];
  const ends: (() => void)[] = [];
  const timetable = new Timetable({ startMs: 50, intervalMs: 100 }, time, (dueMs) => {
    dues.push(dueMs);
    return new Promise((resolve) => ends.push(resolve));
  });
  return { timetable, dues, ends };
}

test('calls come one at a time, and one that was kept waiting knows when it was due', async () => {
  const time = new FakeTime();
  const { dues, ends } = started(time);
  time.runUntil(400);
  expect(dues).toEqual([50]);
  ends[0]!();
  await turn();
  time.runUntil(401);
  expect(dues).toEqual([50, 150]);
  ends[1]!();
  await turn();
  time.runUntil(402);
  expect(dues).toEqual([50, 150, 250]);
});

test('stop waits for the call under way and begins no other', async () => {
  const time = new FakeTime();
  const { timetable, dues, ends } = started(time);
  time.runUntil(60);
  let over = false;
  void timetable.stop().then(() => {
    over = true;
  });
  await turn();
  expect([over, timetable.isStopped]).toEqual([false, true]);
  ends[0]!();
  await turn();
  time.runUntil(1_000);
  expect([over, dues]).toEqual([true, [50]]);
});
