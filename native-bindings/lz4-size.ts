import { CodecError } from './codec-error.js';

/**
 * The decompressed size of LZ4 frames, counted from their sequences without writing a byte: the header's own claim may lie,
 * and the decoder would allocate first. Formats: lz4_Frame_format.md 1.6.3, lz4_Block_format.md.
 */
export function lz4ContentBytes(bytes: Buffer): number {
  let total = 0;
  let position = 0;
  while (position < bytes.length) {
    need(bytes, position, 7);
    if (bytes.readUInt32LE(position) !== 0x184d2204) throw new CodecError('lz4: no frame where one is due');
    const flags = bytes[position + 4]!;
    position += 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0);
    for (;;) {
      need(bytes, position, 4);
      const word = bytes.readUInt32LE(position);
      position += 4;
      if (word === 0) break;
      const length = word & 0x7fffffff;
      need(bytes, position, length);
      total += (word & 0x80000000) !== 0 ? length : blockBytes(bytes, position, position + length);
      position += length + ((flags & 0x10) !== 0 ? 4 : 0);
    }
    if ((flags & 0x04) !== 0) position += 4;
  }
  if (position > bytes.length) throw new CodecError('lz4: the frame is cut off');
  return total;
}

function blockBytes(bytes: Buffer, start: number, end: number): number {
  let total = 0;
  let position = start;
  const extended = (nibble: number): number => {
    if (nibble < 15) return nibble;
    let length = 15;
    for (;;) {
      if (position >= end) throw new CodecError('lz4: a length is cut off');
      const byte = bytes[position]!;
      position += 1;
      length += byte;
      if (byte < 255) return length;
    }
  };
  while (position < end) {
    const token = bytes[position]!;
    position += 1;
    const literals = extended(token >>> 4);
    position += literals;
    total += literals;
    if (position >= end) break;
    position += 2;
    total += 4 + extended(token & 0x0f);
  }
  if (position > end) throw new CodecError('lz4: a block is cut off');
  return total;
}

function need(bytes: Buffer, position: number, length: number): void {
  if (position + length > bytes.length) throw new CodecError('lz4: the frame is cut off');
}
