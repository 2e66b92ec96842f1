import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CapError, CodecError } from '../../../native-bindings/codec-error.js';
import { codecNames, compress, decompress, growthMax } from '../../../native-bindings/codecs.js';
import { zstdImplementations } from '../../../native-bindings/zstd.js';

const codecs = codecNames.map((name, codec) => ({ name, codec })).slice(1);

test('implementations of zstd judge damaged bytes alike', () => {
  const whole = Buffer.from(compress('zstd', Buffer.from('some words that repeat, some words '.repeat(30))));
  const bytes = Buffer.concat([whole, whole]);
  const verdict = (decompressor: (bytes: Buffer, cap: number) => Uint8Array, input: Buffer): string => {
    try {
      return Buffer.from(decompressor(input, 1 << 20)).toString('hex');
    } catch {
      return 'refused';
    }
  };
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 3 }),
      fc.nat(bytes.length),
      (changes, cut) => {
        const input = Buffer.from(bytes);
        for (const [at, byte] of changes) input[at] = byte;
        const verdicts = zstdImplementations().map(({ decompress: run }) => verdict(run, input.subarray(0, cut)));
        expect(new Set(verdicts).size).toBe(1);
      },
    ),
    { numRuns: 2000 },
  );
});

test('an unknown codec number is a CodecError', () => {
  for (const codec of [0, 5, 6, 7, -1]) expect(() => decompress(codec, new Uint8Array(9))).toThrow(CodecError);
});

describe.each(codecs)('$name', ({ name, codec }) => {
  test('gives back what was compressed, from shared memory too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(400), (bytes, times) => {
        const plain = Buffer.concat(Array.from({ length: times }, () => bytes));
        const packed = compress(name, plain);
        const memory = new Uint8Array(new SharedArrayBuffer(packed.length + 3)).subarray(3);
        memory.set(packed);
        expect(Buffer.compare(decompress(codec, memory), plain)).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  test('the cap is exact', () => {
    const packed = compress(name, Buffer.alloc(100_000, 'abcdefg'));
    expect(decompress(codec, packed, 100_000)).toHaveLength(100_000);
    expect(() => decompress(codec, packed, 99_999)).toThrow(CapError);
  });

  test('nothing becomes more than its codec can make of so many bytes', () => {
    for (const length of [0, 1, 1000, 2 ** 17, 2 ** 22]) {
      expect(growthMax(codec, compress(name, Buffer.alloc(length)).length)).toBeGreaterThanOrEqual(length);
    }
  });

  test('cut off anywhere, it is a CodecError or shorter, never anything else', () => {
    const plain = Buffer.from('some words that repeat, some words that repeat '.repeat(20));
    const packed = compress(name, plain);
    for (let length = 0; length < packed.length; length += 1) {
      try {
        expect(decompress(codec, packed.subarray(0, length)).length).toBeLessThanOrEqual(plain.length);
      } catch (error) {
        expect(error, `${length}`).toBeInstanceOf(CodecError);
      }
    }
  });
});

describe('snappy', () => {
  const block = (plain: Buffer): Uint8Array => compress('snappy', plain);
  const xerial = (...blocks: Uint8Array[]): Buffer => {
    const parts: Uint8Array[] = [Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])];
    for (const one of blocks) {
      const length = Buffer.alloc(4);
      length.writeInt32BE(one.length);
      parts.push(length, one);
    }
    return Buffer.concat(parts);
  };

  test('xerial frames of several blocks', () => {
    const bytes = xerial(block(Buffer.from('first ')), block(Buffer.from('second')));
    expect(Buffer.from(decompress(2, bytes)).toString()).toBe('first second');
  });

  test('a declared length that the bytes cannot reach is refused before anything is allocated', () => {
    const lie = Buffer.from([0x80, 0x80, 0x80, 0x08, 0x00, 0x61]);
    expect(() => decompress(2, lie)).toThrow(/cannot hold 16777216/);
    expect(() => decompress(2, xerial(lie))).toThrow(/cannot hold 16777216/);
  });

  test('the most that snappy can compress is not taken for a lie', () => {
    const zeros = Buffer.alloc(1 << 20);
    expect(decompress(2, block(zeros))).toHaveLength(zeros.length);
  });

  test('frames that are cut off', () => {
    const whole = xerial(block(Buffer.from('first ')), block(Buffer.from('second')));
    expect(() => decompress(2, whole.subarray(0, whole.length - 1))).toThrow(CodecError);
    expect(() => decompress(2, whole.subarray(0, 18))).toThrow(CodecError);
    expect(() => decompress(2, whole.subarray(0, 10))).toThrow(CodecError);
  });
});

describe.each(zstdImplementations())('zstd by $name', ({ decompress: unzstd }) => {
  const plain = Buffer.from(Array.from({ length: 600_000 }, (_, i) => (i * i) >> 7));
  const packed = Buffer.from(compress('zstd', plain));

  test('output of many pieces', () => {
    expect(Buffer.compare(unzstd(packed, plain.length), plain)).toBe(0);
    expect(() => unzstd(packed, plain.length - 1)).toThrow();
  });

  test('output that fills its pieces to the byte', () => {
    for (const length of [0, 1, 2 ** 14 - 1, 2 ** 14, 2 ** 14 + 1, 2 ** 15, 2 ** 18, 2 ** 19]) {
      const zeros = Buffer.alloc(length);
      expect(unzstd(Buffer.from(compress('zstd', zeros)), length)).toHaveLength(length);
    }
  });

  test('a room of any size changes nothing of what is read or refused', () => {
    const twice = Buffer.concat([plain, plain]);
    for (const length of [0, 1, 2 ** 14, plain.length - 1, plain.length, plain.length + 1, 2 * plain.length, 2 ** 21]) {
      const room = new Uint8Array(length);
      expect(Buffer.compare(unzstd(packed, plain.length, room), plain)).toBe(0);
      expect(() => unzstd(packed, plain.length - 1, room)).toThrow();
      expect(() => unzstd(packed.subarray(0, -1), 2 ** 24, room)).toThrow();
      expect(Buffer.compare(unzstd(Buffer.concat([packed, packed]), 2 ** 24, room), twice)).toBe(0);
    }
  });

  test('several frames are one content', () => {
    expect(unzstd(Buffer.concat([packed, packed]), 2 * plain.length)).toHaveLength(2 * plain.length);
  });

  test('cut off or damaged frames are refused, and the next good one is read', () => {
    for (const cut of [0, 1, 5, 100, packed.length - 1])
      expect(() => unzstd(packed.subarray(0, cut), 2 ** 24)).toThrow();
    expect(() => unzstd(Buffer.alloc(50, 7), 2 ** 24)).toThrow();
    expect(() => unzstd(Buffer.concat([packed, Buffer.alloc(9, 7)]), 2 ** 24)).toThrow();
    expect(unzstd(packed, 2 ** 24)).toHaveLength(plain.length);
  });
});

const napi = zstdImplementations().find(({ name }) => name === 'zstd-napi');

// It is compiled at install, and agents do without where that failed.
test.skipIf(napi === undefined && process.env['WEFT_ALL'] !== '1')(
  'zstd-napi puts what fits into the room that it is given',
  () => {
    const packed = Buffer.from(compress('zstd', Buffer.alloc(1_000, 'abc')));
    const room = new Uint8Array(1_001);
    expect(napi!.decompress(packed, 2 ** 20, room).buffer).toBe(room.buffer);
    expect(napi!.decompress(packed, 2 ** 20, room.subarray(0, 999)).buffer).not.toBe(room.buffer);
  },
);
