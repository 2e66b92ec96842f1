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
