import { expect, test } from 'vitest';
import { apis } from '../../../src/protocol/apis.js';
import { REQUEST_ELEMENTS_MAX } from '../../../src/protocol/codec.js';
import { ProtocolError } from '../../../src/protocol/protocol-error.js';

test('bytes behind a request are ignored where a broker reads it, and refused elsewhere', () => {
  const request = Buffer.concat(apis.metadata.request.encode(13, { topics: [{ name: 't' }] }).slices);
  const longer = Buffer.concat([request, Buffer.of(0, 0, 0)]);
  expect(apis.metadata.request.decodeLeading(13, longer)).toEqual(apis.metadata.request.decode(13, request));
  expect(() => apis.metadata.request.decode(13, longer)).toThrow(ProtocolError);
});

test('a broker reads no more elements than a request may have', () => {
  const bytes = new Uint8Array(4 + 2 * (REQUEST_ELEMENTS_MAX + 1));
  new DataView(bytes.buffer).setInt32(0, REQUEST_ELEMENTS_MAX + 1);
  expect(() => apis.metadata.request.decodeLeading(1, bytes)).toThrow(ProtocolError);
});
