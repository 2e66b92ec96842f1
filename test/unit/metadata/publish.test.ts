import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Metadata } from '../../../src/metadata/metadata.js';
import type { Published } from '../../../src/metadata/outcomes.js';
import { Snapshot } from '../../../src/metadata/snapshot.wire.js';
import type { Extent } from '../../../src/metadata/view.js';
import type { Batch } from './journal-maker.js';
import { JournalMaker, segment, topicId } from './journal-maker.js';

const TOPIC = topicId(1);

function started(partitions = 1): { journal: JournalMaker; epoch: number; topic: string } {
  const journal = new JournalMaker();
  const epoch = journal.register();
  return { journal, epoch, topic: journal.createTopic(epoch, 'orders', 1, partitions) };
}

function extents(journal: JournalMaker, topic: string, from = 0): Extent[] {
  const found: Extent[] = [];
  journal.metadata.scanExtents(topic, 0, from, (extent) => found.push(extent) > 0);
  return found;
}

test('a run of accepted batches is one extent; a refused one and a repeat cut it and take no offsets', () => {
  const { journal, epoch, topic } = started();
  const batches: Batch[] = [
    { records: 2, producer: [7, 0, 0] },
    { records: 3, timestamp: 5000, producer: [7, 0, 2] },
    { records: 1, producer: [7, 0, 99] },
    { records: 4 },
    { records: 2, producer: [7, 0, 0] },
    { records: 1, producer: [7, 0, 5] },
  ];
  const outcome = journal.send(epoch, segment(1, [{ topic: TOPIC, batches }])) as Published;
  const [columns] = outcome.partitions;
  expect([...columns!.errors]).toEqual([0, 0, 45, 0, 0, 0]);
  expect([...columns!.baseOffsets]).toEqual([0, 2, -1, 5, 0, 9]);
  expect([...columns!.appended]).toEqual([1, 1, 0, 1, 0, 1]);
  expect(extents(journal, topic).map((e) => [e.baseOffset, e.records, e.position, e.length, e.maxTimestamp])).toEqual([
    [0, 5, 0, 200, 5000],
    [5, 4, 300, 100, 1000],
    [9, 1, 500, 100, 1000],
  ]);
  const [partition] = journal.metadata.topicByName('orders')!.partitions;
  expect([partition!.highWatermark, partition!.bytes]).toEqual([10, 400]);
  expect(journal.lastChanges!.advanced.map((p) => [p.topicId, p.partition])).toEqual([[topic, 0]]);
  expect(extents(journal, topic, 6).map((e) => e.baseOffset)).toEqual([5, 9]);
});

test.each<[string, (number: number) => ReturnType<typeof segment>]>([
  ['a segment 0', () => segment(0, [{ topic: TOPIC, batches: [{}] }])],
  ['a batch without records', (n) => segment(n, [{ topic: TOPIC, batches: [{ records: 0 }] }])],
  ['a batch without bytes', (n) => segment(n, [{ topic: TOPIC, batches: [{ length: 0 }] }])],
  ['a batch with too many records', (n) => segment(n, [{ topic: TOPIC, batches: [{ records: 0x8000_0000 }] }])],
  ['no batches', (n) => segment(n, [{ topic: TOPIC, batches: [] }])],
  ['a segment over 4 GiB', (n) => bent(n, { bytes: 0x1_0000_0000 })],
  ['batches beyond the segment', (n) => bent(n, { bytes: 199 })],
  ['columns of different lengths', (n) => bent(n, {}, { records: [1] })],
  ['timestamps missing', (n) => bent(n, {}, { maxTimestamps: [] })],
  ['producers of a part', (n) => bent(n, {}, { producerIds: [1] })],
  ['epochs without ids', (n) => bent(n, {}, { producerEpochs: [1, 1] })],
  ['sequences missing', (n) => bent(n, {}, { producerIds: [1, 1], producerEpochs: [0, 0] })],
])('%s breaks the format: refused as a whole, and the number is still free', (_, make) => {
  const { journal, epoch, topic } = started();
  expect(journal.send(epoch, make(1))).toMatchObject({ kind: 'refused', error: 42 });
  expect(extents(journal, topic)).toEqual([]);
  expect(journal.send(epoch, segment(1, [{ topic: TOPIC, batches: [{}] }])).kind).toBe('published');
});

/** A segment with two batches of 100 bytes, bent. */
function bent(number: number, whole: object, partition: object = {}): ReturnType<typeof segment> {
  const made = segment(number, [{ topic: TOPIC, batches: [{}, {}] }]);
  if (made.kind?.$case === 'publishSegment') {
    Object.assign(made.kind.value, whole);
    Object.assign(made.kind.value.partitions[0]!, partition);
  }
  return made;
}

test('partitions out of order or over one another are refused', () => {
  const { journal, epoch } = started(2);
  const made = segment(1, [
    { topic: TOPIC, batches: [{}] },
    { topic: TOPIC, partition: 1, batches: [{}] },
  ]);
  if (made.kind?.$case === 'publishSegment') {
    made.kind.value.partitions[1]!.position = 99;
  }
  expect(journal.send(epoch, made)).toMatchObject({ kind: 'refused', error: 42 });
});

test('a segment is published once under its epoch, whatever became of its batches', () => {
  const { journal, epoch } = started();
  const first = (number: number) => segment(number, [{ topic: TOPIC, batches: [{}] }]);
  const lost = segment(5000, [{ topic: topicId(9), batches: [{}] }]);
  expect(journal.send(epoch, first(1)).kind).toBe('published');
  expect(journal.send(epoch, first(1), 1)).toMatchObject({ kind: 'refused', error: 42 });
  expect(journal.send(epoch, lost).kind).toBe('published');
  expect(journal.send(epoch, lost)).toMatchObject({ kind: 'refused', error: 42 });
  const next = journal.register('agent', 2);
  expect(journal.send(next, first(1)).kind).toBe('published');
  expect(journal.metadata.topicByName('orders')!.partitions[0]!.highWatermark).toBe(2);
});

test('extents name their segment and its size', () => {
  const { journal, epoch, topic } = started(2);
  journal.send(
    epoch,
    segment(3, [
      { topic: TOPIC, partition: 1, batches: [{}] },
      { topic: TOPIC, partition: 0, batches: [{ length: 40, timestamp: -7 }] },
    ]),
  );
  expect(extents(journal, topic)).toEqual([
    {
      agentEpoch: epoch,
      segment: 3,
      segmentBytes: 640,
      position: 100,
      length: 40,
      baseOffset: 0,
      records: 1,
      maxTimestamp: -7,
    },
  ]);
});

test('extents are found by offset and by timestamp, however many', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ records: fc.integer({ min: 1, max: 4 }), timestamp: fc.integer({ min: -20, max: 20 }) }), {
        minLength: 1,
        maxLength: 40,
      }),
      fc.integer({ min: 1, max: 90 }),
      (some, times) => {
        const { journal, epoch, topic } = started();
        const batches = Array.from({ length: times }, () => some).flat();
        for (const [at, batch] of batches.entries()) {
          journal.send(epoch, segment(at + 1, [{ topic: TOPIC, batches: [batch] }]), 1);
        }
        const all = extents(journal, topic);
        expect(all.map(({ records, maxTimestamp }) => [records, maxTimestamp])).toEqual(
          batches.map(({ records, timestamp }) => [records, timestamp]),
        );
        const end = all.at(-1)!.baseOffset + all.at(-1)!.records;
        for (const offset of [0, 1, Math.floor(end / 2), end - 1, end, end + 5]) {
          const expected = all.find(({ baseOffset, records }) => baseOffset + records > offset);
          expect(extents(journal, topic, offset)[0]).toEqual(expected);
        }
        const { metadata } = journal;
        const least = Math.min(...batches.map(({ timestamp }) => timestamp));
        const most = Math.max(...batches.map(({ timestamp }) => timestamp));
        for (const timestamp of [least - 1, least, least + 1, 0, most, most + 1]) {
          expect(metadata.firstExtentWithTimestamp(topic, 0, timestamp, 0)).toEqual(
            all.find(({ maxTimestamp }) => maxTimestamp >= timestamp),
          );
        }
        expect(metadata.extentWithMaxTimestamp(topic, 0, 0)).toEqual(
          all.find(({ maxTimestamp }) => maxTimestamp === most),
        );
      },
    ),
    { numRuns: 40 },
  );
});

test('an extent holds at most 2^32 - 1 records', () => {
  const { journal, epoch, topic } = started();
  const most = { records: 0x7fff_ffff };
  journal.send(epoch, segment(1, [{ topic: TOPIC, batches: [most, most, most, { records: 1 }] }]));
  expect(extents(journal, topic).map(({ baseOffset, records, length }) => [baseOffset, records, length])).toEqual([
    [0, 0xffff_fffe, 200],
    [0xffff_fffe, 0x8000_0000, 200],
  ]);
});

test('a partition never passes the last offset that a number holds', () => {
  const { journal, epoch } = started();
  const snapshot = Snapshot.decode(journal.metadata.snapshot());
  snapshot.topics[0]!.partitions[0]!.highWatermark = Number.MAX_SAFE_INTEGER - 3;
  const full = new JournalMaker(Metadata.fromSnapshot(Snapshot.encode(snapshot).finish()));
  const batches = [{ records: 2 }, { records: 2 }, { records: 1 }];
  const outcome = full.send(epoch, segment(1, [{ topic: TOPIC, batches }]), 1) as Published;
  expect([...outcome.partitions[0]!.errors]).toEqual([0, 56, 0]);
});

test('an empty, an unknown and a missing partition have no extents', () => {
  const { journal, topic } = started();
  const { metadata } = journal;
  for (const [id, partition] of [
    [topic, 0],
    [topic, 1],
    ['nothing', 0],
  ] as const) {
    expect(metadata.extentWithMaxTimestamp(id, partition, 0)).toBeUndefined();
    expect(metadata.firstExtentWithTimestamp(id, partition, 0, 0)).toBeUndefined();
    metadata.scanExtents(id, partition, 0, () => expect.unreachable());
  }
});
