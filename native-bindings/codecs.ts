import { createRequire } from 'node:module';
import { constants, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { CapError, CodecError } from './codec-error.js';
import { lz4ContentBytes } from './lz4-size.js';
import { type MoreFrames, outputChunkBytes, zstd } from './zstd.js';

/** By the codec number in a batch's attributes. */
export const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type CodecName = (typeof codecNames)[number];

/** Loaded with the first batch that needs them: both together take 7 MB a thread. */
const require = createRequire(import.meta.url);
const loaded: { lz4?: typeof import('lz4-napi'); snappy?: typeof import('snappy') } = {};

function lz4(): typeof import('lz4-napi') {
  loaded.lz4 ??= require('lz4-napi') as typeof import('lz4-napi');
  return loaded.lz4;
}

function snappy(): typeof import('snappy') {
  loaded.snappy ??= require('snappy') as typeof import('snappy');
  return loaded.snappy;
}

const MiB = 2 ** 20;
/** No batch may grow beyond this. */
const BYTES_MAX = 128 * MiB;
/** Beyond this many bytes a batch may not grow by more than `RATIO_MAX`. */
const BYTES_FREE = 16 * MiB;
const RATIO_MAX = 1024;

/** What `compressedBytes` may grow to: an absolute cap and, for small ones, a ratio. */
export function bytesCap(compressedBytes: number): number {
  return Math.min(BYTES_MAX, Math.max(BYTES_FREE, compressedBytes * RATIO_MAX));
}

/** The densest element of a snappy block is a copy of 64 bytes in three (format_description.txt §2.2). */
const SNAPPY_RATIO_MAX = 64 / 3;
/**
 * What a byte can become at most, by codec: deflate has copies of 258 bytes in two bits, lz4 lengths of 255 a byte, zstd
 * blocks of 128 KiB in four bytes.
 */
const DENSEST: Readonly<Record<number, number>> = { 1: 1032, 2: SNAPPY_RATIO_MAX, 3: 255, 4: 2 ** 15 };

/** What so many compressed bytes can become at most, whatever is wrong with them. */
export function growthMax(codec: number, compressedBytes: number): number {
  return Math.ceil(compressedBytes * DENSEST[codec]!);
}

type Decompress = (bytes: Buffer, cap: number, room?: Uint8Array, more?: MoreFrames) => Uint8Array;

const decompressors: Readonly<Record<number, Decompress>> = {
  1: (bytes, cap) => gunzipSync(bytes, { maxOutputLength: cap, chunkSize: outputChunkBytes(bytes.length) }),
  2: unsnappy,
  3: (bytes, cap) => {
    capped(lz4ContentBytes(bytes), cap);
    return lz4().decompressFrameSync(bytes);
  },
  4: zstd.decompress,
};

/**
 * The records of a compressed batch, at most `cap` bytes of them. Bytes may lie in shared memory. No size that the bytes
 * declare is believed: gzip and zstd stop at the cap, snappy and lz4 are measured before their decoders allocate. What is
 * decompressed in pieces (gzip, zstd, xerial) is joined at the end, so for a moment twice the cap may be held.
 * What fits into `room` may lie there; of the packages only zstd's takes memory of its caller. Batches of
 * zstd that are given the same `more` share what they may have of frames. Throws CodecError, and of
 * what is larger than the cap CapError.
 */
export function decompress(
  codec: number,
  bytes: Uint8Array,
  cap = bytesCap(bytes.length),
  room?: Uint8Array,
  more?: MoreFrames,
): Uint8Array {
  const run = decompressors[codec];
  if (run === undefined) throw new CodecError(`compression type ${codec} is unknown`);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return run(buffer, cap, room, more);
  } catch (error) {
    if (error instanceof CodecError) throw error;
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new CapError(`${codecNames[codec]}: more than the ${cap} bytes allowed`, { cause: error });
    }
    throw new CodecError(`${codecNames[codec]}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

export const standardLevels = { gzip: -1, zstd: 3 } as const;

/**
 * The longest distance, as a power of two, that zstd looks back: what level 3 has for long input. It bounds the tables of the
 * highest levels (hundreds of MiB else) and what readers must keep.
 */
const ZSTD_WINDOW_LOG_MAX = 21;

/**
 * Compresses as common clients do: snappy as raw blocks, lz4 as frames. `level` is of gzip (-1…9) and zstd (-131072…22); the
 * package for lz4 has one. Bytes may lie in shared memory; the result never does, but of 'none', which gives `bytes` back.
 */
export function compress(codec: CodecName, bytes: Uint8Array, level?: number): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (codec) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzipSync(buffer, { level: level ?? standardLevels.gzip, chunkSize: inputChunkBytes(bytes.length) });
    case 'snappy':
      return snappy().compressSync(buffer);
    case 'lz4':
      return lz4().compressFrameSync(buffer);
    case 'zstd':
      return zstdCompressSync(buffer, {
        params: {
          [constants.ZSTD_c_compressionLevel]: level ?? standardLevels.zstd,
          [constants.ZSTD_c_windowLog]: ZSTD_WINDOW_LOG_MAX,
        },
        // Its tables are then no larger than the input needs.
        pledgedSrcSize: bytes.length,
        chunkSize: inputChunkBytes(bytes.length),
      });
  }
}

/** Output grows by pieces of this size: one is nearly always enough. */
function inputChunkBytes(bytes: number): number {
  return Math.min(2 ** 18, Math.max(2 ** 12, bytes));
}

/** Java frames its snappy blocks (xerial); other clients send one raw block. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const XERIAL_HEADER_BYTES = 16;

function unsnappy(bytes: Buffer, cap: number): Uint8Array {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return snappyBlock(bytes, cap);
  if (bytes.length < XERIAL_HEADER_BYTES) throw new CodecError('snappy: the xerial header is cut off');
  const blocks: Buffer[] = [];
  let total = 0;
  for (let position = XERIAL_HEADER_BYTES; position < bytes.length; ) {
    if (position + 4 > bytes.length) throw new CodecError('snappy: a block length is cut off');
    const length = bytes.readInt32BE(position);
    position += 4;
    if (length <= 0 || length > bytes.length - position)
      throw new CodecError(`snappy: a block of ${length} bytes does not fit`);
    const block = snappyBlock(bytes.subarray(position, position + length), cap - total);
    blocks.push(block);
    total += block.length;
    position += length;
  }
  return Buffer.concat(blocks, total);
}

function snappyBlock(bytes: Buffer, cap: number): Buffer {
  let declared = 0;
  for (let i = 0; ; i += 1) {
    const byte = bytes[i];
    if (byte === undefined || i > 4) throw new CodecError('snappy: no length');
    declared += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) break;
  }
  if (declared > bytes.length * SNAPPY_RATIO_MAX) {
    throw new CodecError(`snappy: a block of ${bytes.length} bytes cannot hold ${declared}`);
  }
  capped(declared, cap);
  return snappy().uncompressSync(bytes, { asBuffer: true }) as Buffer;
}

function capped(bytes: number, cap: number): void {
  if (bytes > cap) throw new CapError(`${bytes} bytes decompressed are more than the ${cap} allowed`);
}
