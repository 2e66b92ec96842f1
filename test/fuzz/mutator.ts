/** Whole numbers at which decoders go wrong. */
const edges = [0, 1, -1, 0x7f, 0x80, 0x7fff, -0x8000, 0x7fff_ffff, -0x8000_0000, 0x00ff_ffff];
const BYTES_MAX = 64 * 1024;

/**
 * Damages messages in one buffer of its own, at some ten million in half a minute: bits, bytes, lengths, cuts, repeats, insertions, and
 * pieces of other valid messages of the same kind (`seeds`). Plain on purpose: by V8's coverage a run of it has entered every
 * block that reads within its first 20,000 inputs (but for the limit of elements, which has a test of its own), so keeping
 * inputs by coverage would only be slower.
 */
export class Mutator {
  readonly buffer = Buffer.alloc(BYTES_MAX);
  #state: number;
  #length = 0;

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761) | 0 || 1;
  }

  /** A damaged copy of one of the seeds: a view of the buffer, valid until the next call. */
  next(seeds: readonly Uint8Array[]): Uint8Array {
    const seed = seeds[this.below(seeds.length)]!;
    this.buffer.set(seed);
    this.#length = seed.length;
    for (let left = 1 + this.below(3); left > 0; left -= 1) this.#damage(seeds);
    return this.buffer.subarray(0, this.#length);
  }

  /** xorshift32: whole numbers from 0 up to `limit`, exclusive. */
  below(limit: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % limit;
  }

  #damage(seeds: readonly Uint8Array[]): void {
    const { buffer } = this;
    const length = this.#length;
    const at = length === 0 ? 0 : this.below(length);
    switch (this.below(8)) {
      case 0:
        buffer[at] = buffer[at]! ^ (1 << this.below(8));
        return;
      case 1:
        buffer[at] = this.below(256);
        return;
      case 2:
        buffer.writeInt32BE(edges[this.below(edges.length)]!, at);
        return;
      case 3:
        buffer.writeInt16BE((edges[this.below(edges.length)]! << 16) >> 16, at);
        return;
      case 4:
        this.#length = at;
        return;
      case 5:
        this.#insert(at, buffer.subarray(at, Math.min(length, at + 1 + this.below(32))));
        return;
      case 6: {
        const other = seeds[this.below(seeds.length)]!;
        const from = other.length === 0 ? 0 : this.below(other.length);
        this.#insert(at, other.subarray(from, from + 1 + this.below(32)));
        return;
      }
      default:
        // A count or length that is off by a little.
        buffer[at] = buffer[at]! + (this.below(2) === 0 ? 1 : -1);
    }
  }

  #insert(at: number, bytes: Uint8Array): void {
    const { buffer } = this;
    const count = Math.min(bytes.length, BYTES_MAX - this.#length);
    buffer.copyWithin(at + count, at, this.#length);
    // Of a repeat the bytes have moved; what lies there now is as good.
    buffer.set(bytes.subarray(0, count), at);
    this.#length += count;
  }
}
