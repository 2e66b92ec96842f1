import fc from 'fast-check';
import { expect, test } from 'vitest';
import { native } from '../../../native-bindings/bindings.js';
import { uuidFromBytes } from '../../../src/bytes/uuid.js';
import { BatchCursor } from '../../../src/records/cursor.js';
import { encodeBatch } from '../../../src/records/encode.js';
import {
  decodeFooter,
  encodeFooter,
  footerBytesMax,
  SegmentFormatError,
  TRAILER_BYTES,
} from '../../../src/segments/footer.js';
import { planSegment } from '../../../src/segments/plan.js';
import { type ProducerRange, SegmentFooter } from '../../../src/segments/segment.wire.js';

const topicOf = (n: number): Uint8Array => new Uint8Array(16).fill(n);

/** Trailer of docs/FORMATS.md over any message, right in itself. */
function sealed(message: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(message.length + TRAILER_BYTES);
  bytes.set(message);
  bytes.writeUInt32BE(message.length, message.length);
  bytes.writeUInt32BE(native.crc32c(message, 0, message.length, 0), message.length + 4);
  bytes.writeUInt32BE(1, message.length + 8);
  bytes.write('WEFTSEG1', message.length + 12, 'latin1');
  return bytes;
}

test('the batches of a segment are found from the object alone, as docs/FORMATS.md says', () => {
  const arrived = Array.from({ length: 60 }, (_, i) => {
    const batch = encodeBatch({ records: [{ timestampMs: i, value: Buffer.from(`${i}`) }] });
    const topicIdBytes = topicOf((i * 7) % 3);
    return { topicIdBytes, topicId: uuidFromBytes(topicIdBytes), partition: (i * 5) % 4, bytes: batch.length, batch };
  });
  const plan = planSegment(arrived);
  const data = Buffer.concat(plan.extents.flatMap(({ batches }) => batches.map(({ batch }) => batch)));
  expect(data.length).toBe(plan.dataBytes);
  const extents = plan.extents.map(({ topicIdBytes, partition, position, length, batches }) => ({
    topicId: topicIdBytes,
    partition,
    position,
    length,
    records: batches.length,
    batches: batches.length,
    minTimestamp: 0,
    maxTimestamp: 59,
    stamped: false,
    producers: [],
    crc32c: native.crc32c(data, position, length, 0),
  }));
  const object = Buffer.concat([
    data,
    encodeFooter({ cluster: 'weft', agentEpoch: 3, segment: 9, dataBytes: data.length, extents }),
  ]);

  const footer = decodeFooter(
    object.subarray(object.length - (object.readUInt32BE(object.length - 20) + 20)),
    object.length,
  );
  const found = footer.extents.flatMap(({ topicId, partition, position, length, crc32c }) => {
    const bytes = object.subarray(position, position + length);
    expect(native.crc32c(bytes, 0, length, 0)).toBe(crc32c);
    const cursor = new BatchCursor(bytes);
    const times: string[] = [];
    while (cursor.next()) times.push(`${topicId[0]}/${partition}/${cursor.header.baseTimestamp}`);
    return times;
  });
  const expected = arrived.map(({ topicIdBytes, partition }, i) => ({ at: [topicIdBytes[0]!, partition, i] as const }));
  expected.sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1] || a.at[2] - b.at[2]);
  expect(found).toEqual(expected.map(({ at }) => at.join('/')));
});

test('any message under a right checksum is a footer that adds up or a SegmentFormatError', () => {
  const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
  const hostile = fc.record({
    format: fc.constantFrom(0, 1, 2),
    cluster: fc.string({ maxLength: 5 }),
    agentEpoch: number,
    segment: number,
    dataBytes: number,
    extents: fc.array(
      fc.record({
        topicId: fc.uint8Array({ minLength: 14, maxLength: 17 }),
        partition: fc.nat(),
        position: number,
        length: number,
        records: fc.nat(),
        batches: fc.nat(),
        minTimestamp: fc.integer(),
        maxTimestamp: fc.integer(),
        stamped: fc.boolean(),
        producers: fc.constant<ProducerRange[]>([]),
        crc32c: fc.nat(),
      }),
      { maxLength: 3 },
    ),
  });
  const messages = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    hostile.map((message) => SegmentFooter.encode(message).finish()),
  );
  fc.assert(
    fc.property(messages, number, (message, dataBytes) => {
      const bytes = sealed(message);
      try {
        const footer = decodeFooter(bytes, dataBytes + bytes.length);
        expect(footer.extents.reduce((sum, { length }) => sum + length, 0)).toBe(dataBytes);
      } catch (error) {
        expect(error).toBeInstanceOf(SegmentFormatError);
      }
    }),
    { numRuns: 3000 },
  );
});

test('int64 numbers that no double holds are a SegmentFormatError', () => {
  // Field 5, data_bytes, as 2^63 - 1.
  const huge = Uint8Array.of(0x08, 1, 0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f);
  expect(() => decodeFooter(sealed(huge), 1000)).toThrow(SegmentFormatError);
});

test('the largest footer of so many extents and producers stays below its bound', () => {
  for (const [count, producers] of [
    [0, 0],
    [1, 0],
    [1, 1],
    [3, 50],
    [2000, 1],
  ] as const) {
    const extents = Array.from({ length: count }, () => ({
      topicId: topicOf(255),
      partition: 2 ** 32 - 1,
      position: Number.MAX_SAFE_INTEGER,
      length: Number.MAX_SAFE_INTEGER,
      records: 2 ** 32 - 1,
      batches: 2 ** 32 - 1,
      minTimestamp: -Number.MAX_SAFE_INTEGER,
      maxTimestamp: -Number.MAX_SAFE_INTEGER,
      stamped: true,
      producers: Array.from({ length: producers }, () => ({
        producerId: Number.MAX_SAFE_INTEGER,
        epoch: -32768,
        firstSequence: -(2 ** 31),
        lastSequence: -(2 ** 31),
      })),
      crc32c: 2 ** 32 - 1,
    }));
    const most = Number.MAX_SAFE_INTEGER;
    const bytes = encodeFooter({ cluster: 'c'.repeat(255), agentEpoch: most, segment: most, dataBytes: most, extents });
    expect(bytes.length).toBeLessThanOrEqual(footerBytesMax(count, count * producers));
  }
});
