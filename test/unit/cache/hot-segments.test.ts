import { expect, test } from 'vitest';
import { HotSegments, MemoryReading, type SealedSegment, type SegmentPins } from '../../../src/cache/hot-segments.js';
import type { Extent } from '../../../src/metadata/view.js';

const TOPIC = 'AAAAAAAAAAAAAAAAAAAAAQ';

/** Batches of 10 bytes: one of another partition, two neighbours, and a third behind a refused one. */
function sealed(segment: number, slot = 0, slotGeneration = 1): SealedSegment {
  const memory = Uint8Array.from({ length: 60 }, (_, i) => i);
  const batches = {
    baseOffsets: Float64Array.of(7, 100, 105, 106),
    positions: Uint32Array.of(0, 10, 20, 40),
    lengths: Uint32Array.of(10, 10, 10, 10),
  };
  return { lane: 1, agentEpoch: 7, segment, slot, slotGeneration, memory, batches };
}

const extent = (segment: number, part: 'first' | 'second' = 'first'): Extent => ({
  agentEpoch: 7,
  segment,
  segmentBytes: 60,
  ...(part === 'first'
    ? { position: 10, length: 20, baseOffset: 100, records: 6 }
    : { position: 40, length: 10, baseOffset: 106, records: 4 }),
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
  const reading = new MemoryReading(103);
  expect(hot.readOn(extent(1), request(103), reading)).toBe(true);
  expect(reading.nextOffset).toBe(106);
  expect(hot.readOn(extent(1, 'second'), request(103), reading)).toBe(true);
  expect(reading.slices.map((slice) => [slice[0], slice.length])).toEqual([
    [10, 20],
    [40, 10],
  ]);
  expect(reading).toMatchObject({ bytes: 30, nextOffset: 110 });
  expect(pins.pinned).toBe(2);
  reading.release();
  expect(pins.pinned).toBe(0);
});

test('byte limits cut at batches, and the first batch comes whatever its size when asked', () => {
  const { hot } = hotSegments();
  hot.register(sealed(1));
  const read = (offset: number, bytesMax: number, atLeastOne = true): MemoryReading => {
    const reading = new MemoryReading(offset);
    hot.readOn(extent(1), request(offset, bytesMax, atLeastOne), reading);
    return reading;
  };
  expect(read(100, 25)).toMatchObject({ bytes: 20, nextOffset: 106 });
  expect(read(100, 15)).toMatchObject({ bytes: 10, nextOffset: 105 });
  expect(read(105, 3)).toMatchObject({ bytes: 10, nextOffset: 106 });
  expect(read(105, 3, false)).toMatchObject({ bytes: 0, nextOffset: 105, slices: [] });
});

test('batches that were not visible when the segment became readable are not in memory', () => {
  const { hot, pins } = hotSegments();
  hot.register(sealed(1));
  const unknown = { ...extent(1), position: 30, length: 10, baseOffset: 106, records: 1 };
  const reading = new MemoryReading(106);
  expect(hot.readOn(unknown, request(106), reading)).toBe(false);
  expect(reading.isEmpty).toBe(true);
  expect(pins.pinned).toBe(0);
});

test('a place that is given to another segment forgets the former one', () => {
  const { hot } = hotSegments();
  hot.register(sealed(1));
  hot.register(sealed(2, 0, 2));
  expect(hot.readOn(extent(1), request(100), new MemoryReading(100))).toBe(false);
  expect(hot.readOn(extent(2), request(100), new MemoryReading(100))).toBe(true);
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
  expect(hot.readOn(extent(1), request(100), new MemoryReading(100))).toBe(false);
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
