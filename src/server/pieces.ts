import { ProtocolError } from '../protocol/protocol-error.js';
import type { Piece } from '../threads/chunks.js';
import type { FrameMemory } from './frame-memory.js';

/** Enough for any header whose client id is not a novel. */
const SHORT_BYTES = 512;
/** A client id has 32,767 bytes at most; unknown tags may follow it. */
const LONG_BYTES = 64 * 1024;

/**
 * Reads the header of a frame that lies in pieces: the first bytes are copied together, since pieces may cut it anywhere.
 * `read` throws ProtocolError of kind `truncated` when it needs more than it was given.
 */
export function headerBytes<T>(
  memory: FrameMemory,
  key: Uint8Array,
  pieces: readonly Piece[],
  read: (bytes: Uint8Array) => T,
): T {
  try {
    return read(firstBytes(memory, key, pieces, SHORT_BYTES));
  } catch (failure) {
    if (failure instanceof ProtocolError && failure.kind === 'truncated') {
      return read(firstBytes(memory, key, pieces, LONG_BYTES));
    }
    throw failure;
  }
}

function firstBytes(memory: FrameMemory, key: Uint8Array, pieces: readonly Piece[], count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  bytes.set(key);
  let at = key.length;
  for (const { position, length } of pieces) {
    const taken = Math.min(length, count - at);
    bytes.set(memory.view(position, taken), at);
    at += taken;
  }
  return bytes.subarray(0, at);
}

/** The pieces without their first `skipped` bytes. */
export function piecesFrom(pieces: readonly Piece[], skipped: number): Piece[] {
  const rest: Piece[] = [];
  let toSkip = skipped;
  for (const { position, length } of pieces) {
    if (toSkip < length) {
      rest.push({ position: position + toSkip, length: length - toSkip });
    }
    toSkip = Math.max(0, toSkip - length);
  }
  return rest;
}
