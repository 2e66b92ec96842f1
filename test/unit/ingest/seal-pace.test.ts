// Where batch windows end: late seals do not add up, quiet times start afresh, and hedges are paid for.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SealPace } from '../../../workers/ingest/seal-policy.js';

const WINDOW_MS = 10;

/** A lane that always has something to seal, each seal so late; how many seals by `untilMs`. */
function sealBusily(pace: SealPace, untilMs: number, lateMs: (seal: number) => number, hedge = 0): number {
  let seals = 0;
  let hedges = 0;
  for (let nowMs = 0; ; ) {
    nowMs = Math.max(nowMs, pace.dueMs(WINDOW_MS)) + lateMs(seals);
    if (nowMs > untilMs) return seals + hedges;
    pace.sealed('window', nowMs, WINDOW_MS);
    seals += 1;
    if (hedge > 0 && seals % hedge === 0) {
      hedges += 1;
      pace.hedged(WINDOW_MS);
    }
  }
}

test('seals that are a little late each are still one a window', () => {
  expect(sealBusily(new SealPace(), 10_000, () => 1.3)).toBeGreaterThanOrEqual(999);
});

test('after a quiet time, or a seal that was very late, the window begins with the seal', () => {
  const pace = new SealPace();
  pace.sealed('window', 100, WINDOW_MS);
  expect(pace.dueMs(WINDOW_MS)).toBe(110);
  pace.sealed('window', 116, WINDOW_MS);
  expect(pace.dueMs(WINDOW_MS)).toBe(126);
  pace.sealed('window', 131, WINDOW_MS);
  expect(pace.dueMs(WINDOW_MS)).toBe(136);
});

test('a full segment begins a window of its own', () => {
  const pace = new SealPace();
  pace.sealed('window', 100, WINDOW_MS);
  pace.sealed('size', 104, WINDOW_MS);
  expect(pace.dueMs(WINDOW_MS)).toBe(114);
});

test('hedges make windows longer by an eighth at most, until they are paid for', () => {
  const pace = new SealPace();
  pace.sealed('window', 0, WINDOW_MS);
  pace.hedged(WINDOW_MS);
  let lastMs = pace.dueMs(WINDOW_MS);
  const windows: number[] = [];
  for (let i = 0; i < 10; i += 1) {
    pace.sealed('window', lastMs, WINDOW_MS);
    windows.push(pace.dueMs(WINDOW_MS) - lastMs);
    lastMs = pace.dueMs(WINDOW_MS);
  }
  expect(windows).toEqual([...new Array<number>(8).fill(11.25), 10, 10]);
});

test('however late seals are and however many are hedged, up to a tenth, there is never more than one upload a window', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1 }),
      fc.integer({ min: 10, max: 40 }),
      (late, hedge) => {
        const untilMs = 20_000;
        const uploads = sealBusily(new SealPace(), untilMs, (seal) => late[seal % late.length]!, hedge);
        // The first window has no beginning, and the last hedges are still owed for.
        expect(uploads).toBeLessThanOrEqual(untilMs / WINDOW_MS + 3);
      },
    ),
  );
});
