import { expect, test } from 'vitest';
import type { Published } from '../../../src/metadata/outcomes.js';
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
