import { expect, test } from 'vitest';
import { slicesOf, topicSlicesOf } from '../../../src/groups/slices.js';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

test('rows are cut after every 4,096, in their order', () => {
  expect(slicesOf([])).toEqual([]);
  expect(slicesOf(numbers(4096)).map(({ length }) => length)).toEqual([4096]);
  const slices = slicesOf(numbers(10_000));
  expect(slices.map(({ length }) => length)).toEqual([4096, 4096, 1808]);
  expect(slices.flat()).toEqual(numbers(10_000));
});

test('partitions are cut alike, however they lie in topics', () => {
  expect(topicSlicesOf([])).toEqual([[]]);
  const topics = [3000, 0, 3000, 5000].map((count, i) => ({ topicId: `t${i}`, partitions: numbers(count) }));
  const slices = topicSlicesOf(topics);
  const sizes = slices.map((slice) => slice.map(({ topicId, partitions }) => [topicId, partitions.length]));
  expect(sizes).toEqual([
    [
      ['t0', 3000],
      ['t2', 1096],
    ],
    [
      ['t2', 1904],
      ['t3', 2192],
    ],
    [['t3', 2808]],
  ]);
  const all = slices
    .flat()
    .flatMap(({ topicId, partitions }) => partitions.map((partition) => `${topicId} ${partition}`));
  expect(all).toEqual(
    topics.flatMap(({ topicId, partitions }) => partitions.map((partition) => `${topicId} ${partition}`)),
  );
});
