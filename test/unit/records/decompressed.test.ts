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

/** A batch that hardly grows. */
const ordinary = encodeBatch({
  records: [{ value: Uint8Array.from({ length: 1000 }, (_, n) => (n * n * 2654435761) >>> 13) }],
  codec: 'zstd',
});

/** A batch of these bytes, its length and its CRC made right. */
function mended(batch: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(batch);
  const view = new DataView(copy.buffer);
  view.setInt32(8, copy.length - 12);
  view.setUint32(17, native.crc32c(copy, CRC_START, copy.length - CRC_START, 0));
  return copy;
}

const cutOff = (batch: Uint8Array): Uint8Array => mended(batch.subarray(0, batch.length - 1));

const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0);

/** The batch with so many frames of nothing behind its own. */
const followed = (batch: Uint8Array, frames: number): Uint8Array =>
  mended(Buffer.concat([batch, ...Array.from({ length: frames }, () => skippable)]));

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
    const batches = [...Array.from({ length: 8 }, () => large), large, batchOf(1000, 'none'), large];
    const { verdicts, errors } = judge(batches);
    expect(errors).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 10]);
    expect(verdicts[8]).toMatchObject({ message: expect.stringMatching(/are left of the 134217728 to which/) });
  });

  test('leaves every batch its own share, whatever others were', () => {
    const large = batchOf(15 * MiB);
    const greedy = Array.from({ length: 10 }, () => large);
    const bad = cutOff(batchOf(15 * MiB, 'gzip'));
    expect(judge([...greedy, bad, bad, ordinary]).errors.at(-1)).toBe(0);
  });

  test('has one bound for frames behind the first of each batch', () => {
    const { errors } = judge([...Array.from({ length: 3 }, () => followed(ordinary, 500)), ordinary]);
    expect(errors).toEqual([0, 0, 87, 0]);
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
