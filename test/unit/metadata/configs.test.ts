import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../src/metadata/outcomes.js';
import { command, JournalMaker, topicId } from './journal-maker.js';

type Entries = readonly (readonly [string, string])[];

const entries = (configs: Entries) => configs.map(([name, value]) => ({ name, value }));

function started() {
  const journal = new JournalMaker();
  const epoch = journal.register();
  const id = journal.createTopic(epoch, 't', 1);
  const alterTopic = (expectedRevision: number, configs: Entries): Outcome =>
    journal.send(
      epoch,
      command('alterTopicConfigs', { topicId: topicId(1), expectedRevision, configs: entries(configs) }),
    );
  const alterResource = (resourceType: number, resourceName: string, expectedRevision: number, configs: Entries) =>
    journal.send(
      epoch,
      command('alterResourceConfigs', { resourceType, resourceName, expectedRevision, configs: entries(configs) }),
    );
  return { journal, epoch, topic: () => journal.metadata.topicById(id)!, alterTopic, alterResource };
}

const SUPERSEDED: Outcome = { kind: 'superseded' };
const DONE: Outcome = { kind: 'done' };

describe('configs of a topic', () => {
  test('a change made from what another has changed is superseded, so neither is lost', () => {
    const { journal, topic, alterTopic } = started();
    const before = topic().configs;
    expect(alterTopic(0, [['a', '1']])).toEqual(DONE);
    expect(journal.lastChanges!.topicsChanged).toBe(true);
    expect(topic().configs).not.toBe(before);
    const { configsRevision } = topic();
    expect(configsRevision).toBe(journal.metadata.revision);
    expect(alterTopic(0, [['b', '2']])).toEqual(SUPERSEDED);
    expect(journal.lastChanges!.topicsChanged).toBe(false);
    expect([...topic().configs]).toEqual([['a', '1']]);
    expect(
      alterTopic(configsRevision, [
        ['a', '1'],
        ['b', '2'],
      ]),
    ).toEqual(DONE);
    expect([...topic().configs]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  test('a topic that is gone is unknown; too many configs and a full metadata are refused', () => {
    const { journal, epoch, topic, alterTopic } = started();
    const many = Array.from({ length: 257 }, (_, at) => [`${at}`, 'x'] as const);
    expect(alterTopic(0, many)).toMatchObject({ kind: 'refused', error: 42 });
    expect(alterTopic(0, many.slice(1))).toEqual(DONE);
    journal.bare(command('setLimits', { metadataBytesMax: 1, producerRowsMax: 0 }));
    expect(alterTopic(topic().configsRevision, many)).toMatchObject({ kind: 'refused', error: 42 });
    expect(alterTopic(topic().configsRevision, [...many.slice(2), ['longer name', 'x']])).toMatchObject({ error: 7 });
    expect(alterTopic(topic().configsRevision, []), 'shrinking needs no room').toEqual(DONE);
    journal.send(epoch, command('deleteTopic', { topicId: topicId(1) }));
    expect(alterTopic(0, [])).toMatchObject({ kind: 'refused', error: 3 });
  });
});

describe('configs of brokers, groups and client metrics', () => {
  test('are kept by type and name, and gone when the last one is', () => {
    const { journal, alterResource } = started();
    const { metadata } = journal;
    const { bytes } = metadata;
    expect(alterResource(32, 'g', 0, [['consumer.session.timeout.ms', '50000']])).toEqual(DONE);
    expect(journal.lastChanges!.resourceConfigsChanged).toBe(true);
    expect(alterResource(4, '', 0, [['message.max.bytes', '5']])).toEqual(DONE);
    expect(alterResource(4, '0', 0, [['message.max.bytes', '6']])).toEqual(DONE);
    expect([...metadata.groupConfigs('g')]).toEqual([['consumer.session.timeout.ms', '50000']]);
    expect(metadata.groupConfigs('h').size).toBe(0);
    expect([...metadata.brokerConfigs('').configs]).toEqual([['message.max.bytes', '5']]);
    expect([...metadata.brokerConfigs(0).configs]).toEqual([['message.max.bytes', '6']]);
    expect([...metadata.resourcesWithConfigs(4)]).toEqual(['', '0']);
    expect(alterResource(4, '', 0, [])).toEqual(SUPERSEDED);
    expect(journal.lastChanges!.resourceConfigsChanged).toBe(false);
    for (const [type, name] of [
      [4, ''],
      [4, '0'],
      [32, 'g'],
    ] as const) {
      expect(alterResource(type, name, metadata.configsOf(type, name).configsRevision, [])).toEqual(DONE);
    }
    expect([...metadata.resourcesWithConfigs(4), ...metadata.resourcesWithConfigs(32)]).toEqual([]);
    expect(metadata.bytes).toBe(bytes);
  });

  test.each([0, 2, 8, 33])('resource type %i has none here', (type) => {
    const { alterResource } = started();
    expect(alterResource(type, 'x', 0, [['a', 'b']])).toMatchObject({ kind: 'refused', error: 42 });
  });
});

describe('creating partitions', () => {
  const create = (partitions: number) => command('createPartitions', { topicId: topicId(1), partitions });

  test('the new ones are there at once, behind the old ones', () => {
    const { journal, epoch, topic } = started();
    const [first] = topic().partitions;
    expect(journal.send(epoch, create(4096))).toEqual(DONE);
    expect(journal.lastChanges!.topicsChanged).toBe(true);
    expect(topic().partitions.length).toBe(4096);
    expect(topic().partitions[0]).toBe(first);
    expect(topic().partitions[4095]).toMatchObject({ highWatermark: 0, partition: 4095 });
  });

  test.each([
    ['as many as there are', 1, 37],
    ['fewer', 0, 37],
    ['more than a topic may have', 4097, 37],
  ])('%s is refused', (_, partitions, error) => {
    const { journal, epoch, topic } = started();
    expect(journal.send(epoch, create(partitions))).toMatchObject({ kind: 'refused', error });
    expect(journal.lastChanges!.topicsChanged).toBe(false);
    expect(topic().partitions.length).toBe(1);
  });

  test('of a topic that is gone, or into a full metadata, none', () => {
    const { journal, epoch } = started();
    journal.bare(command('setLimits', { metadataBytesMax: 1, producerRowsMax: 0 }));
    expect(journal.send(epoch, create(2))).toMatchObject({ kind: 'refused', error: 7 });
    journal.send(epoch, command('deleteTopic', { topicId: topicId(1) }));
    expect(journal.send(epoch, create(2))).toMatchObject({ kind: 'refused', error: 3 });
  });
});
