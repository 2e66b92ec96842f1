import { describe, expect, test } from 'vitest';
import { apis } from '../../../src/protocol/apis.js';
import { Message } from '../../../src/protocol/codec.js';
import { array, field, struct } from '../../../src/protocol/definition.js';
import { joined } from '../../../src/protocol/frames.js';
import { Reader } from '../../../src/protocol/reader.js';
import { TooLongError } from '../../../src/protocol/too-long-error.js';
import { bool, bytes, int8, int16, int32, int64, string, uuid } from '../../../src/protocol/types.js';
import { Writer } from '../../../src/protocol/writer.js';

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hexOf = (slices: Parameters<typeof joined>[0]) => Buffer.from(joined(slices)).toString('hex');

/** v0 is rigid, v1 flexible; null only from v1 on. */
const sample = new Message({ name: 'Sample', min: 0, max: 1, flexibleFrom: 1 }, [
  field('text', string, { nullable: 1, default: null }),
  field('blob', bytes, { nullable: 1, default: null }),
  array('numbers', int32, { nullable: 1, default: null }),
  struct('inner', { since: 1, nullable: 1 }, [field('flag', bool)]),
  field('extra', int16, { since: 1, tag: 3, default: -1 }),
]);

const malformed = expect.objectContaining({ name: 'ProtocolError', kind: 'malformed' });
const truncated = expect.objectContaining({ name: 'ProtocolError', kind: 'truncated' });
/** Refused by the count itself, before an element is read. */
const counted = (count: string) =>
  expect.objectContaining({ name: 'ProtocolError', kind: 'truncated', message: expect.stringContaining(count) });

describe('refused', () => {
  test.each([
    { why: 'null text where none may be', version: 0, hex: 'ffff 00000000 00000000', error: malformed },
    { why: 'null bytes where none may be', version: 0, hex: '0000 ffffffff 00000000', error: malformed },
    { why: 'a null array where none may be', version: 0, hex: '0000 00000000 ffffffff', error: malformed },
    { why: 'bytes behind the message', version: 0, hex: '0000 00000000 00000000 00', error: malformed },
    { why: 'a version that is not served', version: 2, hex: '00', error: malformed },
    { why: 'a negative version', version: -1, hex: '00', error: malformed },
    { why: 'text longer than the bytes', version: 0, hex: '0002 61', error: truncated },
    { why: 'bytes longer than the bytes', version: 0, hex: '0000 7fffffff 61', error: truncated },
    {
      why: 'more elements than bytes',
      version: 0,
      hex: '0000 00000000 7fffffff 00000001',
      error: counted('array of 2147483647'),
    },
    {
      why: 'one element more than bytes',
      version: 0,
      hex: '0000 00000000 00000002 00000001 000000',
      error: counted('array of 2'),
    },
    { why: 'compact elements without end', version: 1, hex: '01 01 ffffffff0f 00', error: counted('array of') },
    { why: 'compact bytes without end', version: 1, hex: '01 ffffffff0f 00', error: truncated },
    {
      why: 'compact text of 32,768 bytes',
      version: 1,
      hex: `818002${'61'.repeat(0x8000)} 01 01 ff 00`,
      error: malformed,
    },
    { why: 'more tags than bytes', version: 1, hex: '01 01 01 ff 05 00 00', error: counted('5 tags') },
    { why: 'a tag longer than the bytes', version: 1, hex: '01 01 01 ff 01 09 05 00', error: truncated },
    { why: 'a known tag that is too long', version: 1, hex: '01 01 01 ff 01 03 03 000100', error: malformed },
    { why: 'a known tag that is too short', version: 1, hex: '01 01 01 ff 01 03 01 00', error: truncated },
  ])('$why', ({ version, hex, error }) => {
    expect(() => sample.decode(version, bytesOf(hex))).toThrow(error);
  });
});

describe('accepted', () => {
  const empty = { text: '', blob: new Uint8Array(0), numbers: [], inner: null, extra: -1 };
  test.each([
    {
      what: 'absent fields with their defaults',
      version: 0,
      hex: '0000 00000000 00000000',
      value: { inner: { flag: false } },
    },
    { what: 'nulls', version: 1, hex: '00 00 00 ff 00', value: { text: null, blob: null, numbers: null } },
    { what: 'a struct that may be null', version: 1, hex: '01 01 01 01 01 00 00', value: { inner: { flag: true } } },
    { what: 'a bool that is not 1', version: 1, hex: '01 01 01 01 7f 00 00', value: { inner: { flag: true } } },
    {
      what: 'unknown tags, any order',
      version: 1,
      hex: '01 01 01 ff 03 09 01 aa 03 02 0005 01 00',
      value: { extra: 5 },
    },
    {
      what: 'a tag twice: the last counts',
      version: 1,
      hex: '01 01 01 ff 02 03 02 0005 03 02 0006',
      value: { extra: 6 },
    },
    {
      what: 'ill-formed UTF-8',
      version: 0,
      hex: '0002 61ff 00000000 00000000',
      value: { text: 'a\ufffd', inner: { flag: false } },
    },
  ])('$what', ({ version, hex, value }) => {
    expect(sample.decode(version, bytesOf(hex))).toEqual({ ...empty, ...value });
  });
});

test('a tagged field that has its default is not sent', () => {
  expect(hexOf(sample.encode(1, { text: '', blob: null, numbers: [], inner: null, extra: -1 }))).toBe('010001ff00');
  expect(hexOf(sample.encode(1, { text: '', blob: null, numbers: [], inner: null, extra: 5 }))).toBe(
    '010001ff010302' + '0005',
  );
});

test('decoded bytes are a copy', () => {
  const wire = bytesOf('0000 00000001 07 00000000');
  const { blob } = sample.decode(0, wire);
  wire.fill(0xff);
  expect(blob).toEqual(Uint8Array.of(7));
});

describe('mistakes of ours are not sent', () => {
  const rigid = new Message({ name: 'Rigid', min: 0, max: 0, flexibleFrom: undefined }, [
    field('a', int8, { default: 0 }),
    field('b', int16, { default: 0 }),
    field('c', int32, { default: 0 }),
    field('d', int64, { default: 0 }),
    field('e', uuid, { default: 'A'.repeat(22) }),
    field('f', string, { default: '' }),
    array('g', int8, { default: null }),
  ]);
  test.each([
    { value: { a: 128 } },
    { value: { b: -32769 } },
    { value: { c: 2 ** 31 } },
    { value: { c: 0.5 } },
    { value: { d: 2 ** 53 } },
    { value: { d: Number.NaN } },
    { value: { e: 'no uuid' } },
    { value: { f: 'x'.repeat(0x8000) } },
  ])('$value', ({ value }) => {
    expect(() => rigid.encode(0, { g: [], ...value })).toThrow(RangeError);
  });

  test('null that the version cannot carry', () => {
    expect(() => rigid.encode(0, {})).toThrow(TypeError);
    expect(() => sample.encode(0, { text: null, blob: new Uint8Array(0), numbers: [], inner: null })).toThrow(
      TypeError,
    );
  });

  test('slices that hold more or fewer bytes than said', () => {
    expect(() => new Writer().splice({ slices: [Uint8Array.of(1)], bytes: 2 })).toThrow(RangeError);
  });

  test('a version that is not served', () => {
    expect(() => apis.produce.response.encode(2, { responses: [] })).toThrow(RangeError);
  });
});

test.each([
  { hex: '7fffffffffffffff', value: Number.MAX_SAFE_INTEGER },
  { hex: '0020000000000000', value: Number.MAX_SAFE_INTEGER },
  { hex: '001fffffffffffff', value: Number.MAX_SAFE_INTEGER },
  { hex: '0000000100000000', value: 2 ** 32 },
  { hex: '00000000ffffffff', value: 2 ** 32 - 1 },
  { hex: 'ffffffffffffffff', value: -1 },
  { hex: 'fffffffffffffffe', value: -2 },
  { hex: 'ffffffff00000000', value: -(2 ** 32) },
  { hex: 'ffe0000000000001', value: Number.MIN_SAFE_INTEGER },
  { hex: '8000000000000000', value: Number.MIN_SAFE_INTEGER },
])('int64 $hex is $value', ({ hex, value }) => {
  expect(new Reader(bytesOf(hex)).int64()).toBe(value);
});

test('a writer throws for what is longer than it may be; records do not count', () => {
  const writer = new Writer(16, 100_000);
  writer.splice({ slices: [new Uint8Array(200_000)], bytes: 200_000 });
  for (let count = 0; count < 25_000; count += 1) writer.int32(count);
  expect([writer.bytes, writer.finish().bytes]).toEqual([100_000, 300_000]);
  const long = (bytes: number) => () => {
    const another = new Writer(16, 100_000);
    another.int8(1);
    another.raw(new Uint8Array(bytes));
    another.finish();
  };
  for (const bytes of [0, 15_000, 99_999]) expect(long(bytes)).not.toThrow();
  expect(long(100_000)).toThrow(TooLongError);
  expect(() => {
    for (;;) writer.text('0123456789', 10);
  }).toThrow(TooLongError);
});

test('a writer copies nothing again and again, and no long bytes at all', () => {
  const writer = new Writer();
  const long = new Uint8Array(20_000).fill(7);
  for (let count = 0; count < 100; count += 1) {
    writer.raw(long);
    writer.text('t'.repeat(10_000), 10_000);
  }
  const { slices, bytes } = writer.finish();
  expect(bytes).toBe(3_000_000);
  expect(slices.filter((slice) => slice === long).length).toBe(100);
  expect(Math.max(...slices.map(({ buffer }) => buffer.byteLength))).toBeLessThanOrEqual(256 * 1024);
  expect(joined({ slices, bytes }).subarray(2_970_000)).toEqual(
    new Uint8Array([...long, ...new Uint8Array(10_000).fill(0x74)]),
  );
});

test('a writer that grows keeps what it holds', () => {
  const writer = new Writer(1);
  const expected: number[] = [];
  for (let value = 0; value < 300; value++) {
    writer.int16(value);
    expected.push(value >> 8, value & 0xff);
    if (value % 50 === 49) {
      writer.splice({ slices: [Uint8Array.of(0xee)], bytes: 1 });
      expected.push(0xee);
    }
  }
  expect([...joined(writer.finish())]).toEqual(expected);
});

test.each([
  { hex: '00', value: 0 },
  { hex: '7f', value: 127 },
  { hex: '8001', value: 128 },
  { hex: '8000', value: 0 },
  { hex: 'ffffffff0f', value: 2 ** 32 - 1 },
  { hex: 'ffffffff10', value: malformed },
  { hex: 'ffffffff1f', value: malformed },
  { hex: '808080808000', value: malformed },
  { hex: '80', value: truncated },
])('varint $hex', ({ hex, value }) => {
  const reader = new Reader(bytesOf(hex));
  if (typeof value === 'number') {
    expect(reader.unsignedVarint()).toBe(value);
  } else {
    expect(() => reader.unsignedVarint()).toThrow(value);
  }
});

test('a request of more elements than any honest one is refused before they are read', () => {
  const { request } = apis.deleteGroups;
  const groups = (count: number) => joined(request.encode(2, { groupsNames: new Array<string>(count).fill('') }));
  expect(request.decode(2, groups(request.elementsMax)).groupsNames).toHaveLength(request.elementsMax);
  expect(() => request.decode(2, groups(request.elementsMax + 1))).toThrow(malformed);
});

test('elements are counted over all arrays of a request', () => {
  const { request } = apis.offsetForLeaderEpoch;
  const partition = { partition: 0, leaderEpoch: 0 };
  const half = { topic: '', partitions: new Array<typeof partition>(request.elementsMax / 2).fill(partition) };
  const encoded = joined(request.encode(4, { topics: [half, half] }));
  expect(() => request.decode(4, encoded)).toThrow(malformed);
});
