import { expect, test } from 'vitest';
import { LimitedLog } from '../../src/telemetry/limited-log.js';
import { type LogFields, silentLog } from '../../src/telemetry/log.js';

test('of each kind so many lines are written in a window, and the rest is counted in the next one', () => {
  const lines: (readonly [string, LogFields])[] = [];
  let nowMs = 0;
  const log = new LimitedLog(
    { ...silentLog, warn: (fields, message) => void lines.push([message, fields]) },
    { monotonicMs: () => nowMs },
  );
  for (let n = 0; n < 1_000; n += 1) log.warn('flood', { n }, 'again');
  log.warn('other', {}, 'rare');
  expect(lines.length).toBe(21);
  expect(lines.at(-2)).toEqual(['again', { n: 19 }]);
  expect(lines.at(-1)).toEqual(['rare', {}]);
  nowMs = 10_000;
  log.warn('flood', { n: 0 }, 'again');
  log.warn('flood', { n: 1 }, 'again');
  expect(lines.slice(-2)).toEqual([
    ['again', { n: 0, linesLeftOut: 980 }],
    ['again', { n: 1 }],
  ]);
});
