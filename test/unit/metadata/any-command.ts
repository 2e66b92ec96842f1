import fc from 'fast-check';
import type { Command } from '../../../src/metadata/journal.wire.js';
import type { Metadata } from '../../../src/metadata/metadata.js';
import { topicIdText } from '../../../src/metadata/topic-id.js';
import { command, segment, topicId } from './journal-maker.js';

// Few names and few numbers, so that commands meet.
const id = fc.integer({ min: 0, max: 3 });
const bytes = fc.uint8Array({ maxLength: 4 });
const memberId = fc.constantFrom('a', 'b', 'c', 'd');
const group = fc.constantFrom('g', 'h');
const instanceId = fc.constantFrom(undefined, undefined, undefined, 'i', 'j');
const range = { name: 'range', metadata: Uint8Array.of(1) };
const sticky = { name: 'sticky', metadata: Uint8Array.of(2) };
const protocols = fc.constantFrom<(typeof range)[]>([range], [range], [range, sticky], [sticky, range], []);
/** Aimed at the group's present one by `aim`, when below 3. */
const generation = fc.integer({ min: 0, max: 3 });

const createTopic = fc
  .record({ name: fc.constantFrom('a.b', 'a_b', 'c', 'd'), id, partitions: fc.constantFrom(0, 2, 3) })
  .map(({ name, id: number, partitions }) =>
    command('createTopic', {
      name,
      topicId: topicId(number),
      partitions,
      configs: [{ name: 'retention.ms', value: '1' }],
    }),
  );

const batch = fc.record({
  records: fc.integer({ min: 1, max: 3 }),
  timestamp: fc.integer({ min: -5, max: 5 }),
  producer: fc.option(fc.tuple(id, fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 5 })), { nil: undefined }),
});
const partitionOfSegment = fc
  .record({
    topic: id.map(topicId),
    partition: fc.integer({ min: 0, max: 2 }),
    batches: fc.array(batch, { minLength: 1, maxLength: 4 }),
  })
  .map(({ topic, partition, batches }) => ({
    topic,
    partition,
    batches: batches.map(({ producer, ...rest }) => (producer === undefined ? rest : { ...rest, producer })),
  }));
const publishSegment = fc
  .tuple(fc.integer({ min: 0, max: 200 }), fc.array(partitionOfSegment, { maxLength: 4 }))
  .map(([number, partitions]) => segment(number, partitions));

const joinGroup = fc
  .record({
    group,
    memberId,
    knownMember: fc.boolean(),
    instanceId,
    protocols,
    requireKnownMember: fc.constantFrom(true, false, false),
    initialDelayMs: fc.constantFrom(0, 0, 3),
  })
  .map((join) =>
    command('joinGroup', {
      ...join,
      clientId: 'client',
      clientHost: '/host',
      sessionTimeoutMs: 10,
      rebalanceTimeoutMs: 20,
      protocolType: 'consumer',
      groupSizeMax: 3,
    }),
  );

const syncGroup = fc.record({ group, memberId, generation, assignment: bytes }).map(({ assignment, ...sync }) =>
  command('syncGroup', {
    ...sync,
    protocolType: undefined,
    protocolName: undefined,
    assignments: [
      { memberId: 'a', assignment },
      { memberId: sync.memberId, assignment },
    ],
  }),
);

const commitOffsets = fc
  .record({
    group,
    memberId: fc.constantFrom('', 'a', 'b'),
    generation: fc.integer({ min: -1, max: 3 }),
    topic: fc.constantFrom('a.b', 'c', 'd'),
    partition: id,
    metadata: fc.constantFrom('', 'm', 'mm', 'mmm', 'x'.repeat(5000)),
  })
  .chain((commit) => fc.constantFrom(undefined, undefined, -3, 2).map((retentionMs) => ({ ...commit, retentionMs })))
  .map(({ topic, partition, metadata, ...commit }) =>
    command('commitOffsets', { ...commit, offsets: [{ topic, partition, offset: 5, leaderEpoch: 0, metadata }] }),
  );

const configs = fc.constantFrom<{ name: string; value: string }[]>(
  [],
  [{ name: 'retention.ms', value: '2' }],
  [{ name: 'a', value: 'x'.repeat(500) }],
);
/** Aimed at the present one by `aim`, when 0. */
const expectedRevision = fc.constantFrom(0, 0, 0, 0, 1);
const alterTopicConfigs = fc
  .record({ topicId: id.map(topicId), expectedRevision, configs })
  .map((alter) => command('alterTopicConfigs', alter));
const alterResourceConfigs = fc
  .record({
    resourceType: fc.constantFrom(4, 16, 32, 32, 2),
    resourceName: fc.constantFrom('', '1', 'g'),
    expectedRevision,
    configs,
  })
  .map((alter) => command('alterResourceConfigs', alter));
const quotaName = fc.constantFrom(undefined, undefined, {}, { name: 'a' }, { name: '10.0.0.1' });
const alterClientQuotas = fc
  .array(
    fc.record({
      user: quotaName,
      clientId: quotaName,
      ip: fc.constantFrom(undefined, undefined, undefined, { name: '10.0.0.1' }),
      ops: fc.array(
        fc.record({
          key: fc.constantFrom('producer_byte_rate', 'request_percentage', 'connection_creation_rate'),
          value: fc.constantFrom(undefined, 1, 2, 2 ** 40, 0),
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  )
  .map((alterations) => command('alterClientQuotas', { alterations }));
const createPartitions = fc
  .record({ topicId: id.map(topicId), partitions: fc.constantFrom(0, 3, 4, 5, 4097) })
  .map((create) => command('createPartitions', create));

const deleteRecords = fc
  .record({
    topicId: id.map(topicId),
    partitions: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    offset: fc.integer({ min: -2, max: 9 }),
  })
  .map(({ offset, ...topic }) =>
    command('deleteRecords', { topics: [{ ...topic, offsets: topic.partitions.map(() => offset) }] }),
  );
const offsetsOfTopic = fc.record({ topicId: id.map(topicId), partitions: fc.array(id, { maxLength: 3 }) });
const deleteOffsets = fc
  .record({ group, topics: fc.array(offsetsOfTopic, { maxLength: 2 }) })
  .map((value) => command('deleteOffsets', value));
const expireOffsets = fc
  .record({
    nowMs: fc.constantFrom(0, 1_700_000_000_001, 1_800_000_000_000),
    retentionMs: fc.constantFrom(0, 1, 1_000_000),
    groups: fc.array(
      fc.record({
        group,
        generation: fc.constantFrom(0, 0, 1, 2, 3),
        topics: fc.array(offsetsOfTopic, { maxLength: 2 }),
      }),
      { maxLength: 3 },
    ),
  })
  .map((value) => command('expireOffsets', value));

/** Commands that often succeed and often collide. */
export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: createTopic },
  { weight: 1, arbitrary: id.map((number) => command('deleteTopic', { topicId: topicId(number) })) },
  { weight: 1, arbitrary: id.map((count) => command('allocateProducerIds', { count })) },
  { weight: 2, arbitrary: alterTopicConfigs },
  { weight: 3, arbitrary: alterResourceConfigs },
  { weight: 2, arbitrary: createPartitions },
  { weight: 4, arbitrary: alterClientQuotas },
  { weight: 8, arbitrary: publishSegment },
  { weight: 3, arbitrary: deleteRecords },
  { weight: 1, arbitrary: fc.constant(command('skipNumber', {})) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(0, 0, 0, 9_000, 1_000_000)
      .map((metadataBytesMax) => command('setLimits', { metadataBytesMax, producerRowsMax: 6 })),
  },
  { weight: 8, arbitrary: joinGroup },
  { weight: 6, arbitrary: syncGroup },
  {
    weight: 1,
    arbitrary: fc
      .record({ group, members: fc.array(fc.record({ memberId, instanceId }), { maxLength: 2 }) })
      .map((leave) => command('leaveGroup', leave)),
  },
  { weight: 6, arbitrary: commitOffsets },
  { weight: 2, arbitrary: deleteOffsets },
  { weight: 2, arbitrary: expireOffsets },
  {
    weight: 1,
    arbitrary: fc
      .record({ group, generation, memberIds: fc.array(memberId, { maxLength: 2 }) })
      .map((expire) => command('expireMembers', expire)),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ group, joinPhase: fc.integer({ min: 0, max: 3 }) })
      .map((complete) => command('completeJoin', complete)),
  },
  { weight: 1, arbitrary: group.map((groupId) => command('deleteGroup', { group: groupId })) },
);

/**
 * Turns most generations and join phases of a command to the group's present ones, and most revisions to those of the
 * present configs, else nearly all would be stale.
 */
export function aim(given: Command, metadata: Metadata): Command {
  const { kind } = given;
  switch (kind?.$case) {
    case 'syncGroup':
    case 'expireMembers':
    case 'commitOffsets': {
      const present = metadata.group(kind.value.group)?.generation ?? 0;
      const { generation: drawn } = kind.value;
      return {
        kind: { ...kind, value: { ...kind.value, generation: drawn < 0 || drawn > 2 ? drawn : present } },
      } as Command;
    }
    case 'completeJoin': {
      const present = metadata.group(kind.value.group)?.joinPhase ?? 0;
      return command('completeJoin', { ...kind.value, joinPhase: kind.value.joinPhase > 2 ? 1 : present });
    }
    case 'alterTopicConfigs': {
      const present = metadata.topicById(topicIdText(kind.value.topicId)!)?.configsRevision ?? 0;
      return command('alterTopicConfigs', { ...kind.value, expectedRevision: kind.value.expectedRevision || present });
    }
    case 'alterResourceConfigs': {
      const { resourceType, resourceName, expectedRevision: drawn } = kind.value;
      const present = metadata.configsOf(resourceType, resourceName).configsRevision;
      return command('alterResourceConfigs', { ...kind.value, expectedRevision: drawn || present });
    }
    default:
      return given;
  }
}
