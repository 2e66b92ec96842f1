import { ProtocolError } from '../protocol/protocol-error.js';
import type { Piece } from '../threads/chunks.js';
import type { FrameMemory } from './frame-memory.js';

/** Enough for any header whose client id is not a novel. */
const SHORT_BYTES = 512;
/** A client id has 32,767 bytes at most; unknown tags may follow it. */
const LONG_BYTES = 64 * 1024;

/** The next call overwrites it: whoever reads keeps nothing of it. A Buffer, so that text is decoded without a view more. */
const scratch = Buffer.alloc(LONG_BYTES);

/**
 * Reads the header of a frame that lies in pieces: the first bytes are copied together, since pieces may cut it anywhere.
 * `read` is given bytes that it must not keep, and the range to read; it throws ProtocolError of kind `truncated` when it
 * needs more than that.
 */
export function headerBytes<T>(
  memory: FrameMemory,
  key: Uint8Array,
  pieces: readonly Piece[],
  read: (bytes: Uint8Array, position: number, limit: number) => T,
): T {
  try {
    return read(scratch, 0, takeFirst(memory, key, pieces, SHORT_BYTES));
  } catch (failure) {
    if (failure instanceof ProtocolError && failure.kind === 'truncated') {
      return read(scratch, 0, takeFirst(memory, key, pieces, LONG_BYTES));
    }
    throw failure;
  }
}

/** At most `count` bytes into `scratch`; returns how many there are. */
function takeFirst(memory: FrameMemory, key: Uint8Array, pieces: readonly Piece[], count: number): number {
  scratch.set(key);
  let at = key.length;
  for (const { position, length } of pieces) {
    if (at === count) break;
    const taken = Math.min(length, count - at);
    scratch.set(memory.view(position, taken), at);
    at += taken;
  }
  return at;
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
