import { createRequire } from 'node:module';
import { zstdDecompressSync } from 'node:zlib';
import { CapError, CodecError } from './codec-error.js';

/**
 * Decompresses zstd frames to at most `cap` bytes, whatever size they declare. Throws when they are damaged or larger. zstd-napi
 * puts what fits there into `room`; zlib makes memory of its own.
 */
export interface Zstd {
  readonly name: 'zstd-napi' | 'zlib';
  decompress(bytes: Buffer, cap: number, room?: Uint8Array, more?: MoreFrames): Uint8Array;
}

/** Frames behind the first of a batch that may still come, of one batch or of all that share this. */
export interface MoreFrames {
  left: number;
}

/** Output of unknown size grows by pieces of about what these many compressed bytes become. */
export function outputChunkBytes(compressedBytes: number): number {
  return Math.min(2 ** 18, Math.max(2 ** 14, compressedBytes * 8));
}

/**
 * Producers write one frame a batch; a few more cost nothing. A frame may have as little as eight bytes and no content, so
 * that the cap on content says nothing of how many there are, and each costs a call and, in zlib, an engine.
 */
export const FRAMES_MAX = 1024;

export function moreFrames(): MoreFrames {
  return { left: FRAMES_MAX - 1 };
}

function takeFrame(more: MoreFrames): void {
  if (more.left === 0) throw new CodecError(`zstd: more than ${FRAMES_MAX} frames`);
  more.left -= 1;
}

/**
 * node:zlib stops behind the first frame and says nothing of what follows, so each frame is asked for by itself: agents with
 * and without zstd-napi must judge the same bytes alike.
 */
const zlib: Zstd = {
  name: 'zlib',
  decompress: (bytes, cap, _room, more = moreFrames()) => {
    const frames: Uint8Array[] = [];
    let total = 0;
    let rest = bytes;
    do {
      if (frames.length > 0) takeFrame(more);
      const { buffer, engine } = zstdDecompressSync(rest, {
        info: true,
        maxOutputLength: cap + 1 - total,
        chunkSize: outputChunkBytes(rest.length),
      }) as unknown as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
      total += buffer.length;
      if (total > cap) throw new CapError(`zstd: more than the ${cap} bytes allowed`);
      // Of the input: zlib counts what was written into the engine.
      rest = rest.subarray(engine.bytesWritten);
      // A short content comes in the whole piece of memory that was made for it, which would be kept with it.
      frames.push(buffer.length * 2 < buffer.buffer.byteLength ? Buffer.from(buffer) : buffer);
    } while (rest.length > 0);
    return frames.length === 1 ? frames[0]! : Buffer.concat(frames, total);
  },
};

/** What is used here of `zstd-napi/binding`; zstd.h describes it. */
export interface Binding {
  readonly DCtx: new () => {
    /** [hint of 0 when a frame is complete, bytes written, bytes read] */
    decompressStream(target: Uint8Array, source: Uint8Array): [number, number, number];
    reset(directive: number): void;
    setParameter(parameter: number, value: number): void;
  };
  readonly DParameter: { readonly windowLogMax: number };
  readonly ResetDirective: { readonly sessionOnly: number };
}

/**
 * As a power of two, the longest window for which the context of zstd-napi is used: what every decoder should take (RFC 8878),
 * and all that the levels up to 19 make. A context keeps the memory of its longest window as long as it lives.
 */
export const WINDOW_LOG_MAX = 23;
/** What libzstd says of a longer window (ZSTD_error_frameParameter_windowTooLarge); the package passes on no codes. */
const WINDOW_TOO_LARGE = 'Frame requires too much memory for decoding';

const NO_ROOM = new Uint8Array(0);

/** One context for all. Batches of longer windows go to zlib, whose context goes with its batch, not when it is collected. */
export function zstdNapi({ DCtx, DParameter, ResetDirective }: Binding): Zstd {
  const context = new DCtx();
  context.setParameter(DParameter.windowLogMax, WINDOW_LOG_MAX);
  const inContext = (bytes: Buffer, cap: number, room: Uint8Array | undefined, more: MoreFrames): Uint8Array => {
    context.reset(ResetDirective.sessionOnly);
    const full: Uint8Array[] = [];
    let chunk = room ?? NO_ROOM;
    let filled = 0;
    let total = 0;
    let rest: Uint8Array = bytes;
    let frameOpen = true;
    while (frameOpen || rest.length > 0) {
      // One byte more than allowed tells a result that just fits from one that does not.
      const left = cap + 1 - total;
      if (filled === chunk.length) {
        if (filled > 0) full.push(chunk);
        chunk = new Uint8Array(Math.min(outputChunkBytes(bytes.length), left));
        filled = 0;
      }
      // A call ends with its frame: the next one goes on in the same chunk, however little the last one left there.
      const target = chunk.subarray(filled, filled + left);
      const [hint, written, read] = context.decompressStream(target, rest);
      rest = rest.subarray(read);
      frameOpen = hint !== 0;
      filled += written;
      total += written;
      if (total > cap) throw new CapError(`zstd: more than the ${cap} bytes allowed`);
      if (frameOpen && rest.length === 0 && written < target.length) throw new CodecError('zstd: the frame is cut off');
      if (!frameOpen && rest.length > 0) takeFrame(more);
    }
    const last = chunk.subarray(0, filled);
    return full.length === 0 ? last : Buffer.concat([...full, last], total);
  };
  return {
    name: 'zstd-napi',
    decompress: (bytes, cap, room, more = moreFrames()) => {
      const { left } = more;
      try {
        return inContext(bytes, cap, room, more);
      } catch (error) {
        if (!(error instanceof Error && error.message === WINDOW_TOO_LARGE)) throw error;
        more.left = left;
        return zlib.decompress(bytes, cap, room, more);
      }
    },
  };
}

/** Everything that this machine has, the fastest first. zstd-napi is compiled at install and may be missing. */
export function zstdImplementations(): Zstd[] {
  try {
    return [zstdNapi(createRequire(import.meta.url)('zstd-napi/binding') as Binding), zlib];
  } catch {
    return [zlib];
  }
}

export const zstd: Zstd = zstdImplementations()[0]!;
