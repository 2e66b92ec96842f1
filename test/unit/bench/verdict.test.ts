import { expect, test } from 'vitest';
import { verdictOf } from '../../../bench/check/verdict.js';

const baseline = [1, 1.02, 0.98, 5, 1];

test.each([
  { now: [1.2, 1.2, 1.2], worse: true, word: 'WORSE' },
  { now: [1.11, 1.11, 0.5], worse: true, word: 'WORSE' },
  { now: [1.09, 1.09, 9], worse: false, word: 'the same (within 10 %)' },
  { now: [0.8, 0.8, 0.8], worse: false, word: 'better' },
])('medians are compared, and one disturbed round changes nothing: $now', ({ now, worse, word }) => {
  const verdict = verdictOf('produce', now, baseline, 0.1);
  expect(verdict.worse).toBe(worse);
  expect(verdict.text).toContain(word);
});
