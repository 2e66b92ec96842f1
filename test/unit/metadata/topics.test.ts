import { describe, expect, test } from 'vitest';
import { Metadata } from '../../../src/metadata/metadata.js';
import type { Outcome, Published } from '../../../src/metadata/outcomes.js';
import { errors } from '../../../src/protocol/errors.js';
import { command, JournalMaker, segment, topicId } from './journal-maker.js';

function started(): { journal: JournalMaker; epoch: number } {
  const journal = new JournalMaker();
  const epoch = journal.register();
  journal.createTopic(epoch, 'a.b', 1);
  return { journal, epoch };
}

const create = (name: string, id: Uint8Array, partitions = 1) =>
  command('createTopic', { name, topicId: id, partitions, configs: [{ name: 'cleanup.policy', value: 'compact' }] });

describe('creating topics', () => {
  test.each<[string, number, string, Uint8Array, number]>([
    ['a name that is there', 36, 'a.b', topicId(2), 1],
    ['a name that differs in . and _ only', 17, 'a_b', topicId(2), 1],
    ['an empty name', 17, '', topicId(2), 1],
    ['the name .', 17, '.', topicId(2), 1],
    ['the name ..', 17, '..', topicId(2), 1],
    ['a name of 250 characters', 17, 'x'.repeat(250), topicId(2), 1],
    ['a name with a space', 17, 'a b', topicId(2), 1],
    ['a name with a line break', 17, 'ab\n', topicId(2), 1],
    ['no partitions', 37, 'c', topicId(2), 0],
    ['too many partitions', 37, 'c', topicId(2), 4097],
    ['a topic id that is there', 42, 'c', topicId(1), 1],
    ['the zero topic id', 42, 'c', new Uint8Array(16), 1],
    ['a short topic id', 42, 'c', new Uint8Array(15).fill(1), 1],
  ])('%s is refused with %i', (_, code, name, id, partitions) => {
    const { journal, epoch } = started();
    expect(journal.send(epoch, create(name, id, partitions))).toMatchObject({ kind: 'refused', error: code });
    expect(journal.lastChanges!.topicsChanged).toBe(false);
    expect([...journal.metadata.topics()].length).toBe(1);
  });

  test.each([
    ['the longest name', 'x'.repeat(249), 1],
    ['every character', 'aZ09._-', 1],
    ['the most partitions', 'c', 4096],
  ])('%s is accepted', (_, name, partitions) => {
    const { journal, epoch } = started();
    const outcome = journal.send(epoch, create(name, topicId(2), partitions));
    expect(outcome.kind).toBe('topic-created');
    expect(journal.lastChanges!.topicsChanged).toBe(true);
    const topic = journal.metadata.topicByName(name)!;
    expect(journal.metadata.topicById(topic.topicId)).toBe(topic);
    expect(topic.partitions.length).toBe(partitions);
    expect([...topic.configs]).toEqual([['cleanup.policy', 'compact']]);
  });
});

describe('deleting topics', () => {
  test('unlinks at once and gives the name free; rows go later, a set number an entry', () => {
    const { journal, epoch } = started();
    const { metadata } = journal;
    const segments = 10_000;
    for (let number = 1; number <= segments; number++) {
      journal.send(epoch, segment(number, [{ topic: topicId(1), batches: [{}] }]), 1);
    }
    expect(metadata.extentCount).toBe(segments);
    const old = metadata.topicByName('a.b')!.topicId;
    const remove = (): Outcome => journal.send(epoch, command('deleteTopic', { topicId: topicId(1) }));
    expect(remove()).toEqual({ kind: 'done' });
    expect(journal.lastChanges!.deletedTopics).toEqual([old]);
    expect(metadata.topicByName('a.b')).toBeUndefined();
    expect(metadata.topicById(old)).toBeUndefined();
    metadata.scanExtents(old, 0, 0, () => expect.unreachable());
    expect(remove()).toMatchObject({ kind: 'refused', error: 100 });
    expect(journal.lastChanges!.deletedTopics).toEqual([]);
    expect(metadata.extentCount).toBe(segments - 2 * 4096);
    expect(journal.send(epoch, create('a.b', topicId(1)))).toMatchObject({ kind: 'refused', error: 42 });
    expect(metadata.extentCount).toBe(0);
    expect(journal.send(epoch, create('a.b', topicId(1)))).toMatchObject({ kind: 'topic-created' });
    expect(metadata.topicByName('a.b')!.partitions[0]!.highWatermark).toBe(0);
  });

  test('a segment that was sealed before is published to no one', () => {
    const { journal, epoch } = started();
    journal.createTopic(epoch, 'c', 2);
    journal.send(epoch, command('deleteTopic', { topicId: topicId(1) }));
    const outcome = journal.send(
      epoch,
      segment(1, [
        { topic: topicId(1), batches: [{}, {}] },
        { topic: topicId(2), batches: [{}] },
        { topic: topicId(2), partition: 1, batches: [{}] },
      ]),
    );
    expect(outcome).toMatchObject({
      partitions: [{ errors: Int16Array.of(3, 3) }, { errors: Int16Array.of(0) }, { errors: Int16Array.of(3) }],
    });
    expect(journal.metadata.extentCount).toBe(1);
  });
});

describe('budgets', () => {
  function full(): { journal: JournalMaker; epoch: number } {
    const made = started();
    made.journal.send(
      made.epoch,
      command('commitOffsets', {
        group: 'g',
        generation: -1,
        memberId: '',
        offsets: [{ topic: 'a.b', partition: 0, offset: 1, leaderEpoch: 0, metadata: '' }],
      }),
    );
    made.journal.bare(
      command('setLimits', {
        metadataBytesMax: Math.floor(0.6 * made.journal.metadata.bytes),
        producerRowsMax: 0,
      }),
    );
    return made;
  }

  test('growth is refused retriably when the metadata is full, and accepted again when it is not', () => {
    const { journal, epoch } = full();
    const join = command('joinGroup', {
      group: 'g',
      memberId: 'm',
      knownMember: false,
      clientId: '',
      clientHost: '',
      sessionTimeoutMs: 1,
      rebalanceTimeoutMs: 1,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: new Uint8Array(0) }],
      requireKnownMember: false,
      initialDelayMs: 0,
      groupSizeMax: 1,
    });
    const commit = (group: string) =>
      command('commitOffsets', {
        group,
        generation: -1,
        memberId: '',
        offsets: [{ topic: 'a.b', partition: 0, offset: 2, leaderEpoch: 0, metadata: '' }],
      });
    expect(journal.send(epoch, create('new', topicId(2)))).toMatchObject({ kind: 'refused', error: 7 });
    expect(journal.send(epoch, segment(1, [{ topic: topicId(1), batches: [{}, {}] }]))).toMatchObject({
      kind: 'published',
      partitions: [{ errors: Int16Array.of(56, 56), baseOffsets: Float64Array.of(-1, -1) }],
    });
    expect(journal.send(epoch, join)).toMatchObject({ kind: 'refused', error: 14 });
    expect(journal.send(epoch, commit('other'))).toEqual({ kind: 'offsets-committed', errors: [14] });
    expect(journal.send(epoch, commit('g'))).toEqual({ kind: 'offsets-committed', errors: [0] });
    expect(journal.metadata.group('other')).toBeUndefined();
    journal.bare(command('setLimits', { metadataBytesMax: 1_000_000, producerRowsMax: 0 }));
    expect(journal.send(epoch, create('new', topicId(2))).kind).toBe('topic-created');
    expect(journal.send(epoch, segment(2, [{ topic: topicId(1), batches: [{}] }]))).toMatchObject({
      partitions: [{ errors: Int16Array.of(0), baseOffsets: Float64Array.of(0) }],
    });
    expect(journal.send(epoch, join).kind).toBe('joined');
  });

  test('a producer whose first batch found no room has no later one accepted before it, whatever goes meanwhile', () => {
    const { journal, epoch } = started();
    for (let id = 2; id <= 40; id++) {
      journal.createTopic(epoch, `t${id}`, id);
    }
    let segments = 0;
    let number = 0;
    const publish = (metadata: Metadata, sequence: number, confirmed: number) => {
      const partitions = [{ topic: topicId(1), batches: [{ producer: [7, 0, sequence] as const }] }];
      const entry = {
        ...journal.entries[0]!,
        revision: metadata.revision + 1,
        commands: [
          { agentEpoch: epoch, stream: 1, number: ++number, confirmed, command: segment(++segments, partitions) },
        ],
      };
      return (metadata.apply(entry).outcomes[0] as Published).partitions[0]!.errors[0];
    };
    const { metadata } = journal;
    journal.bare(command('setLimits', { metadataBytesMax: metadata.bytes, producerRowsMax: 0 }));
    expect(publish(metadata, 0, 0)).toBe(errors.KAFKA_STORAGE_ERROR.code);
    // What the outcomes of refused segments take is gone again once they are confirmed; so is an offset, or a topic.
    for (const id of [2, 3]) journal.send(epoch, command('deleteTopic', { topicId: topicId(id) }));
    const restored = Metadata.fromSnapshot(metadata.snapshot());
    expect(metadata.bytes).toBeLessThan(metadata.bytesMax);
    expect(publish(restored, 1, 1)).toBe(errors.KAFKA_STORAGE_ERROR.code);
    number = 1;
    expect(publish(metadata, 1, 1)).toBe(errors.KAFKA_STORAGE_ERROR.code);
    for (let id = 4; metadata.bytes >= (metadata.bytesMax * 15) / 16; id++) {
      journal.send(epoch, command('deleteTopic', { topicId: topicId(id) }));
    }
    expect(publish(metadata, 0, 2)).toBe(errors.NONE.code);
    expect(publish(metadata, 1, 3)).toBe(errors.NONE.code);
  });

  test('an extent takes at most 100 bytes, its share of the segment included', () => {
    const journal = new JournalMaker();
    const epoch = journal.register();
    journal.createTopic(epoch, 'wide', 1, 64);
    const before = journal.metadata.bytes;
    const partitions = Array.from({ length: 64 }, (_, partition) => ({
      topic: topicId(1),
      partition,
      batches: [{}],
    }));
    const count = 1_000_000 / 64;
    for (let number = 1; number <= count; number++) {
      journal.send(epoch, segment(number, partitions), 1);
    }
    expect(journal.metadata.extentCount).toBe(1_000_000);
    expect((journal.metadata.bytes - before) / 1_000_000).toBeLessThan(100);
  });

  test('so does the only extent of a segment', () => {
    const { journal, epoch } = started();
    const before = journal.metadata.bytes;
    for (let number = 1; number <= 20_000; number++) {
      journal.send(epoch, segment(number, [{ topic: topicId(1), batches: [{}] }]), 1);
    }
    expect((journal.metadata.bytes - before) / 20_000).toBeLessThan(100);
  });
});
