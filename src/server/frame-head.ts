import { FRAME_LENGTH_BYTES } from '../protocol/frames.js';
import { KEY_BYTES } from './partial-frame.js';

/** A frame's length and key, whatever pieces they come in; one after the other in the same memory. */
export class FrameHead {
  readonly bytes = new Uint8Array(FRAME_LENGTH_BYTES + KEY_BYTES);
  #count = 0;

  /** Takes what belongs to it of `bytes` from `at` on; returns how many that are. */
  take(bytes: Uint8Array, at: number): number {
    const count = Math.min(bytes.length - at, this.bytes.length - this.#count);
    for (let index = 0; index < count; index += 1) this.bytes[this.#count + index] = bytes[at + index]!;
    this.#count += count;
    return count;
  }

  get hasSize(): boolean {
    return this.#count >= FRAME_LENGTH_BYTES;
  }

  get isWhole(): boolean {
    return this.#count === this.bytes.length;
  }

  /** Bytes that the frame declares to follow its length. */
  get size(): number {
    const { bytes } = this;
    return (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
  }

  /** The api key and version, in memory of their own. */
  get key(): Uint8Array {
    return this.bytes.slice(FRAME_LENGTH_BYTES);
  }

  /** The next bytes are those of another frame. */
  clear(): void {
    this.#count = 0;
  }
}
