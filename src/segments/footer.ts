import { native } from '../../native-bindings/bindings.js';
import { encoded } from '../bytes/wire-numbers.js';
import { SegmentFooter } from './segment.wire.js';

/** Bytes behind the footer: its length, its CRC-32C, the format and the magic, big endian (docs/FORMATS.md). */
export const TRAILER_BYTES = 20;
const FORMAT = 1;
const MAGIC = Uint8Array.from('WEFTSEG1', (letter) => letter.charCodeAt(0));

/** The bytes are not the end of a segment that this code can read. */
export class SegmentFormatError extends Error {
  override readonly name = 'SegmentFormatError';
}

/** What follows the batches of a segment: footer and trailer. */
export function encodeFooter(footer: Omit<SegmentFooter, 'format'>): Uint8Array {
  const message = encoded((writer) => SegmentFooter.encode({ ...footer, format: FORMAT }, writer));
  const out = new Uint8Array(message.length + TRAILER_BYTES);
  out.set(message);
  const view = new DataView(out.buffer, message.length);
  view.setUint32(0, message.length);
  view.setUint32(4, native.crc32c(message, 0, message.length, 0));
  view.setUint32(8, FORMAT);
  out.set(MAGIC, message.length + 12);
  return out;
}

/** Upper bound of what `encodeFooter` gives for so many extents and producer ranges. */
export function footerBytesMax(extents: number, producerRanges: number): number {
  return 128 + 255 + TRAILER_BYTES + extents * 96 + producerRanges * 40;
}

/** The footer in the last bytes of a segment; `segmentBytes` is the object's size. Throws SegmentFormatError. */
export function decodeFooter(tail: Uint8Array, segmentBytes: number): SegmentFooter {
  if (tail.length < TRAILER_BYTES) throw new SegmentFormatError('shorter than a trailer');
  const trailer = tail.length - TRAILER_BYTES;
  const view = new DataView(tail.buffer, tail.byteOffset + trailer, TRAILER_BYTES);
  if (!MAGIC.every((byte, i) => tail[trailer + 12 + i] === byte)) throw new SegmentFormatError('no segment magic');
  if (view.getUint32(8) !== FORMAT) throw new SegmentFormatError(`format ${view.getUint32(8)} is not known here`);
  const length = view.getUint32(0);
  if (length > trailer) throw new SegmentFormatError(`a footer of ${length} bytes, only ${trailer} are here`);
  const start = trailer - length;
  if (native.crc32c(tail, start, length, 0) !== view.getUint32(4))
    throw new SegmentFormatError('the CRC-32C does not match');
  const footer = decodeMessage(tail.subarray(start, trailer));
  if (footer.format !== FORMAT) throw new SegmentFormatError(`format ${footer.format} is not known here`);
  if (footer.dataBytes !== segmentBytes - length - TRAILER_BYTES)
    throw new SegmentFormatError('data bytes do not fill the object');
  let position = 0;
  for (const extent of footer.extents) {
    if (extent.position !== position || extent.topicId.length !== 16) throw new SegmentFormatError('extents have gaps');
    position += extent.length;
  }
  if (position !== footer.dataBytes) throw new SegmentFormatError('extents do not cover the data');
  return footer;
}

function decodeMessage(bytes: Uint8Array): SegmentFooter {
  try {
    return SegmentFooter.decode(bytes);
  } catch (error) {
    throw new SegmentFormatError('not a footer message', { cause: error });
  }
}
