import type { SeededRandom } from '../simulation/random.js';

/** Whole numbers at which decoders go wrong. */
const edges = [0, 1, -1, 0x7f, 0x80, 0x7fff, -0x8000, 0x7fff_ffff, -0x8000_0000, 0x00ff_ffff];

/** A damaged copy: a few bits, bytes, lengths, cuts, repeats or insertions. */
export function mutate(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let damaged = Buffer.from(bytes);
  for (let left = random.between(1, 4); left > 0; left -= 1) damaged = once(damaged, random);
  return damaged;
}

function once(bytes: Buffer, random: SeededRandom): Buffer<ArrayBuffer> {
  const copy = Buffer.from(bytes);
  const at = random.between(0, Math.max(0, copy.length - 1));
  switch (random.between(0, 6)) {
    case 0:
      if (copy.length > 0) copy[at] = copy[at]! ^ (1 << random.between(0, 7));
      return copy;
    case 1:
      if (copy.length > 0) copy[at] = random.between(0, 255);
      return copy;
    case 2:
      if (at + 4 <= copy.length) copy.writeInt32BE(random.pick(edges), at);
      return copy;
    case 3:
      if (at + 2 <= copy.length) copy.writeInt16BE((random.pick(edges) << 16) >> 16, at);
      return copy;
    case 4:
      return copy.subarray(0, at);
    case 5: {
      const end = Math.min(copy.length, at + random.between(1, 32));
      return Buffer.concat([copy.subarray(0, end), copy.subarray(at)]);
    }
    default:
      return Buffer.concat([copy.subarray(0, at), random.bytes(random.between(1, 16)), copy.subarray(at)]);
  }
}

/** Repeats of a fuzz test, and where its seeds begin: a failure names the seed to begin with. */
export const fuzz = {
  firstSeed: Number(process.env['WEFT_TEST_FIRST_SEED'] ?? 1),
  factor: Number(process.env['WEFT_TEST_FUZZ_FACTOR'] ?? 1),
};
