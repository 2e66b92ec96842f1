import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { native } from '../../../native-bindings/bindings.js';
import { codecNames } from '../../../native-bindings/codecs.js';
import { encodeBatch } from '../../../src/records/encode.js';
import { BatchHeader, LOG_APPEND_TIME } from '../../../src/records/header.js';
import { recordsOf } from '../../../src/records/read.js';
import { setAppendTime, setMaxTimestamp, storedBatchFault } from '../../../src/records/stored.js';
import type { BatchRules } from '../../../src/records/validate.js';
import { judgeBatch, NOW, rules } from './judge-batch.js';

const record = {
  timestampMs: NOW,
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  headers: [['h', Buffer.from('x')] as const],
};
const good = encodeBatch({ records: [record, { ...record, timestampMs: NOW + 5, key: null }] });

const check = (bytes: Uint8Array, changed: Partial<BatchRules> = {}) =>
  judgeBatch(bytes, 0, bytes.length, { ...rules, ...changed });

/** The batch with header fields changed, and a right CRC unless it is what changed. */
function changed(change: (view: DataView, bytes: Uint8Array) => void, batch: Uint8Array = good): Uint8Array {
  const bytes = batch.slice();
  const view = new DataView(bytes.buffer);
  change(view, bytes);
  view.setUint32(17, native.crc32c(bytes, 21, bytes.length - 21, 0));
  return bytes;
}

function withLength(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setInt32(8, copy.length - 12);
  return copy;
}

test.each(codecNames)('a right %s batch is accepted with what is in it', (codec) => {
  const bytes = encodeBatch({
    records: [record, { ...record, timestampMs: NOW + 5 }],
    codec,
    producer: { id: 7, epoch: 2, baseSequence: 9 },
  });
  expect(check(bytes)).toEqual({
    kind: 'accepted',
    facts: {
      bytes: bytes.length,
      records: 2,
      minTimestamp: NOW,
      maxTimestamp: NOW + 5,
      producerId: 7,
      producerEpoch: 2,
      baseSequence: 9,
      transactional: false,
      maxTimestampWrong: false,
    },
  });
  expect([...recordsOf(bytes, 0)].map(({ offset, timestampMs }) => [offset, timestampMs])).toEqual([
    [0, NOW],
    [1, NOW + 5],
  ]);
});

test.each([
  ['shorter than a header', good.slice(0, 60), {}, 87],
  ['an older magic', changed((view) => view.setInt8(16, 1)), {}, 87],
  ['two batches', Buffer.concat([good, good]), {}, 87],
  ['a length that lies', changed((view) => view.setInt32(8, 1000)), {}, 87],
  ['a negative length', changed((view) => view.setInt32(8, -61)), {}, 2],
  ['a length below a header of any magic', changed((view) => view.setInt32(8, 13)), {}, 2],
  ['a length below its own header', withLength(good.subarray(0, 40)), {}, 2],
  ['a magic to come', changed((view) => view.setInt8(16, 3)), {}, 2],
  ['a magic below 0', changed((view) => view.setInt8(16, -1)), {}, 2],
  ['bytes behind it that cannot begin another', Buffer.concat([good, Buffer.alloc(20)]), {}, 2],
  ['a base offset', changed((view) => view.setBigInt64(0, 5n)), {}, 87],
  ['too large', good, { maxMessageBytes: good.length - 1 }, 10],
  [
    'a wrong CRC',
    (() => {
      const bytes = good.slice();
      bytes[70]! ^= 1;
      return bytes;
    })(),
    {},
    2,
  ],
  [
    'no records',
    changed((view) => {
      view.setInt32(57, 0);
      view.setInt32(23, -1);
    }),
    {},
    87,
  ],
  ['a count that the last offset delta does not match', changed((view) => view.setInt32(57, 3)), {}, 87],
  [
    'more records than there are',
    changed((view) => {
      view.setInt32(57, 3);
      view.setInt32(23, 2);
    }),
    {},
    87,
  ],
  [
    'a billion records',
    changed((view) => {
      view.setInt32(57, 2 ** 30);
      view.setInt32(23, 2 ** 30 - 1);
    }),
    {},
    87,
  ],
  ['a control batch', changed((view) => view.setInt16(21, 0x20)), {}, 87],
  [
    'a producer without a sequence',
    changed((view) => {
      view.setBigInt64(43, 1n);
      view.setInt32(53, -1);
    }),
    {},
    87,
  ],
  ['an unknown codec', changed((view) => view.setInt16(21, 5)), {}, 87],
  ['bytes that are not what the codec says', changed((view) => view.setInt16(21, 4)), {}, 87],
  ['zstd for an old client', encodeBatch({ records: [record], codec: 'zstd' }), { zstdAllowed: false }, 76],
  ['LogAppendTime set by the producer', changed((view) => view.setInt16(21, 8)), {}, 32],
  ['a time too far ahead', encodeBatch({ records: [{ ...record, timestampMs: NOW + 3_600_001 }] }), {}, 32],
  [
    'a time too long ago',
    encodeBatch({ records: [{ ...record, timestampMs: NOW - 11 }] }),
    { timestampBeforeMaxMs: 10 },
    32,
  ],
  ['a record without a key for a compacted topic', good, { compacted: true }, 87],
])('%s is refused', (_name, bytes, changedRules, error) => {
  expect(check(bytes, changedRules)).toMatchObject({ kind: 'refused', error });
});

describe('Kafka’s order of checks: of two faults the earlier one is answered', () => {
  const zstd = encodeBatch({ records: [record], codec: 'zstd' });
  const damaged = (bytes: Uint8Array): Uint8Array => {
    const copy = bytes.slice();
    copy[copy.length - 1]! ^= 1;
    return copy;
  };
  test.each([
    ['zstd for an old client before two batches', Buffer.concat([zstd, good]), { zstdAllowed: false }, 76],
    ['zstd for an old client before its CRC', damaged(zstd), { zstdAllowed: false }, 76],
    ['a base offset before the size', changed((view) => view.setBigInt64(0, 5n)), { maxMessageBytes: 10 }, 87],
    ['the size before the CRC', damaged(good), { maxMessageBytes: 10 }, 10],
    [
      'the CRC before the count',
      (() => {
        const bytes = good.slice();
        bytes[60] = 9;
        return bytes;
      })(),
      {},
      2,
    ],
    [
      'records before the type LogAppendTime',
      changed((view) => {
        view.setInt16(21, 8);
        view.setInt32(57, 3);
        view.setInt32(23, 2);
      }),
      {},
      87,
    ],
    [
      'a time before a key, as Kafka sums up a batch',
      encodeBatch({
        records: [
          { ...record, key: null },
          { ...record, timestampMs: NOW + 3_600_001 },
        ],
      }),
      { compacted: true },
      32,
    ],
  ])('%s', (_name, bytes, changedRules, error) => {
    expect(check(bytes, changedRules)).toMatchObject({ kind: 'refused', error });
  });
});

describe('records at fault are listed', () => {
  const indexes = (verdict: ReturnType<typeof check>): number[] =>
    verdict.kind === 'refused' ? verdict.recordFaults.map(({ index }) => index) : [];

  test('every record without a key, compressed or not', () => {
    const records = [{ ...record, key: null }, record, { ...record, key: null }];
    for (const codec of codecNames)
      expect(indexes(check(encodeBatch({ records, codec }), { compacted: true }))).toEqual([0, 2]);
  });

  test('every record out of time', () => {
    const times = [NOW - 11, NOW, NOW + 3_600_001, NOW - 10, NOW + 3_600_000];
    const bytes = encodeBatch({ records: times.map((timestampMs) => ({ ...record, timestampMs })) });
    expect(indexes(check(bytes, { timestampBeforeMaxMs: 10 }))).toEqual([0, 2]);
  });

  test('only the first thousand', () => {
    const records = Array.from({ length: 1500 }, () => ({ ...record, key: null }));
    expect(indexes(check(encodeBatch({ records }), { compacted: true }))).toHaveLength(1000);
  });
});

test('a last offset delta that is not the count’s is refused, though count and records are right', () => {
  expect(check(changed((view) => view.setInt32(23, 7)))).toMatchObject({ kind: 'refused', error: 87 });
});

test('a compacted topic looks for keys even where the walk is skipped', () => {
  expect(check(good, { compacted: true, walkRecords: false })).toMatchObject({ kind: 'refused', error: 87 });
});

describe('times', () => {
  test('no batch has a greatest time below "none", as in Kafka', () => {
    const before1970 = encodeBatch({ records: [{ ...record, timestampMs: -5 }] });
    expect(check(before1970)).toMatchObject({ facts: { minTimestamp: -5, maxTimestamp: -1, maxTimestampWrong: true } });
  });

  test('unwalked, the header’s times count, and "none" is in time', () => {
    const without = encodeBatch({ records: [{ ...record, timestampMs: -1 }] });
    const unwalked = { walkRecords: false, timestampBeforeMaxMs: 10 };
    expect(check(without, unwalked)).toMatchObject({ kind: 'accepted' });
    expect(check(encodeBatch({ records: [{ timestampMs: NOW - 11 }] }), unwalked)).toMatchObject({ error: 32 });
    expect(check(encodeBatch({ records: [{ timestampMs: NOW + 3_600_001 }] }), unwalked)).toMatchObject({ error: 32 });
  });

  test('a record without a time (-1) is fine, its neighbour out of time is not', () => {
    const without = encodeBatch({ records: [{ ...record, timestampMs: -1 }] });
    expect(check(without, { timestampBeforeMaxMs: 10 })).toMatchObject({ kind: 'accepted' });
    const mixed = encodeBatch({ records: [record, { ...record, timestampMs: -1 }] });
    expect(check(mixed, { timestampBeforeMaxMs: 10 })).toMatchObject({ kind: 'accepted' });
    const hidden = encodeBatch({ records: [record, { ...record, timestampMs: -1 }, { ...record, timestampMs: 5 }] });
    expect(check(hidden, { timestampBeforeMaxMs: 10 })).toMatchObject({
      kind: 'refused',
      error: 32,
      recordFaults: [{ index: 2 }],
    });
  });

  test('a header whose greatest time is not the records’ is told, and mended under a right CRC', () => {
    for (const lie of [NOW + 1000, NOW, -1]) {
      const bytes = changed((view) => view.setBigInt64(35, BigInt(lie)));
      expect(check(bytes)).toMatchObject({
        kind: 'accepted',
        facts: { maxTimestamp: NOW + 5, maxTimestampWrong: true },
      });
      // Unwalked, no greatest time is less than the batch's base, which is NOW.
      expect(check(bytes, { walkRecords: false })).toMatchObject({
        facts: { maxTimestamp: Math.max(NOW, lie), maxTimestampWrong: lie < NOW },
      });
      setMaxTimestamp(bytes, 0, NOW + 5);
      expect(Buffer.compare(bytes, good)).toBe(0);
    }
  });
});

test.each([
  ['a byte', Buffer.from([0])],
  ['less than a length', Buffer.alloc(11)],
  ['a batch cut short', good.subarray(0, good.length - 1)],
])('%s behind the batch is not part of it', (_, behind) => {
  const bytes = Buffer.concat([good, behind]);
  expect(check(bytes)).toMatchObject({ kind: 'accepted', facts: { bytes: good.length } });
});

test('attribute bits that mean nothing yet are dropped where a header is written anew', () => {
  for (const renew of [setAppendTime, setMaxTimestamp]) {
    const bytes = changed((view) => view.setInt16(21, 0x4080));
    renew(bytes, 0, NOW + 5);
    expect(new BatchHeader(bytes).attributes).toBe(renew === setAppendTime ? LOG_APPEND_TIME : 0);
  }
});

test('a batch that claims the append time is refused record by record', () => {
  const verdict = check(changed((view) => view.setInt16(21, LOG_APPEND_TIME)));
  expect(verdict).toMatchObject({ error: 32, recordFaults: [{ index: 0 }, { index: 1 }] });
});

test('a topic with LogAppendTime does not look at the producer’s times', () => {
  const ahead = encodeBatch({ records: [{ ...record, timestampMs: NOW + 1e10 }] });
  expect(check(ahead, { logAppendTime: true })).toMatchObject({ kind: 'accepted' });
});

test('the append time is what readers see, under a right CRC', () => {
  const bytes = encodeBatch({ records: [record, record], codec: 'lz4' });
  setAppendTime(bytes, 0, NOW + 99);
  expect(storedBatchFault(bytes, 0, bytes.length)).toBeUndefined();
  expect([...recordsOf(bytes, 0)].map(({ timestampMs }) => timestampMs)).toEqual([NOW + 99, NOW + 99]);
});

describe('compressed bytes are never believed', () => {
  const mutation = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
  test.each(codecNames.slice(1))('%s: damaged bytes are refused or read, never anything else', (codec) => {
    const batch = encodeBatch({
      records: Array.from({ length: 50 }, (_, i) => ({ ...record, value: Buffer.alloc(200, i % 3) })),
      codec,
    });
    fc.assert(
      fc.property(mutation, (changes) => {
        const damaged = changed((_view, bytes) => {
          for (const [at, byte] of changes) bytes[61 + (at % (bytes.length - 61))] = byte;
        }, batch);
        expect(['accepted', 'refused']).toContain(check(damaged).kind);
      }),
      { numRuns: 500 },
    );
  });

  test.each(codecNames.slice(1))('%s: a bomb is refused', (codec) => {
    const bomb = encodeBatch({ records: [{ value: Buffer.alloc(200 << 20) }], codec });
    expect(check(bomb, { maxMessageBytes: 2 ** 30 })).toMatchObject({ kind: 'refused', error: 87 });
  });
});
