// A tag section costs its reader a step for each tag, so a request has no more of them than it may have elements.
import { expect, test } from 'vitest';
import { apis } from '../../../src/protocol/apis.js';
import { REQUEST_ELEMENTS_MAX } from '../../../src/protocol/codec.js';
import { encodeRequestFrame, FRAME_LENGTH_BYTES, joined, readRequestHeader } from '../../../src/protocol/frames.js';
import { ProtocolError } from '../../../src/protocol/protocol-error.js';
import { Writer } from '../../../src/protocol/writer.js';

/** A section of `count` tags that nobody knows, of no bytes. */
function section(count: number): Uint8Array {
  const writer = new Writer();
  writer.unsignedVarint(count);
  for (let tag = 0; tag < count; tag += 1) {
    writer.unsignedVarint(99);
    writer.unsignedVarint(0);
  }
  return joined(writer.finish());
}

/** Before its last byte, which is a tag section of its own. */
function withTags(bytes: Uint8Array, count: number): Uint8Array {
  return Buffer.concat([bytes.subarray(0, -1), section(count)]);
}

test('unknown tags are skipped', () => {
  const { request } = apis.metadata;
  const bytes = joined(request.encode(12, { topics: null }));
  const tagged = withTags(bytes, 3_000);
  expect(request.decodeLeading(12, tagged)).toEqual(request.decode(12, bytes));
  expect(request.elements(12, tagged)).toBe(request.elements(12, bytes));
});

test('more tags than a request may have elements are refused, however it is read', () => {
  const { request } = apis.metadata;
  const tagged = withTags(joined(request.encode(12, { topics: null })), REQUEST_ELEMENTS_MAX + 1);
  expect(() => request.elements(12, tagged)).toThrow(ProtocolError);
  expect(() => request.decodeLeading(12, tagged)).toThrow(ProtocolError);
  expect(() => [...request.decodeSteps(12, tagged)]).toThrow(ProtocolError);
});

test('a header has few tags', () => {
  const frame = joined(encodeRequestFrame(apis.metadata, 12, 7, null, { topics: null })).subarray(FRAME_LENGTH_BYTES);
  const head = frame.subarray(0, readRequestHeader(frame).bodyPosition);
  expect(readRequestHeader(withTags(head, 64)).correlationId).toBe(7);
  expect(() => readRequestHeader(withTags(head, 65))).toThrow(ProtocolError);
});
