import { expect, it } from 'vitest';
import { AsideMemory } from '../../../src/server/aside-memory.js';

it('memory that is given back is used again, up to a bound of each length, but none that is short or long', () => {
  const aside = new AsideMemory();
  for (const length of [3_000, 5_000, 20_000, 65_000, 100_000]) {
    const given = Array.from({ length: 200 }, () => aside.take(length, length));
    for (const each of given) aside.giveBack(each);
    const again = new Set(Array.from({ length: 200 }, () => aside.take(length, length)));
    const kept = given.filter((each) => again.has(each));
    const isKept = length >= 4_096 && length <= 65_536;
    expect(kept.length, `${length}`).toBe(isKept ? Math.floor(262_144 / given[0]!.length) : 0);
  }
});

it('for all of a frame memory is taken once an eighth of it has come', () => {
  const aside = new AsideMemory();
  const lengths = [
    [1, 14],
    [1, 30_000],
    [3_000, 30_000],
    [4_000, 30_000],
    [4_000, 65_536],
    [9_000, 65_536],
    [9_000, 1_000_000],
  ].map(([count, most]) => aside.take(count!, most!).length);
  expect(lengths).toEqual([2, 2, 8_192, 32_768, 8_192, 65_536, 20_480]);
});
