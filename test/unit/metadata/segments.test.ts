import { expect, test } from 'vitest';
import { Ledger } from '../../../src/metadata/limits.js';
import { Segments } from '../../../src/metadata/segments.js';

test('a row lives from the first extent of a segment to the last, and is used again', () => {
  const ledger = new Ledger();
  const segments = new Segments(ledger);
  const rows = [7, 3].map((number) => segments.add(1, number, 500));
  for (const row of rows) {
    segments.addExtent(row, 100);
  }
  segments.addExtent(rows[0]!, 50);
  expect([segments.count, segments.liveExtents(rows[0]!), segments.liveBytes(rows[0]!)]).toEqual([2, 2, 150]);
  expect([...segments.ordered()].map((row) => segments.number(row))).toEqual([3, 7]);
  segments.removeExtent(rows[0]!, 100);
  expect([segments.count, segments.liveExtents(rows[0]!), segments.liveBytes(rows[0]!)]).toEqual([2, 1, 50]);
  segments.removeExtent(rows[0]!, 50);
  expect(segments.count).toBe(1);
  expect(segments.add(2, 1, 9)).toBe(rows[0]);
  expect(segments.rowLimit).toBe(2);
  expect(segments.liveBytes(rows[0]!)).toBe(0);
});
