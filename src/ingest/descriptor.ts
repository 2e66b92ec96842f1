import type { Piece } from '../threads/chunks.js';
import type { ProduceDescriptor } from './messages.js';

/**
 * A `ProduceDescriptor` as a ring record, in the machine's byte order (both ends are one process):
 * u32 request · u32 connection · i32 correlation id · u32 api version · f64 topics revision · f64 received ms ·
 * then a u32 position and a u32 length for each piece.
 */
const FIXED_BYTES = 32;
const PIECE_BYTES = 8;

/** Most pieces that a frame may have: a frame of the largest size in chunks of 64 KiB. */
export const PIECES_MAX = 2048;
export const DESCRIPTOR_BYTES_MAX = FIXED_BYTES + PIECES_MAX * PIECE_BYTES;

/** The record, in memory that the next call reuses. */
export function encodeDescriptor(descriptor: ProduceDescriptor): Uint8Array {
  const { pieces } = descriptor;
  if (pieces.length > PIECES_MAX) {
    throw new RangeError(`a frame in ${pieces.length} pieces, ${PIECES_MAX} at most`);
  }
  words[0] = descriptor.request;
  words[1] = descriptor.connection;
  words[2] = descriptor.correlationId;
  words[3] = descriptor.apiVersion;
  floats[2] = descriptor.topicsRevision;
  floats[3] = descriptor.receivedMs;
  let at = FIXED_BYTES / 4;
  for (const piece of pieces) {
    words[at] = piece.position;
    words[at + 1] = piece.length;
    at += 2;
  }
  return encoded.subarray(0, at * 4);
}

const encoded = new Uint8Array(DESCRIPTOR_BYTES_MAX);
const words = new Uint32Array(encoded.buffer);
const floats = new Float64Array(encoded.buffer);

export function decodeDescriptor(record: Uint8Array): ProduceDescriptor {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const pieces: Piece[] = [];
  for (let at = FIXED_BYTES; at < record.length; at += PIECE_BYTES) {
    pieces.push({ position: view.getUint32(at, LITTLE_ENDIAN), length: view.getUint32(at + 4, LITTLE_ENDIAN) });
  }
  return {
    request: view.getUint32(0, LITTLE_ENDIAN),
    connection: view.getUint32(4, LITTLE_ENDIAN),
    correlationId: view.getInt32(8, LITTLE_ENDIAN),
    apiVersion: view.getUint32(12, LITTLE_ENDIAN),
    topicsRevision: view.getFloat64(16, LITTLE_ENDIAN),
    receivedMs: view.getFloat64(24, LITTLE_ENDIAN),
    pieces,
  };
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
