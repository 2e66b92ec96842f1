import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codecNames } from '../../../native-bindings/codecs.js';
import { firstOffsetAtOrAfter, firstOffsetOfMaxTime } from '../../../src/records/by-time.js';
import { BatchCursor, BatchDamaged } from '../../../src/records/cursor.js';
import { encodeBatch, type RecordIn } from '../../../src/records/encode.js';
import { BatchHeader } from '../../../src/records/header.js';
import { recordsOf } from '../../../src/records/read.js';
import { setAppendTime } from '../../../src/records/stored.js';
import { findByTimestamp } from '../../../workers/fetch/find.js';

const bytesOrNull = fc.option(fc.uint8Array({ maxLength: 40 }));
const anyRecord = fc.record({
  timestampMs: fc.integer({ min: 0, max: 2 ** 45 }),
  key: bytesOrNull,
  value: bytesOrNull,
  headers: fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), bytesOrNull), { maxLength: 3 }),
});
const anyBatch = fc.record({
  records: fc.array(anyRecord, { minLength: 1, maxLength: 20 }),
  codec: fc.constantFrom(...codecNames),
});

const plain = (bytes: Uint8Array | null | undefined): number[] | null =>
  bytes === null || bytes === undefined ? null : [...bytes];
const shown = ({ timestampMs, key, value, headers }: RecordIn): unknown => ({
  timestampMs,
  key: plain(key),
  value: plain(value),
  headers: headers!.map(([name, content]) => [name, plain(content)]),
});

test('records come back as they were, wherever the batch lies', () => {
  fc.assert(
    fc.property(anyBatch, fc.nat(100), (batch, shift) => {
      const bytes = encodeBatch(batch);
      const memory = new Uint8Array(new SharedArrayBuffer(bytes.length + shift + 7));
      memory.set(bytes, shift);
      new BatchHeader(memory, shift).stamp(1000, 0);
      const records = [...recordsOf(memory, shift)];
      expect(records.map(shown)).toEqual(batch.records.map(shown));
      expect(records.map(({ offset }) => offset)).toEqual(batch.records.map((_record, i) => 1000 + i));
    }),
    { numRuns: 300 },
  );
});

test('header numbers are those of int64, saturated where a double ends', () => {
  const bytes = encodeBatch({ records: [{}] });
  const header = new BatchHeader(bytes);
  for (const value of [
    0,
    1,
    -1,
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    -(2 ** 32) - 1,
    Number.MAX_SAFE_INTEGER,
    -Number.MAX_SAFE_INTEGER,
  ]) {
    header.stamp(value, 7);
    expect(new DataView(bytes.buffer).getBigInt64(0)).toBe(BigInt(value));
    expect([header.baseOffset, header.leaderEpoch]).toEqual([value, 7]);
  }
  for (const [value, seen] of [
    [2n ** 63n - 1n, Number.MAX_SAFE_INTEGER],
    [-(2n ** 63n), -Number.MAX_SAFE_INTEGER],
  ] as const) {
    new DataView(bytes.buffer).setBigInt64(43, value);
    expect(header.producerId).toBe(seen);
  }
});

describe('a cursor over batches', () => {
  const batches = codecNames.map((codec, i) =>
    encodeBatch({ codec, records: Array.from({ length: i + 1 }, () => ({ timestampMs: i })) }),
  );
  const bytes = Buffer.concat(batches);

  test('shows each one', () => {
    const cursor = new BatchCursor(bytes);
    const seen: [number, number][] = [];
    while (cursor.next()) seen.push([cursor.header.bytes, cursor.header.recordCount]);
    expect(seen).toEqual(batches.map((batch, i) => [batch.length, i + 1]));
    expect(cursor.next()).toBe(false);
    expect(new BatchCursor(new Uint8Array(0)).next()).toBe(false);
  });

  test('damage is a BatchDamaged, whatever the bytes', () => {
    const all = (damaged: Uint8Array): void => {
      const cursor = new BatchCursor(damaged);
      while (cursor.next());
    };
    // Offset and leader epoch are not under the CRC: they are stamped.
    const stamped = (at: number): boolean =>
      batches.some((batch, i) => {
        const inBatch = at - batches.slice(0, i).reduce((sum, { length }) => sum + length, 0);
        return inBatch >= 0 && inBatch < batch.length && (inBatch < 8 || (inBatch >= 12 && inBatch < 16));
      });
    for (let at = 0; at < bytes.length; at += 1) {
      if (stamped(at)) continue;
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0x81;
      expect(() => all(damaged), `${at}`).toThrow(BatchDamaged);
    }
    expect(() => all(bytes.subarray(0, bytes.length - 1))).toThrow(BatchDamaged);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (random) => {
        expect(() => all(random)).toThrow(BatchDamaged);
      }),
    );
  });
});

describe('by time', () => {
  test('the first record at or after a time, and the first of the greatest, as a plain search finds them', () => {
    const some = fc.record({
      times: fc.array(fc.integer({ min: -1, max: 20 }), { minLength: 1, maxLength: 12 }),
      codec: fc.constantFrom(...codecNames),
    });
    fc.assert(
      fc.property(
        fc.array(some, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: -1, max: 22 }),
        fc.nat(),
        (given, wanted, drawn) => {
          const batches = given.map(({ times, codec }) =>
            encodeBatch({ codec, records: times.map((timestampMs) => ({ timestampMs })) }),
          );
          const times = given.flatMap((batch) => batch.times);
          const bytes = Buffer.concat(batches);
          const at = (offset: number) =>
            offset === -1 ? undefined : { offset: 500 + offset, timestampMs: times[offset] };
          for (const from of [0, drawn % (times.length + 1)]) {
            const first = times.findIndex((time, offset) => offset >= from && time >= wanted);
            expect(findByTimestamp(bytes, 500, wanted, 500 + from)).toEqual(at(first));
            const greatest = times.indexOf(Math.max(...times.slice(from)), from);
            expect(findByTimestamp(bytes, 500, 'max', 500 + from)).toEqual(at(greatest));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('the offset is counted from the batch, stamped or not', () => {
    const bytes = encodeBatch({ records: [{ timestampMs: 1 }, { timestampMs: 9 }, { timestampMs: 3 }] });
    for (const base of [0, 70_000]) {
      new BatchHeader(bytes).stamp(base, 0);
      expect(firstOffsetAtOrAfter(bytes, 0, 3, 0)).toEqual({ offsetDelta: 1, timestampMs: 9 });
      expect(firstOffsetOfMaxTime(bytes, 0, 0)).toEqual({ offsetDelta: 1, timestampMs: 9 });
      expect(firstOffsetAtOrAfter(bytes, 0, 10, 0)).toBeUndefined();
    }
  });

  test('with LogAppendTime the first record stands for its batch', () => {
    const bytes = encodeBatch({ records: [{ timestampMs: 1 }, { timestampMs: 9 }] });
    setAppendTime(bytes, 0, 50);
    expect(firstOffsetAtOrAfter(bytes, 0, 50, 0)).toEqual({ offsetDelta: 0, timestampMs: 50 });
    expect(firstOffsetAtOrAfter(bytes, 0, 50, 1)).toEqual({ offsetDelta: 1, timestampMs: 50 });
    expect(firstOffsetAtOrAfter(bytes, 0, 51, 0)).toBeUndefined();
  });
});
