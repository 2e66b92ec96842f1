import { describe, expect, test } from 'vitest';
import { type CodecName, codecNames, compress } from '../../../native-bindings/codecs.js';
import { encodeBatch } from '../../../src/records/encode.js';
import { BATCH_OVERHEAD_BYTES, BatchHeader, CODEC_MASK } from '../../../src/records/header.js';
import { recordsOf } from '../../../src/records/read.js';
import { recompress } from '../../../src/records/recompress.js';
import { storedBatchFault } from '../../../src/records/stored.js';
import type { BatchRules } from '../../../src/records/validate.js';
import { judgeBatch } from './judge-batch.js';

const BASE_MS = 1_700_000_000_000;
const RULES: BatchRules = {
  maxMessageBytes: 1_048_588,
  logAppendTime: false,
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  nowMs: BASE_MS,
  compacted: false,
  walkRecords: true,
  zstdAllowed: true,
  codec: undefined,
};

const makeBatch = (codec: CodecName) =>
  encodeBatch({
    records: Array.from({ length: 50 }, (_, i) => ({
      timestampMs: BASE_MS + ((i * 7) % 40),
      key: i % 3 === 0 ? null : Buffer.from(`key ${i}`),
      value: i % 5 === 0 ? null : Buffer.from(`value that repeats ${i} `.repeat(20)),
      headers: [['name', i % 2 === 0 ? null : Buffer.from('of a header')]],
    })),
    codec,
    baseTimestampMs: BASE_MS,
    producer: { id: 77, epoch: 3, baseSequence: 2 ** 31 - 10 },
  });

/** What a reader of the batch sees, its codec and its length apart. */
function contentOf(bytes: Uint8Array) {
  const plain = (field: Uint8Array | null) => field && Buffer.from(field).toString('hex');
  const records = Array.from(recordsOf(bytes, 0), ({ key, value, headers, ...rest }) => ({
    ...rest,
    key: plain(key),
    value: plain(value),
    headers: headers.map(([name, content]) => [name, plain(content)]),
  }));
  return { ...fieldsOf(bytes), records };
}

function fieldsOf(bytes: Uint8Array) {
  const header = new BatchHeader(bytes);
  const { baseOffset, leaderEpoch, lastOffsetDelta, baseTimestamp, maxTimestamp } = header;
  const { producerId, producerEpoch, baseSequence, recordCount } = header;
  const others = { producerId, producerEpoch, baseSequence, recordCount, attributes: header.attributes & ~CODEC_MASK };
  return { baseOffset, leaderEpoch, lastOffsetDelta, baseTimestamp, maxTimestamp, ...others };
}

const pairs = codecNames.flatMap((from) => codecNames.map((to) => ({ from, to })));

describe.each(pairs)('from $from to $to', ({ from, to }) => {
  const codec = codecNames.indexOf(to);

  test('only a batch of another codec is taken apart', () => {
    const verdict = judgeBatch(makeBatch(from), 0, makeBatch(from).length, { ...RULES, codec });
    expect(verdict).toMatchObject({ kind: 'accepted', records: from === to ? undefined : expect.any(Uint8Array) });
  });

  test('everything but codec, length and CRC stays, out of shared memory too', () => {
    const sent = makeBatch(from);
    const memory = new Uint8Array(new SharedArrayBuffer(sent.length + 100));
    memory.set(sent, 100);
    // Walked or not: what is compressed anew is always looked into.
    const rules = { ...RULES, walkRecords: false, codec: codec === codecNames.indexOf(from) ? undefined : codec };
    const verdict = judgeBatch(memory, 100, sent.length, rules);
    const records = verdict.kind === 'accepted' ? verdict.records : undefined;
    if (records === undefined) {
      expect(from).toBe(to);
      return;
    }
    const recompressed = recompress(memory, 100, records, { codec, level: 5, bytesMax: 1e6 }, (n) => new Uint8Array(n));
    if (recompressed === 'too-large') throw new Error('too large');
    expect(storedBatchFault(recompressed, 0, recompressed.length)).toBeUndefined();
    expect(new BatchHeader(recompressed).attributes & CODEC_MASK).toBe(codec);
    expect(contentOf(recompressed)).toEqual(contentOf(sent));
  });

  test('the size is judged as it is stored, and nothing is taken for what is too large', () => {
    const sent = makeBatch(from);
    const plain = makeBatch('none').subarray(BATCH_OVERHEAD_BYTES);
    const length = BATCH_OVERHEAD_BYTES + compress(to, plain, 3).length;
    const run = (bytesMax: number) => {
      const taken: number[] = [];
      const take = (n: number) => {
        taken.push(n);
        return new Uint8Array(n);
      };
      const result = recompress(sent, 0, plain, { codec, level: 3, bytesMax }, take);
      return [result === 'too-large' ? result : result.length, taken];
    };
    expect(run(length)).toEqual([length, [length]]);
    expect(run(length - 1)).toEqual(['too-large', []]);
  });
});

test('a batch that is not compressed anew is not taken apart', () => {
  const sent = makeBatch('lz4');
  expect(judgeBatch(sent, 0, sent.length, RULES)).toMatchObject({ records: undefined });
});

test('levels have an effect', () => {
  const plain = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `${(i * 7919) % 1000} `).join(''));
  expect(compress('gzip', plain, 9).length).toBeLessThan(compress('gzip', plain, 1).length);
  expect(compress('zstd', plain, 22).length).toBeLessThan(compress('zstd', plain, -50).length);
});

test('bits without a meaning go when a batch is written anew', () => {
  const sent = encodeBatch({ records: [{ value: Buffer.from('v') }], attributes: 0x80 });
  const records = sent.subarray(BATCH_OVERHEAD_BYTES);
  const recompressed = recompress(sent, 0, records, { codec: 1, level: 1, bytesMax: 1e6 }, (n) => new Uint8Array(n));
  expect(new BatchHeader(recompressed as Uint8Array).attributes).toBe(1);
});
