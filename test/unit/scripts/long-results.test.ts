import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../processes/agent.js';

interface LongResults {
  environmentOf(
    suite: { readonly env?: Readonly<Record<string, string>> },
    callers: Readonly<Record<string, string>>,
  ): Readonly<Record<string, string>>;
  withResult(text: string, result: object, order: readonly string[]): string;
}
const { environmentOf, withResult }: LongResults = await import(join(root, 'scripts/long-results.js'));

const order = ['one', 'two', 'three'];
const result = (suite: string, passed: number) => ({
  suite,
  date: '2026-01-02',
  commit: 'abc1234',
  seconds: 5,
  passed,
  failed: 0,
  skipped: 1,
  env: suite === 'two' ? { SEEDS: '20' } : {},
});
const rows = (text: string): readonly string[] => text.split('\n').filter((line) => line.startsWith('| `'));

test('a result takes the place of the suite that it belongs to, and rows stand in the order of the table', () => {
  const first = withResult(withResult('', result('three', 1), order), result('one', 1), order);
  const second = withResult(withResult(first, result('two', 1), order), result('three', 2), order);
  expect(rows(second)).toEqual([
    '| `one` | 2026-01-02 | abc1234 | 5 | 1 | 0 | 1 |  |',
    '| `two` | 2026-01-02 | abc1234 | 5 | 1 | 0 | 1 | `SEEDS=20` |',
    '| `three` | 2026-01-02 | abc1234 | 5 | 2 | 0 | 1 |  |',
  ]);
  expect(withResult(second, result('three', 2), order)).toBe(second);
});

test('a suite that is no more loses its row', () => {
  const before = withResult('', result('three', 1), order);
  expect(rows(withResult(before, result('one', 1), ['one']))).toHaveLength(1);
});

test('what the caller sets wins over the table', () => {
  const suite = { env: { FIRST: '1', SEEDS: '20' } };
  expect(environmentOf(suite, { FIRST: '500', OTHER: 'x' })).toEqual({ FIRST: '500', SEEDS: '20' });
  expect(environmentOf({}, { OTHER: 'x' })).toEqual({});
});
