import { expect, test } from 'vitest';
import { HotSegments, type SealedSegment, type SegmentPins } from '../../../src/cache/hot-segments.js';
import type { Extent } from '../../../src/metadata/view.js';

const TOPIC = 'AAAAAAAAAAAAAAAAAAAAAQ';

/** Three batches of 10 bytes; the second and third are separated by a refused one. */
function sealed(segment: number, slot = 0, slotGeneration = 1): SealedSegment {
  const memory = Uint8Array.from({ length: 50 }, (_, i) => i);
  const extent = {
    topicId: TOPIC,
    partition: 0,
    baseOffsets: Float64Array.of(100, 105, 106),
    positions: Uint32Array.of(0, 10, 30),
    lengths: Uint32Array.of(10, 10, 10),
    records: Uint32Array.of(5, 1, 4),
  };
  return { lane: 1, agentEpoch: 7, segment, slot, slotGeneration, memory, extents: [extent] };
}

const extent = (segment: number): Extent => ({
  agentEpoch: 7,
  segment,
  segmentBytes: 50,
  position: 0,
  length: 20,
  baseOffset: 100,
  records: 6,
  maxTimestamp: 0,
});
const request = (offset: number, bytesMax = 1000, atLeastOne = true) => ({
  topicId: TOPIC,
  partition: 0,
  offset,
  bytesMax,
  atLeastOne,
});

class CountedPins implements SegmentPins {
  pinned = 0;
  evicted = false;
  tryPin(): boolean {
    if (this.evicted) return false;
    this.pinned += 1;
    return true;
  }
  unpin(): void {
    this.pinned -= 1;
  }
}

function hotSegments(): { hot: HotSegments; pins: CountedPins } {
  const pins = new CountedPins();
  const hot = new HotSegments();
  hot.openLane(1, pins);
  return { hot, pins };
}

test('the batch that contains the offset comes first and neighbours are one slice', () => {
  const { hot, pins } = hotSegments();
  hot.register(sealed(1));
  const reading = hot.read(extent(1), request(103))!;
  expect(reading.slices.map((slice) => [slice[0], slice.length])).toEqual([
    [0, 20],
    [30, 10],
  ]);
  expect(reading.nextOffset).toBe(110);
  expect(pins.pinned).toBe(1);
  reading.release();
  expect(pins.pinned).toBe(0);
});

test('byte limits cut at batches, and the first batch comes whatever its size when asked', () => {
  const { hot } = hotSegments();
  hot.register(sealed(1));
  expect(hot.read(extent(1), request(100, 25))).toMatchObject({ bytes: 20, nextOffset: 106 });
  expect(hot.read(extent(1), request(105, 3))).toMatchObject({ bytes: 10, nextOffset: 106 });
  expect(hot.read(extent(1), request(105, 3, false))).toMatchObject({ bytes: 0, nextOffset: 105 });
});

test('a published segment that is not stamped yet is waited for, an evicted one is not', async () => {
  const { hot, pins } = hotSegments();
  hot.register(sealed(1));
  expect(hot.soon(extent(5)), 'nobody publishes it').toBeUndefined();
  hot.publishing(1, 7, 5);
  hot.publishing(1, 7, 6);
  const soon = hot.soon(extent(5));
  const never = hot.soon(extent(6));
  expect(soon).toBeInstanceOf(Promise);
  hot.register(sealed(5, 1));
  await soon;
  hot.notReadable(1, 7, 6);
  await never;
  expect([5, 6].map((segment) => hot.soon(extent(segment)))).toEqual([undefined, undefined]);
  pins.evicted = true;
  expect(hot.read(extent(1), request(100))).toBeUndefined();
  expect(hot.soon(extent(1))).toBeUndefined();
});

test('a lane whose worker is gone keeps nobody waiting', async () => {
  const { hot } = hotSegments();
  hot.publishing(1, 7, 1);
  const soon = hot.soon(extent(1));
  hot.closeLane(1);
  await soon;
  expect(hot.soon(extent(1))).toBeUndefined();
});
