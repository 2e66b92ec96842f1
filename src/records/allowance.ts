import { CapError, CodecError } from '../../native-bindings/codec-error.js';
import { bytesCap, decompress, growthMax } from '../../native-bindings/codecs.js';
import { moreFrames } from '../../native-bindings/zstd.js';

/** Kafka lists every record at fault; more than these of a request would make an answer larger than the request. */
const RECORD_FAULTS_MAX = 1000;

/**
 * A request's batches are decompressed in one turn, in which their lane does nothing else: all together they may become so
 * much, or so many times what the request has. One batch alone can grow as far as its own cap allows, and what grows
 * thirty-two times over megabytes holds hardly anything.
 */
const DECOMPRESSED_BYTES_MIN = 128 * 2 ** 20;
const DECOMPRESSED_RATIO = 32;

/** What most batches are decompressed to fits: made anew for each, it would drive V8's collector. */
const ROOM_BYTES = 256 * 1024;
let roomKept: Uint8Array | undefined;

export interface Undecompressed {
  /** The batch might have fitted, had others of its request not come before it. */
  readonly isShared: boolean;
  readonly message: string;
}

/** What the batches of one Produce request share and use up. */
export class Allowance {
  /** So many records at fault may still be listed. */
  recordFaults = RECORD_FAULTS_MAX;
  readonly #bytesMax: number;
  /** Frames without content cost as well, and more content does not tell of them. */
  readonly #moreFrames = moreFrames();
  /** What was decompressed so far, and what failed at most came to before it did. */
  decompressedBytes = 0;

  constructor(requestBytes: number) {
    this.#bytesMax = Math.max(DECOMPRESSED_BYTES_MIN, requestBytes * DECOMPRESSED_RATIO);
  }

  /** The records of a compressed batch, until the next one's, or why there are none. */
  decompress(codec: number, bytes: Uint8Array): Uint8Array | Undecompressed {
    const own = bytesCap(bytes.length);
    // Its own share is always left: an ordinary batch is not refused for what another one was.
    const left = Math.max(this.#bytesMax - this.decompressedBytes, bytes.length * DECOMPRESSED_RATIO);
    const cap = Math.min(own, left);
    try {
      roomKept ??= new Uint8Array(ROOM_BYTES);
      const records = decompress(codec, bytes, cap, roomKept, this.#moreFrames);
      this.decompressedBytes += records.length;
      return records;
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      // What failed took its time as well, and nothing tells how far it came.
      this.decompressedBytes += Math.min(cap, growthMax(codec, bytes.length));
      return error instanceof CapError && cap < own ? this.#usedUp(left) : { isShared: false, message: error.message };
    }
  }

  #usedUp(left: number): Undecompressed {
    const all = `the ${this.#bytesMax} to which the batches of this request may be decompressed`;
    const message = `the batch grows beyond the ${left} bytes that are left of ${all}`;
    return { isShared: true, message };
  }
}
