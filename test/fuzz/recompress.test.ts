import { expect, test } from 'vitest';
import { native } from '../../native-bindings/bindings.js';
import { codecNames } from '../../native-bindings/codecs.js';
import { encodeBatch } from '../../src/records/encode.js';
import { BATCH_OVERHEAD_BYTES, BatchHeader, CODEC_MASK, CRC_START } from '../../src/records/header.js';
import { recordsOf } from '../../src/records/read.js';
import { recompress } from '../../src/records/recompress.js';
import { storedBatchFault } from '../../src/records/stored.js';
import { fuzz } from './mutate.js';
import { Mutator } from './mutator.js';
import { judgeBatch } from '../unit/records/judge-batch.js';

const INPUTS = 20_000 * fuzz.factor;
const BYTES_MAX = 100_000;

// Nobody reads the stacks of thousands of errors.
Error.stackTraceLimit = 0;

test('damaged batches are refused, or come out in the other codec as they went in', { timeout: 0 }, () => {
  const seeds = codecNames.map((codec) =>
    encodeBatch({
      records: Array.from({ length: 9 }, (_, i) => ({
        key: Buffer.from(`k${i}`),
        value: Buffer.alloc(i * 40, 'word '),
      })),
      codec,
      baseTimestampMs: 1_700_000_000_000,
      producer: { id: 9, epoch: 1, baseSequence: 4 },
    }),
  );
  const mutator = new Mutator(fuzz.firstSeed);
  const seen = { refused: 0, recompressed: 0, large: 0 };
  for (let n = 0; n < INPUTS; n += 1) {
    const bytes = mutator.next(seeds);
    // With a right CRC the damage goes on to where it matters.
    if (bytes.length > BATCH_OVERHEAD_BYTES) {
      new BatchHeader(bytes).setCrc(native.crc32c(bytes, CRC_START, bytes.length - CRC_START, 0));
    }
    const codec = mutator.below(codecNames.length);
    const rules = {
      maxMessageBytes: BYTES_MAX,
      logAppendTime: false,
      timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
      timestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
      nowMs: 1_700_000_000_000,
      compacted: false,
      walkRecords: n % 2 === 0,
      zstdAllowed: true,
      codec,
    };
    const verdict = judgeBatch(bytes, 0, bytes.length, rules);
    if (verdict.kind === 'refused') {
      seen.refused += 1;
      continue;
    }
    if (verdict.records === undefined) continue;
    const result = recompress(bytes, 0, verdict.records, { codec, level: 1, bytesMax: BYTES_MAX }, take);
    if (result === 'too-large') {
      seen.large += 1;
      continue;
    }
    seen.recompressed += 1;
    expect(result.length).toBeLessThanOrEqual(BYTES_MAX);
    expect(storedBatchFault(result, 0, result.length)).toBeUndefined();
    expect(new BatchHeader(result).attributes & CODEC_MASK).toBe(codec);
    expect(textOf(result)).toBe(textOf(bytes));
  }
  expect(seen.refused).toBeGreaterThan(INPUTS / 10);
  expect(seen.recompressed).toBeGreaterThan(INPUTS / 50);
});

const take = (length: number): Uint8Array => new Uint8Array(length);

/** Everything that a reader sees of the records. */
function textOf(bytes: Uint8Array): string {
  const plain = (field: Uint8Array | null) => field && Buffer.from(field).toString('hex');
  const records = Array.from(recordsOf(bytes, 0), ({ key, value, headers, ...rest }) => ({
    ...rest,
    key: plain(key),
    value: plain(value),
    headers: headers.map(([name, content]) => [name, plain(content)]),
  }));
  return JSON.stringify(records);
}
