import { expect, test } from 'vitest';
import { drawKey, drawSize, meanSize, parseKeys, parseSizes } from '../../../bench/load/distributions.js';
import { murmur2, partitionOfKey } from '../../../bench/load/murmur2.js';
import { Random } from '../../../bench/load/random.js';

const DRAWS = 200_000;

function draws(draw: (random: Random) => number, seed = 1): number[] {
  const random = new Random(seed, 0);
  return Array.from({ length: DRAWS }, () => draw(random));
}

test('the same seed and stream draw the same numbers, another seed or stream others', () => {
  const sequence = (seed: number, stream: number): number[] => {
    const random = new Random(seed, stream);
    return Array.from({ length: 100 }, () => random.uint32());
  };
  expect(sequence(5, 1)).toEqual(sequence(5, 1));
  for (const [seed, stream] of [
    [6, 1],
    [5, 2],
    [5 + 2 ** 32, 1],
  ] as const) {
    expect(sequence(seed, stream)).not.toEqual(sequence(5, 1));
  }
});

test('uniform sizes lie in their range, all of it, and around its middle', () => {
  const sizes = parseSizes('uniform:100-199');
  const drawn = draws(drawSize(sizes));
  expect(new Set(drawn).size).toBe(100);
  expect([Math.min(...new Set(drawn)), Math.max(...new Set(drawn))]).toEqual([100, 199]);
  expect(drawn.reduce((sum, size) => sum + size, 0) / DRAWS).toBeCloseTo(meanSize(sizes), 0);
});

test('log-normal sizes have the median, the p99 and the mean asked for', () => {
  const sizes = parseSizes('lognormal:1000,8000');
  const drawn = draws(drawSize(sizes)).sort((a, b) => a - b);
  expect(drawn[DRAWS / 2]! / 1000).toBeCloseTo(1, 1);
  expect(drawn[DRAWS * 0.99]! / 8000).toBeCloseTo(1, 1);
  expect(drawn.reduce((sum, size) => sum + size, 0) / DRAWS / meanSize(sizes)).toBeCloseTo(1, 1);
});

test.each(['zipf:1000,0.99', 'zipf:1000,1', 'zipf:1000,1.5'])('%s: each rank has its weight', (text) => {
  const keys = parseKeys(text);
  if (keys.kind !== 'zipf') throw new Error('not zipf');
  const counts = new Array<number>(keys.count).fill(0);
  for (const key of draws(drawKey(keys))) counts[key]! += 1;
  const weights = counts.map((_, index) => (index + 1) ** -keys.exponent);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (const rank of [0, 1, 2, 9, 49]) {
    const expected = (DRAWS * weights[rank]!) / total;
    // Five standard deviations of a binomial.
    expect(Math.abs(counts[rank]! - expected), `rank ${rank + 1}`).toBeLessThan(5 * Math.sqrt(expected));
  }
});

test('uniform keys are all drawn, about equally often', () => {
  const keys = parseKeys('uniform:100');
  if (keys.kind === 'none') throw new Error('no keys');
  const counts = new Array<number>(100).fill(0);
  for (const key of draws(drawKey(keys))) counts[key]! += 1;
  for (const count of counts) expect(Math.abs(count - DRAWS / 100)).toBeLessThan(5 * Math.sqrt(DRAWS / 100));
});

test.each(['', 'x', 'uniform:9-3', 'lognormal:5', 'lognormal:9,3', '1000001', '5,6'])(
  'sizes that are none: %j',
  (text) => {
    expect(() => parseSizes(text)).toThrow('--size is');
  },
);

test.each(['', 'zipf', 'zipf:0', 'zipf:10,0', 'uniform:0', 'uniform:10,2,3'])('keys that are none: %j', (text) => {
  expect(() => parseKeys(text)).toThrow('--keys is');
});

// Of Apache Kafka's clients: UtilsTest.testMurmur2.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
] as const)('murmur2 of %s is what Kafka computes', (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash);
  expect(partitionOfKey(Buffer.from(key), 64)).toBe((hash & 0x7fff_ffff) % 64);
});
