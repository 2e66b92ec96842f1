import { describe, expect, test } from 'vitest';
import { implementations } from '../../native-bindings/bindings.js';
import { SCAN_COLUMNS } from '../../native-bindings/scan-columns.js';
import { encodeBatch } from '../../src/records/encode.js';
import { Mutator } from '../fuzz/mutator.js';

const all = implementations();
const script = all.at(-1)!;
const COMPRESSED = encodeBatch({ records: [{ value: Buffer.from('v') }], codec: 'lz4' });
const PLAIN = encodeBatch({
  records: [
    { timestampMs: 1_000, key: Buffer.from('k'), value: Buffer.from('v') },
    { timestampMs: 995, value: null, headers: [['h', Buffer.from('x')]] },
    { timestampMs: 1_007, value: Buffer.alloc(300) },
  ],
});
/** What a walk of PLAIN finds. */
const FOUND = [7, -5, 2, 1];
const ALONE = [7, 7, 7, 7];

/** The batch with one byte another, under a right CRC. */
function changed(at: number, byte: number, batch = PLAIN): Uint8Array {
  const bytes = batch.slice();
  bytes[at] = byte;
  return withCrc(bytes);
}

function withCrc(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer).setUint32(17, script.crc32c(bytes, 21, bytes.length - 21, 0));
  return bytes;
}

/** The batches in shared memory, three bytes before each, and their rows, whose answers are 7. */
function bodyOf(batches: readonly Uint8Array[], walks: readonly number[] = []) {
  const body = new Uint8Array(new SharedArrayBuffer(batches.reduce((sum, { length }) => sum + 3 + length, 0)));
  const rows = new Float64Array(batches.length * SCAN_COLUMNS).fill(7);
  let position = 0;
  for (const [at, batch] of batches.entries()) {
    position += 3;
    body.set(batch, position);
    rows.set([position, batch.length, walks[at] ?? 1], at * SCAN_COLUMNS);
    position += batch.length;
  }
  return { body, rows };
}

describe.each(all)('$name', (native) => {
  test.each([
    ['walked', PLAIN, 1, [1, 0, ...FOUND]],
    ['not to be walked', PLAIN, 0, [1, -1, ...ALONE]],
    ['compressed', COMPRESSED, 1, [1, -1, ...ALONE]],
    ['of a wrong CRC', PLAIN.slice().fill(1, -1), 1, [0, -1, ...ALONE]],
    ['of one record too few', changed(60, 4), 1, [1, 1, ...ALONE]],
    ['of one record too many', changed(60, 2), 1, [1, 5, ...ALONE]],
    ['of no records', changed(60, 0), 1, [1, -1, ...ALONE]],
    ['of -16,777,213 records', changed(57, 255), 1, [1, -1, ...ALONE]],
    [
      'of 2^31 - 1 records',
      changed(57, 127, changed(58, 255, changed(59, 255, changed(60, 255)))),
      1,
      [1, 1, ...ALONE],
    ],
    ['that is all header', withCrc(PLAIN.slice(0, 61)), 1, [1, 1, ...ALONE]],
  ] as const)('a batch %s', (_name, batch, walk, answer) => {
    // Neighbours on either side have their own answers.
    const { body, rows } = bodyOf([PLAIN, batch, PLAIN], [1, walk, 0]);
    native.scanBatches(body, rows, 3);
    expect([...rows.subarray(3, 9)]).toEqual([1, 0, ...FOUND]);
    expect([...rows.subarray(12, 18)]).toEqual(answer);
    expect([...rows.subarray(21, 27)]).toEqual([1, -1, ...ALONE]);
  });

  test('only as many rows as are asked for', () => {
    const { body, rows } = bodyOf([PLAIN, PLAIN]);
    native.scanBatches(body, rows, 1);
    expect([...rows.subarray(SCAN_COLUMNS + 3)]).toEqual([7, 7, ...ALONE]);
    native.scanBatches(body, rows.subarray(0, 0), 0);
  });

  test.each([-1, 0.5, 3, 2 ** 53, 2 ** 62, Number.NaN, Number.POSITIVE_INFINITY])(
    '%s of two rows are refused',
    (count) => {
      const { body, rows } = bodyOf([PLAIN, PLAIN, PLAIN]);
      const before = rows.slice();
      // What lies behind them would do as a row.
      expect(() => native.scanBatches(body, rows.subarray(0, 2 * SCAN_COLUMNS), count)).toThrow(RangeError);
      expect(() => native.scanBatches(body, rows.subarray(0, 3 * SCAN_COLUMNS - 1), 3)).toThrow(RangeError);
      expect(rows).toEqual(before);
    },
  );

  const { length } = PLAIN;
  test.each([
    [-1, length],
    [0.5, length],
    [4, length],
    [length + 3, 61],
    [2 ** 53, 61],
    [2 ** 64, 61],
    [Number.NaN, 61],
    [Number.POSITIVE_INFINITY, 61],
    [0, 60],
    [0, 0],
    [0, -61],
    [0, 61.5],
    [0, length + 4],
    [3, 2 ** 53 - 1],
    [3, 2 ** 64],
    [3, Number.NaN],
  ])('a batch at %s of %s bytes, which is not there, is refused', (position, bytes) => {
    const { body, rows } = bodyOf([PLAIN]);
    rows.set([position, bytes]);
    expect(() => native.scanBatches(body, rows, 1)).toThrow(RangeError);
  });

  test('100,000 damaged batches get the same answers as from the script', () => {
    const mutator = new Mutator(20_261_128);
    const seen = new Map<number, number>();
    for (let round = 0; round < 10_000; round += 1) {
      const batches = Array.from({ length: 10 }, () => {
        const bytes = mutator.next([PLAIN, COMPRESSED]).slice();
        const batch = bytes.length < 61 ? PLAIN.slice() : bytes;
        return mutator.below(4) === 0 ? batch : withCrc(batch);
      });
      const { body, rows } = bodyOf(batches);
      const expected = rows.slice();
      native.scanBatches(body, rows, batches.length);
      script.scanBatches(body, expected, batches.length);
      if (!rows.every((value, at) => value === expected[at])) {
        expect.fail(`round ${round}: ${rows}, script ${expected}: ${Buffer.from(body).toString('hex')}`);
      }
      for (let at = 4; at < rows.length; at += SCAN_COLUMNS) seen.set(rows[at]!, (seen.get(rows[at]!) ?? 0) + 1);
    }
    for (const fault of [-1, 0, 1, 2, 3, 4, 5]) expect(seen.get(fault) ?? 0, `fault ${fault}`).toBeGreaterThan(10);
  });
});
