import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { implementations, wholeAddon } from '../../native-bindings/bindings.js';

const all = implementations();
const script = all.at(-1)!;

/** Bytes in shared memory, as in the agent. */
function shared(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(new SharedArrayBuffer(Math.max(1, bytes.length)), 0, bytes.length);
  memory.set(bytes);
  return memory;
}

function varint(value: number): number[] {
  let raw = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  while (raw >= 0x80n) {
    bytes.push(Number(raw & 0x7fn) | 0x80);
    raw >>= 7n;
  }
  return [...bytes, Number(raw)];
}

function record(
  offset: number,
  delta: number,
  key: number[] | null,
  value: number[] | null,
  headers: [number[], number[] | null][] = [],
): number[] {
  const field = (bytes: number[] | null): number[] =>
    bytes === null ? varint(-1) : [...varint(bytes.length), ...bytes];
  const body = [0, ...varint(delta), ...varint(offset), ...field(key), ...field(value), ...varint(headers.length)];
  for (const [name, content] of headers) body.push(...field(name), ...field(content));
  return [...varint(body.length), ...body];
}

const valid = Uint8Array.from([
  ...record(0, 0, [1, 2], [3]),
  ...record(1, -5, null, null, [
    [[104], [105]],
    [[106], null],
  ]),
  ...record(2, 2 ** 40, [], []),
]);

const names = all.map(({ name }) => name);

// Where everything must run (WEFT_ALL=1) a missing addon is a failure; elsewhere it is reported as skipped.
test.skipIf(!names.includes('addon') && process.env['WEFT_ALL'] !== '1')('the native part is built and loads', () => {
  expect(names).toContain('addon');
});

test('an addon of older sources, which lacks a function, is none', () => {
  const { name: _, ...functions } = script;
  const addon = { ...functions, createWhole: async () => 0, readWhole: async () => 0, setReceiveBuffer: () => 0 };
  expect(wholeAddon(addon)).toBe(addon);
  for (const lacking of Object.keys(addon)) {
    expect(wholeAddon({ ...addon, [lacking]: undefined }), lacking).toBe(undefined);
  }
  expect(wholeAddon(undefined)).toBe(undefined);
});

describe.each(all)('$name', (native) => {
  test.each([
    ['nothing', new Uint8Array(0), 0],
    ['RFC 3720 B.4: 32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['RFC 3720 B.4: 32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['RFC 3720 B.4: ascending', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['123456789', new TextEncoder().encode('123456789'), 0xe3069283],
  ])('CRC-32C of %s', (_name, bytes, crc) => {
    expect(native.crc32c(bytes, 0, bytes.length, 0)).toBe(crc);
    expect(native.crc32c(shared(bytes), 0, bytes.length, 0)).toBe(crc);
  });

  test('CRC-32C continues and agrees with the script at every length around the inner loops', () => {
    const bytes = shared(Uint8Array.from({ length: 30_000 }, (_, i) => (i * 7919) >>> 3));
    for (const length of [1, 7, 8, 9, 767, 768, 769, 1536, 24_575, 24_576, 24_577, 29_990]) {
      const whole = native.crc32c(bytes, 3, length, 0);
      expect(whole, `${length}`).toBe(script.crc32c(bytes, 3, length, 0));
      const half = length >> 1;
      expect(native.crc32c(bytes, 3 + half, length - half, native.crc32c(bytes, 3, half, 0))).toBe(whole);
    }
  });

  test('copies carry the bytes and their checksum', () => {
    const source = shared(Uint8Array.from({ length: 100_000 }, (_, i) => i * 31));
    const target = shared(new Uint8Array(100_000));
    native.copy(target, 5, source, 2, 99_000);
    expect(Buffer.compare(target.subarray(5, 99_005), source.subarray(2, 99_002))).toBe(0);
    expect(native.copyWithCrc32c(target, 0, source, 100, 70_001, 0)).toBe(script.crc32c(source, 100, 70_001, 0));
    expect(Buffer.compare(target.subarray(0, 70_001), source.subarray(100, 70_101))).toBe(0);
  });

  test.each([
    ['forwards', 40_000, 0],
    ['backwards', 0, 40_000],
  ])('a copy onto itself %s carries the bytes as they were', (_name, to, from) => {
    for (const copy of ['copy', 'copyWithCrc32c'] as const) {
      const bytes = shared(Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) >> 3));
      const before = bytes.slice(from, from + 100_000);
      const crc = script.crc32c(before, 0, before.length, 0);
      if (copy === 'copy') native.copy(bytes, to, bytes, from, before.length);
      else expect(native.copyWithCrc32c(bytes, to, bytes, from, before.length, 0)).toBe(crc);
      expect(Buffer.compare(bytes.subarray(to, to + before.length), before)).toBe(0);
    }
  });

  test('checksums of two runs join to that of both, whatever their lengths', () => {
    const bytes = shared(Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7919) >>> 3));
    for (const [first, second] of [
      [0, 0],
      [0, 9],
      [9, 0],
      [1, 1],
      [61, 16_384],
      [4_095, 65_537],
    ] as const) {
      const one = native.crc32c(bytes, 0, first, 0);
      const two = native.crc32c(bytes, first, second, 0);
      expect(native.joinCrc32c(one, two, second)).toBe(script.crc32c(bytes, 0, first + second, 0));
    }
  });

  test.each([0, 21, 50_000])('a copy of which all but %s bytes are known has the checksum of all', (unknown) => {
    const source = shared(Uint8Array.from({ length: 50_007 }, (_, i) => (i * 31) >> 2));
    const target = shared(new Uint8Array(60_000));
    const known = script.crc32c(source, 7 + unknown, 50_000 - unknown, 0);
    const crc = native.copyKnownCrc32c(target, 9, source, 7, 50_000, 12_345, unknown, known);
    expect(crc).toBe(script.crc32c(source, 7, 50_000, 12_345));
    expect(Buffer.compare(target.subarray(9, 50_009), source.subarray(7))).toBe(0);
  });

  test.each([-1, 0.5, 2 ** 32, Number.NaN])('%s is no checksum to join', (wrong) => {
    expect(() => native.joinCrc32c(wrong, 1, 1)).toThrow(RangeError);
    expect(() => native.joinCrc32c(1, wrong, 1)).toThrow(RangeError);
  });

  test.each([-1, 0.5, 2 ** 32, Number.NaN])('a count of %s records is refused', (count) => {
    expect(() => native.walkRecords(valid, 0, valid.length, count, new Float64Array(4))).toThrow(RangeError);
  });

  test.each([
    [-1, 1],
    [0.5, 1],
    [0, 1.5],
    [0, 11],
    [11, 0],
    [5, 6],
    [Number.NaN, 1],
    [0, 2 ** 53],
  ])('position %s, length %s of ten bytes is refused', (position, length) => {
    const ten = new Uint8Array(10);
    expect(() => native.crc32c(ten, position, length, 0)).toThrow(RangeError);
    expect(() => native.copy(ten, position, new Uint8Array(100), 0, length)).toThrow(RangeError);
    expect(() => native.walkRecords(ten, position, length, 1, new Float64Array(4))).toThrow(RangeError);
  });

  test('a right batch is walked and described', () => {
    const found = new Float64Array(4);
    expect(native.walkRecords(valid, 0, valid.length, 3, found)).toBe(0);
    expect([...found]).toEqual([2 ** 40, -5, 1, 1]);
  });

  test.each([
    ['too few records', valid, 4, 1],
    ['too many records', valid, 2, 5],
    ['an offset delta that is not its place', Uint8Array.from(record(1, 0, null, [1])), 1, 3],
    ['a record longer than the batch', Uint8Array.of(0x14, 0, 0, 0), 1, 2],
    ['a key longer than its record', Uint8Array.of(...varint(6), 0, 0, 0, ...varint(50), 1, 1), 1, 4],
    ['a null header name', Uint8Array.of(...varint(7), 0, 0, 0, 1, 1, 2, 1), 1, 4],
    ['an endless varint', new Uint8Array(12).fill(0xff), 1, 1],
    ['no bytes', new Uint8Array(0), 1, 1],
  ])('%s is a fault', (_name, bytes, count, fault) => {
    expect(native.walkRecords(bytes, 0, bytes.length, count, new Float64Array(4))).toBe(fault);
  });

  test('damaged and random bytes get the same answer as from the script', () => {
    const damage = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(4), fc.option(fc.uint8Array({ maxLength: 40 })), (changes, count, random) => {
        const bytes = random ?? valid.slice();
        if (random === null) for (const [at, byte] of changes) bytes[at] = byte;
        const ours = new Float64Array(4);
        const theirs = new Float64Array(4);
        const result = native.walkRecords(bytes, 0, bytes.length, count, ours);
        expect(result).toBe(script.walkRecords(bytes, 0, bytes.length, count, theirs));
        if (result === 0) expect([...ours]).toEqual([...theirs]);
      }),
      { numRuns: 2000 },
    );
  });

  test('100,000 damaged batches get the same answer as from the script', () => {
    const ours = new Float64Array(4);
    const theirs = new Float64Array(4);
    const draw = xorshift(20_260_101);
    for (let i = 0; i < 100_000; i += 1) {
      const bytes = valid.slice(0, draw() % 8 === 0 ? draw() % (valid.length + 1) : valid.length);
      for (let changes = draw() % 4; changes > 0 && bytes.length > 0; changes -= 1)
        bytes[draw() % bytes.length] = draw();
      const count = draw() % 5;
      const result = native.walkRecords(bytes, 0, bytes.length, count, ours);
      const expected = script.walkRecords(bytes, 0, bytes.length, count, theirs);
      const same = result === expected && (result !== 0 || ours.every((value, at) => value === theirs[at]));
      if (!same) expect.fail(`case ${i}: ${result} [${ours}], script ${expected} [${theirs}]: ${bytes.toString()}`);
    }
  });
});

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
