import fc from 'fast-check';
import { expect, test } from 'vitest';
import { uuidFromBytes } from '../../../src/bytes/uuid.js';
import { decodeFooter, encodeFooter, footerBytesMax, SegmentFormatError } from '../../../src/segments/footer.js';
import { planSegment } from '../../../src/segments/plan.js';

const topic = (last: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? last : 9));

test('batches lie together by topic and partition, in the order in which they came, without gaps', () => {
  const batch = fc.record({ topic: fc.nat(3), partition: fc.nat(3), bytes: fc.integer({ min: 61, max: 500 }) });
  fc.assert(
    fc.property(fc.array(batch), (given) => {
      const batches = given.map((one, order) => ({
        ...one,
        order,
        topicIdBytes: topic(one.topic),
        topicId: uuidFromBytes(topic(one.topic)),
      }));
      const plan = planSegment(batches);
      let position = 0;
      let last = -1;
      for (const extent of plan.extents) {
        expect(extent.position).toBe(position);
        expect(extent.length).toBe(extent.batches.reduce((sum, { bytes }) => sum + bytes, 0));
        position += extent.length;
        const rank = extent.topicIdBytes[15]! * 10 + extent.partition;
        expect(rank).toBeGreaterThan(last);
        last = rank;
        const orders = extent.batches.map(({ order }) => order);
        expect(orders).toEqual([...orders].sort((a, b) => a - b));
      }
      expect(plan.dataBytes).toBe(position);
      expect(plan.extents.flatMap(({ batches: laid }) => laid).length).toBe(batches.length);
    }),
  );
});

const footer = {
  cluster: 'weft',
  agentEpoch: 3,
  segment: 12,
  dataBytes: 300,
  extents: [0, 1].map((i) => ({
    topicId: topic(1),
    partition: i,
    position: i * 100,
    length: 100 + i * 100,
    records: 4,
    batches: 2,
    minTimestamp: -1,
    maxTimestamp: 2 ** 52,
    stamped: false,
    producers: [{ producerId: 5, epoch: 1, firstSequence: 0, lastSequence: 3 }],
    crc32c: 77,
  })),
};

test('a footer is read back, within the promised size', () => {
  const bytes = encodeFooter(footer);
  expect(bytes.length).toBeLessThanOrEqual(footerBytesMax(2, 2));
  expect(decodeFooter(bytes, 300 + bytes.length)).toEqual({ ...footer, format: 1 });
});

test('any damaged byte, cut or other size is a SegmentFormatError', () => {
  const bytes = encodeFooter(footer);
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = bytes.slice();
    damaged[at]! ^= 0x40;
    expect(() => decodeFooter(damaged, 300 + bytes.length), `${at}`).toThrow(SegmentFormatError);
    expect(() => decodeFooter(bytes.subarray(0, at), 300 + bytes.length)).toThrow(SegmentFormatError);
  }
  expect(() => decodeFooter(bytes, 301 + bytes.length)).toThrow(SegmentFormatError);
});
