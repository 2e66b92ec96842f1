import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Command } from '../../../src/metadata/journal.wire.js';
import { Metadata } from '../../../src/metadata/metadata.js';
import type { Outcome, Published } from '../../../src/metadata/outcomes.js';
import { Snapshot } from '../../../src/metadata/snapshot.wire.js';
import { SnapshotRefused } from '../../../src/metadata/snapshot-format.js';
import type { Extent } from '../../../src/metadata/view.js';
import { command, JournalMaker, segment, topicId } from './journal-maker.js';

const TOPIC = topicId(1);
const ROWS_PER_ENTRY = 4_096;

/** `[partition, offset]` each; -1 is the high watermark. */
function deletion(...rows: readonly (readonly [partition: number, offset: number])[]): Command {
  const topic = { topicId: TOPIC, partitions: rows.map(([index]) => index), offsets: rows.map(([, offset]) => offset) };
  return command('deleteRecords', { topics: [topic], defaultPolicy: '' });
}

function started(partitions = 1, configs: { name: string; value: string }[] = [], name = 'orders') {
  const journal = new JournalMaker();
  const epoch = journal.register();
  journal.send(epoch, command('createTopic', { name, topicId: TOPIC, partitions, configs }));
  const topic = journal.metadata.topicByName(name)!;
  return { journal, epoch, topic };
}

function extents(metadata: Metadata, topic: string, partition = 0): Extent[] {
  const found: Extent[] = [];
  metadata.scanExtents(topic, partition, 0, (extent) => found.push(extent) > 0);
  return found;
}

/** `count` extents of one record in each of the partitions, each in a segment of its own. */
function fill(journal: JournalMaker, epoch: number, count: number, partitions = 1): void {
  for (let number = 1; number <= count; number++) {
    const rows = Array.from({ length: partitions }, (_, partition) => ({ topic: TOPIC, partition, batches: [{}] }));
    journal.send(epoch, segment(number, rows), 1);
  }
}

const answered = (errors: number[], lowWatermarks: number[]): Outcome => ({
  kind: 'records-deleted',
  errors,
  lowWatermarks,
});

test('each partition is judged by itself, a log start never goes down, and only whole extents go', () => {
  const { journal, epoch, topic } = started(2);
  const batches = [{ records: 3 }, { records: 4 }];
  journal.send(epoch, segment(1, [{ topic: TOPIC, batches }]), 1);
  journal.send(epoch, segment(2, [{ topic: TOPIC, batches: [{ records: 2 }] }]), 1);
  const [first] = topic.partitions;
  expect(journal.send(epoch, deletion([0, 5], [1, 0], [1, 1], [2, 0]))).toEqual(answered([0, 0, 1, 3], [5, 0, -1, -1]));
  expect([first!.logStartOffset, first!.highWatermark, first!.bytes]).toEqual([5, 9, 300]);
  expect(journal.send(epoch, deletion([0, 4], [0, 0]))).toEqual(answered([0, 0], [5, 5]));
  expect(journal.send(epoch, deletion([0, 10], [0, -2]))).toEqual(answered([1, 1], [-1, -1]));
  expect(first!.logStartOffset).toBe(5);
  expect(journal.send(epoch, deletion([0, 7]))).toEqual(answered([0], [7]));
  expect(extents(journal.metadata, topic.topicId).map(({ baseOffset }) => baseOffset)).toEqual([7]);
  expect([first!.bytes, journal.metadata.extentCount]).toEqual([100, 1]);
  expect(journal.send(epoch, deletion([0, -1]))).toEqual(answered([0], [9]));
  expect([first!.logStartOffset, first!.highWatermark, first!.bytes, journal.metadata.extentCount]).toEqual([
    9, 9, 0, 0,
  ]);
  journal.send(epoch, segment(3, [{ topic: TOPIC, batches: [{ records: 2 }] }]), 1);
  expect(extents(journal.metadata, topic.topicId).map(({ baseOffset, records }) => [baseOffset, records])).toEqual([
    [9, 2],
  ]);
});

test.each<[policy: string | undefined, brokers: string, error: number]>([
  [undefined, '', 0],
  [undefined, 'delete', 0],
  [undefined, 'compact', 44],
  [undefined, 'compact,delete', 0],
  ['delete', 'compact', 0],
  ['compact', 'delete', 44],
])('a topic with policy %s where brokers have "%s": %i', (policy, defaultPolicy, error) => {
  const { journal, epoch } = started(1, policy === undefined ? [] : [{ name: 'cleanup.policy', value: policy }]);
  fill(journal, epoch, 1);
  const topics = [{ topicId: TOPIC, partitions: [0], offsets: [1] }];
  expect(journal.send(epoch, command('deleteRecords', { topics, defaultPolicy }))).toEqual(
    answered([error], [error === 0 ? 1 : -1]),
  );
});

test('a policy, which may be a long text, is read once for all partitions of a topic', () => {
  const { journal, epoch, topic } = started(100);
  const read = vi.fn(() => 'delete');
  Object.assign(topic, { configs: { get: read } });
  const rows = Array.from({ length: 100 }, (_, partition) => [partition, 0] as const);
  expect(journal.send(epoch, deletion(...rows))).toMatchObject({ errors: rows.map(() => 0) });
  expect(read).toHaveBeenCalledTimes(1);
});

test.each<[string, string, { name: string; value: string }[], number]>([
  ['an internal topic', '__consumer_offsets', [], 17],
  ['a compacted topic', 'orders', [{ name: 'cleanup.policy', value: 'compact' }], 44],
  ['a topic that is compacted and deleted', 'orders', [{ name: 'cleanup.policy', value: 'compact, delete' }], 0],
])('%s', (_label, name, configs, error) => {
  const { journal, epoch } = started(1, configs, name);
  fill(journal, epoch, 1);
  expect(journal.send(epoch, deletion([0, 1]))).toEqual(answered([error], [error === 0 ? 1 : -1]));
  expect(journal.send(epoch, deletion([0, 99]))).toEqual(answered([error === 0 ? 1 : error], [-1]));
});

test('an unknown topic is an error of its partitions; a command out of shape is refused as a whole', () => {
  const { journal, epoch, topic } = started(1);
  fill(journal, epoch, 1);
  const unknown = { topicId: topicId(9), partitions: [0, 1], offsets: [0, 0] };
  const known = { topicId: TOPIC, partitions: [0], offsets: [1] };
  const send = (topics: (typeof known)[]) =>
    journal.send(epoch, command('deleteRecords', { topics, defaultPolicy: '' }));
  expect(send([unknown, { ...known, topicId: new Uint8Array(3) }])).toEqual(answered([3, 3, 3], [-1, -1, -1]));
  expect(send([known, { ...known, offsets: [] }])).toMatchObject({ kind: 'refused', error: 42 });
  const many = new Array<number>(ROWS_PER_ENTRY).fill(0);
  expect(send([known, { ...known, partitions: many, offsets: many }])).toMatchObject({ kind: 'refused', error: 42 });
  expect(topic.partitions[0]!.logStartOffset).toBe(0);
  expect(send([{ ...known, partitions: many, offsets: many }]).kind).toBe('records-deleted');
});

test('a producer’s repeat of a deleted batch gets the original’s offset, and the next sequence is taken', () => {
  const { journal, epoch } = started();
  const produce = (number: number, sequence: number) =>
    journal.send(
      epoch,
      segment(number, [{ topic: TOPIC, batches: [{ records: 2, producer: [7, 0, sequence] }] }]),
      1,
    ) as Published;
  produce(1, 0);
  journal.send(epoch, deletion([0, -1]));
  const repeat = produce(2, 0).partitions[0]!;
  expect([repeat.errors[0], repeat.baseOffsets[0], repeat.appended[0], repeat.logStartOffset]).toEqual([0, 0, 0, 2]);
  expect(produce(3, 2).partitions[0]!.baseOffsets[0]).toBe(2);
});

describe('extents below the log start go in slices', () => {
  const left = (metadata: Metadata, topic: string, partition: number) => extents(metadata, topic, partition).length;

  test('of 4,096 an entry, partition by partition in the order of deletion; a segment goes with its last extent', () => {
    const { journal, epoch, topic } = started(3);
    fill(journal, epoch, 3_000, 3);
    const before = journal.metadata.bytes;
    const outcome = journal.send(epoch, deletion([2, -1], [0, -1], [1, 2_999]));
    expect(outcome).toEqual(answered([0, 0, 0], [3_000, 3_000, 2_999]));
    const counts = () => [0, 1, 2].map((partition) => left(journal.metadata, topic.topicId, partition));
    expect(counts()).toEqual([3_000 - 1_096, 3_000, 0]);
    expect(Snapshot.decode(journal.metadata.snapshot()).segments!.numbers).toHaveLength(3_000);
    journal.send(epoch, command('skipNumber', {}));
    expect(counts()).toEqual([0, 3_000 - 2_192, 0]);
    journal.send(epoch, command('skipNumber', {}));
    expect(counts()).toEqual([0, 1, 0]);
    expect(Snapshot.decode(journal.metadata.snapshot()).segments!.numbers).toEqual([3_000]);
    expect(journal.metadata.extentCount).toBe(1);
    expect(before - journal.metadata.bytes).toBeGreaterThanOrEqual(8_999 * 40 + 2_999 * 32);
  });

  test('a replica that loads a snapshot midway goes on as the others do', () => {
    const { journal, epoch, topic } = started(2);
    fill(journal, epoch, 5_000, 2);
    journal.send(epoch, deletion([1, 4_999], [0, -1]));
    const restored = Metadata.fromSnapshot(journal.metadata.snapshot());
    expect(left(restored, topic.topicId, 1)).toBe(904);
    const since = journal.entries.length;
    for (let n = 0; n < 3; n++) journal.send(epoch, command('skipNumber', {}));
    for (const entry of journal.entries.slice(since)) restored.apply(entry);
    expect(left(restored, topic.topicId, 1)).toBe(1);
    expect(left(restored, topic.topicId, 0)).toBe(0);
    expect(restored.digest).toBe(journal.metadata.digest);
    expect(Buffer.compare(restored.snapshot(), journal.metadata.snapshot())).toBe(0);
  });

  test('a topic deleted midway takes the rest along, and gives every byte back', () => {
    const bare = started(2);
    const { journal, epoch } = started(2);
    fill(journal, epoch, 5_000, 2);
    journal.send(epoch, deletion([0, -1], [1, 10]));
    for (const each of [bare, { journal, epoch }]) {
      each.journal.send(each.epoch, command('deleteTopic', { topicId: TOPIC }));
      for (let n = 0; n < 4; n++) each.journal.send(each.epoch, command('skipNumber', {}));
      each.journal.bare(command('closeAgentEpoch', { agentEpoch: each.epoch }));
    }
    expect(journal.metadata.extentCount).toBe(0);
    expect(journal.metadata.bytes).toBe(bare.journal.metadata.bytes);
  });

  test('deleted topics and deleted records share an entry’s rows', () => {
    const { journal, epoch, topic } = started();
    journal.createTopic(epoch, 'other', 2);
    for (let number = 1; number <= 4_500; number++) {
      const rows = [TOPIC, topicId(2)].map((id) => ({ topic: id, batches: [{}] }));
      journal.send(epoch, segment(number, rows), 1);
    }
    journal.entry([
      { agentEpoch: epoch, stream: 2, number: 1, confirmed: 0, command: deletion([0, -1]) },
      {
        agentEpoch: epoch,
        stream: 3,
        number: 1,
        confirmed: 0,
        command: command('deleteTopic', { topicId: topicId(2) }),
      },
    ]);
    expect(journal.metadata.extentCount).toBe(9_000 - ROWS_PER_ENTRY);
    expect(left(journal.metadata, topic.topicId, 0)).toBe(4_500);
    journal.send(epoch, command('skipNumber', {}));
    // 404 extents and the topic itself, then 3,691 extents.
    expect(left(journal.metadata, topic.topicId, 0)).toBe(4_500 - 3_691);
  });

  test('a snapshot whose queue is not what its partitions say is refused', () => {
    const { journal, epoch } = started(2);
    fill(journal, epoch, 5_000);
    journal.send(epoch, deletion([0, -1]));
    const snapshot = Snapshot.decode(journal.metadata.snapshot());
    expect(snapshot.trimming).toEqual([0]);
    for (const trimming of [[], [1], [0, 0], [0, 1], [2]]) {
      const bytes = Snapshot.encode({ ...snapshot, trimming }).finish();
      expect(() => Metadata.fromSnapshot(bytes), `${trimming}`).toThrow(SnapshotRefused);
    }
  });
});

test('whatever is produced and deleted, readers find the extents of a plain list', () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.array(
        fc.record({ records: fc.integer({ min: 1, max: 3 }), timestamp: fc.integer({ min: 0, max: 20 }) }),
        { minLength: 1, maxLength: 60 },
      ),
    },
    { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 30, size: 'max' }), (steps) => {
      const { journal, epoch, topic } = started();
      const [partition] = topic.partitions;
      let model: { baseOffset: number; records: number; maxTimestamp: number }[] = [];
      let number = 0;
      for (const taken of steps) {
        if (typeof taken === 'number') {
          const offset = Math.round(taken * partition!.highWatermark);
          journal.send(epoch, deletion([0, offset]));
          model = model.filter(({ baseOffset, records }) => baseOffset + records > partition!.logStartOffset);
        } else {
          for (const batch of taken) {
            model.push({ baseOffset: partition!.highWatermark, records: batch.records, maxTimestamp: batch.timestamp });
            journal.send(epoch, segment(++number, [{ topic: TOPIC, batches: [batch] }]), 1);
          }
        }
        const { metadata } = journal;
        expect(extents(metadata, topic.topicId)).toMatchObject(model);
        expect(metadata.extentCount).toBe(model.length);
        const { logStartOffset, highWatermark } = partition!;
        for (const from of [logStartOffset, Math.floor((logStartOffset + highWatermark) / 2), highWatermark]) {
          const rest = model.filter(({ baseOffset, records }) => baseOffset + records > from);
          for (const timestamp of [0, 10, 20, 21]) {
            const found = metadata.firstExtentWithTimestamp(topic.topicId, 0, timestamp, from)?.baseOffset;
            expect(found).toBe(rest.find(({ maxTimestamp }) => maxTimestamp >= timestamp)?.baseOffset);
          }
          const most = Math.max(...rest.map(({ maxTimestamp }) => maxTimestamp));
          const greatest = metadata.extentWithMaxTimestamp(topic.topicId, 0, from)?.baseOffset;
          expect(greatest).toBe(rest.find(({ maxTimestamp }) => maxTimestamp === most)?.baseOffset);
        }
      }
      const restored = Metadata.fromSnapshot(journal.metadata.snapshot());
      expect(extents(restored, topic.topicId)).toEqual(extents(journal.metadata, topic.topicId));
    }),
    { numRuns: 60 },
  );
});
