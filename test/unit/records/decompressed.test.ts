import { describe, expect, test } from 'vitest';
import { native } from '../../../native-bindings/bindings.js';
import { encodeBatch } from '../../../src/records/encode.js';
import { BATCH_OVERHEAD_BYTES, CRC_START } from '../../../src/records/header.js';
import { type Verdict, validateProduceBatches } from '../../../src/records/validate.js';
import { rules } from './judge-batch.js';

const MiB = 2 ** 20;

type Codec = 'none' | 'gzip' | 'zstd' | 'lz4';

/** A batch of one record of so many zeros. */
const batchOf = (bytes: number, codec: Codec = 'zstd') =>
  encodeBatch({ records: [{ value: Buffer.alloc(bytes) }], codec });

/** A batch whose bytes end too early, under a right CRC. */
function cutOff(batch: Uint8Array): Uint8Array {
  const cut = batch.slice(0, batch.length - 1);
  const view = new DataView(cut.buffer);
  view.setInt32(8, cut.length - 12);
  view.setUint32(17, native.crc32c(cut, CRC_START, cut.length - CRC_START, 0));
  return cut;
}

/** The verdicts on a request that has `padding` bytes more than its batches, and how many bytes it says were decompressed. */
function judge(batches: readonly Uint8Array[], padding = 0) {
  let end = 0;
  const sent = batches.map(({ length }) => {
    end += length;
    return { position: end - length, length, rules };
  });
  const verdicts: Verdict[] = [];
  const request = Buffer.concat([...batches, Buffer.alloc(padding)]);
  const decompressed = validateProduceBatches(request, sent, (_, verdict) => verdicts.push(verdict));
  const errors = verdicts.map((verdict) => (verdict.kind === 'refused' ? verdict.error : 0));
  return { verdicts, errors, decompressed };
}

describe('what the batches of a request are decompressed to', () => {
  test('has one bound for all: who does not fit any more is refused alone', () => {
    const large = batchOf(15 * MiB);
    const batches = [...Array.from({ length: 8 }, () => large), large, batchOf(1000), batchOf(1000, 'none'), large];
    const { verdicts, errors, decompressed } = judge(batches);
    // What failed may have come to all that was left: nothing is decompressed behind it.
    expect(errors).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 10, 10, 0, 10]);
    expect(verdicts[8]).toMatchObject({ message: expect.stringMatching(/are left of the 134217728 to which/) });
    expect(verdicts[9]).toMatchObject({ message: expect.stringMatching(/the 0 bytes that are left/) });
    expect(decompressed).toBe(128 * MiB);
  });

  test('is thirty-two times the request where that is more', () => {
    const large = batchOf(15 * MiB);
    const { errors } = judge(
      Array.from({ length: 10 }, () => large),
      5 * MiB,
    );
    expect(errors).toEqual(Array.from({ length: 10 }, () => 0));
  });

  test('counts for a batch beyond its own cap what the cap is', () => {
    const { errors, decompressed } = judge([batchOf(17 * MiB), batchOf(1000, 'none')]);
    expect(errors).toEqual([87, 0]);
    expect(decompressed).toBe(16 * MiB);
  });

  test.each(['gzip', 'zstd', 'lz4'] as const)('counts what was decompressed in vain, %s', (codec) => {
    const bad = cutOff(batchOf(4 * MiB, codec));
    const { errors, decompressed } = judge([bad, bad]);
    expect(errors).toEqual([87, 87]);
    expect(decompressed).toBeGreaterThanOrEqual(8 * MiB);
    expect(decompressed).toBeLessThanOrEqual(32 * MiB);
  });

  test('is counted to the byte, and nothing for what is not compressed', () => {
    const content = batchOf(1000, 'none').length - BATCH_OVERHEAD_BYTES;
    expect(judge([batchOf(1000), batchOf(1000, 'none'), batchOf(1000, 'gzip')]).decompressed).toBe(2 * content);
  });
});
