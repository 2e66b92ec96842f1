import { expect, test } from 'vitest';
import { TokenBucket } from '../../../src/server/token-bucket.js';

test('eleven seconds worth is there at first, and more than is left may be taken once', () => {
  const bucket = new TokenBucket(5, 1_000);
  bucket.take(55, 5, 1_000);
  expect(bucket.owedMs(5, 1_000)).toBe(0);
  bucket.take(1, 5, 1_000);
  expect(bucket.owedMs(5, 1_000)).toBe(200);
});

test("Kafka's example: a burst of 560 at a quota of 5 with room for 500 owes 60, twelve seconds", () => {
  const bucket = new TokenBucket(5, 0);
  bucket.take(55 + 60, 5, 0);
  expect(bucket.owedMs(5, 0)).toBe(12_000);
  expect(bucket.owedMs(5, 11_999)).toBeGreaterThan(0);
  expect(bucket.owedMs(5, 12_000)).toBe(0);
});

test('it never holds more than eleven seconds worth', () => {
  const bucket = new TokenBucket(2, 0);
  bucket.take(1, 2, 3_600_000);
  bucket.take(22, 2, 3_600_000);
  expect(bucket.owedMs(2, 3_600_000)).toBe(500);
});

test('a rate that changes holds from then on', () => {
  const bucket = new TokenBucket(1, 0);
  bucket.take(21, 1, 0);
  expect(bucket.owedMs(1, 0)).toBe(10_000);
  expect(bucket.owedMs(10, 0)).toBe(1_000);
});
