import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isUuid, uuidFromBytes, uuidToBytes, ZERO_UUID } from '../../../src/bytes/uuid.js';

const shared = new Uint8Array(new SharedArrayBuffer(20));

test.each([
  { text: ZERO_UUID, hex: '00000000000000000000000000000000' },
  { text: '_____________________w', hex: 'ffffffffffffffffffffffffffffffff' },
  { text: 'AAECAwQFBgcICQoLDA0ODw', hex: '000102030405060708090a0b0c0d0e0f' },
])('$text is $hex', ({ text, hex }) => {
  for (const bytes of [new Uint8Array(20), shared]) {
    uuidToBytes(text, bytes, 3);
    expect(Buffer.from(bytes).toString('hex', 3, 19)).toBe(hex);
    expect(uuidFromBytes(bytes, 3)).toBe(text);
  }
});

test.each([
  '',
  'AAAAAAAAAAAAAAAAAAAAA',
  'AAAAAAAAAAAAAAAAAAAAAAA',
  'AAAAAAAAAAAAAAAAAAAAAB',
  'AAAAAAAAAAAAAAAAAAAA=A',
  'AAAAAAAAAA+/AAAAAAAAAA',
])('%j is no uuid', (text) => {
  expect(isUuid(text)).toBe(false);
  expect(() => uuidToBytes(text, new Uint8Array(16))).toThrow(RangeError);
});

test.each([-1, 5, Number.NaN])('a uuid at %d of 20 bytes is refused', (position) => {
  expect(() => uuidFromBytes(new Uint8Array(20), position)).toThrow(RangeError);
  expect(() => uuidToBytes(ZERO_UUID, new Uint8Array(20), position)).toThrow(RangeError);
});

test('each is itself, whichever came before', () => {
  const few = fc.constantFrom(1, 2, 255).map((byte) => new Uint8Array(16).fill(byte));
  fc.assert(
    fc.property(fc.array(fc.tuple(few, fc.nat(15), fc.nat(255), fc.boolean())), (steps) => {
      for (const [bytes, at, byte, reads] of steps) {
        const id = bytes.with(at, byte);
        const text = Buffer.from(id).toString('base64url');
        if (reads) expect(uuidFromBytes(id)).toBe(text);
        else {
          const written = new Uint8Array(18);
          uuidToBytes(text, written, 1);
          expect(written.subarray(1, 17)).toEqual(id);
        }
      }
    }),
  );
});
