import fc from 'fast-check';
import type { ConsumerMember } from '../../../src/metadata/consumer-groups/member.js';
import { targetRows, withoutEpochs } from '../../../src/metadata/consumer-groups/partitions.js';
import type { Command, TopicPartitions } from '../../../src/metadata/journal.wire.js';
import type { Metadata } from '../../../src/metadata/metadata.js';
import { topicIdText } from '../../../src/metadata/topic-id.js';
import { consumerAssignment, consumerSubscription, encodeVersioned } from '../../../src/protocol/consumer-protocol.js';
import type { Slices } from '../../../src/protocol/writer.js';
import { command, segment, topicId } from './journal-maker.js';

// Few names and few numbers, so that commands meet.
const id = fc.integer({ min: 0, max: 3 });
const bytes = fc.uint8Array({ maxLength: 4 });
const memberId = fc.constantFrom('a', 'b', 'c', 'd');
const group = fc.constantFrom('g', 'h');
const instanceId = fc.constantFrom(undefined, undefined, undefined, 'i', 'j');
const range = { name: 'range', metadata: Uint8Array.of(1) };
const sticky = { name: 'sticky', metadata: Uint8Array.of(2) };
/** What a client may write into opaque bytes: any int32, and the same again. */
const anyPartitions = fc.array(fc.constantFrom(0, 1, 2, 3, -1, -(2 ** 31), 2 ** 31 - 1, 0x4000), { maxLength: 4 });
const anyAssigned = fc.array(fc.record({ topic: fc.constantFrom('c', 'd', 'gone', ''), partitions: anyPartitions }), {
  maxLength: 3,
});
const readable = fc
  .record({
    version: fc.constantFrom(1, 1, 3, 32_767),
    topics: fc.constantFrom(['c'], ['c', 'd'], [], ['c', 'c', '']),
    ownedPartitions: fc.oneof(fc.constant([]), anyAssigned),
    generationId: fc.constantFrom(-1, -(2 ** 31), 2 ** 31 - 1),
    rackId: fc.constantFrom(null, '', 'r'),
  })
  .map(({ version, ...subscription }) => {
    const bytes = whole(
      encodeVersioned(consumerSubscription, Math.min(version, 3), { ...subscription, userData: null }),
    );
    new DataView(bytes.buffer).setInt16(0, version);
    return [{ name: 'range', metadata: bytes }];
  });
const protocols = fc.oneof(
  fc.constantFrom<(typeof range)[]>([range], [range], [range, sticky], [sticky, range], []),
  readable,
);
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

const join = {
  group,
  memberId,
  instanceId,
  protocols,
  requireKnownMember: fc.constantFrom(true, false, false),
  initialDelayMs: fc.constantFrom(0, 0, 3),
};
const joining = (said: typeof join) =>
  fc.record({ ...said, knownMember: fc.boolean() }).map((drawn) =>
    command('joinGroup', {
      ...drawn,
      clientId: 'client',
      clientHost: '/host',
      sessionTimeoutMs: 10,
      rebalanceTimeoutMs: 20,
      protocolType: 'consumer',
      groupSizeMax: 3,
    }),
  );
const joinGroup = joining(join);

const readableAssignment = fc
  .oneof(
    fc.constantFrom([0], [1, 2], [0, 1, 2]).map((partitions) => [{ topic: 'c', partitions }]),
    anyAssigned,
  )
  .map((assignedPartitions) => whole(encodeVersioned(consumerAssignment, 1, { assignedPartitions, userData: null })));

const syncGroup = fc
  .record({ group, memberId, generation, assignment: fc.oneof(bytes, readableAssignment) })
  .map(({ assignment, ...sync }) =>
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
    defaultPolicy: fc.constantFrom('', 'delete', 'compact'),
  })
  .map(({ offset, defaultPolicy, ...topic }) =>
    command('deleteRecords', { topics: [{ ...topic, offsets: topic.partitions.map(() => offset) }], defaultPolicy }),
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
const topicPartitions = fc.array(
  fc
    .record({ id, partitions: fc.uniqueArray(id, { maxLength: 3 }) })
    .map(({ id: number, partitions }) => ({ topicId: topicId(number), partitions })),
  { maxLength: 2 },
);

/** An epoch of 3 and owned partitions of `AS_TOLD` become the member's present ones by `aim`. */
const AS_TOLD = { topics: [{ topicId: topicId(99), partitions: [] }] };
const consumerHeartbeat = fc
  .record({
    group,
    memberId,
    memberEpoch: fc.constantFrom(0, 0, 3, 3, 3, 3, 1, -1, -2),
    instanceId,
    rebalanceTimeoutMs: fc.constantFrom(undefined, 20),
    topics: fc.constantFrom(undefined, ['c'], ['c', 'd'], ['a.b', 'gone'], []),
    regex: fc.constantFrom(undefined, undefined, undefined, 'c|d', ''),
    assignor: fc.constantFrom(undefined, 'uniform', 'range'),
    owned: fc.oneof(
      fc.constantFrom(undefined, AS_TOLD, AS_TOLD, { topics: [] }),
      topicPartitions.map((topics) => ({ topics })),
    ),
  })
  .map(({ topics, ...heartbeat }) =>
    command('consumerHeartbeat', {
      ...heartbeat,
      topics: topics && { names: [...topics] },
      clientId: 'client',
      clientHost: '/host',
      groupSizeMax: 3,
    }),
  );

const assignTargets = fc
  .record({
    group,
    epoch: fc.constantFrom(3, 3, 3, 1),
    first: fc.constantFrom(true, true, false),
    last: fc.constantFrom(true, true, false),
    targets: fc.array(fc.record({ memberId, instanceId, topics: topicPartitions }), { maxLength: 3 }),
  })
  .map((assign) => command('assignTargets', assign));

/** Commands of consumer groups (KIP-848). */
const ofConsumerGroups: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: consumerHeartbeat },
  { weight: 4, arbitrary: assignTargets },
  {
    weight: 1,
    arbitrary: fc
      .record({ group, members: fc.array(fc.record({ memberId, memberEpoch: fc.constant(3) }), { maxLength: 2 }) })
      .map((expire) => command('expireConsumerMembers', expire)),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ group, topics: fc.subarray(['c', 'd']) })
      .map(({ group: groupId, topics }) =>
        command('resolveRegexes', { group: groupId, regexes: [{ regex: 'c|d', topics }] }),
      ),
  },
);

const few = fc.constantFrom('a', 'a', 'b');
/** Commands of one group that becomes a consumer group and a classic one again, whose members' opaque bytes can be read. */
export const migrating: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: joining({
      group: fc.constant('g'),
      memberId: few,
      instanceId: fc.constant(undefined),
      protocols: readable,
      requireKnownMember: fc.constant(false),
      initialDelayMs: fc.constant(0),
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ memberId: few, generation: fc.constant(0), plan: fc.dictionary(few, readableAssignment) })
      .map(({ plan, ...sync }) =>
        command('syncGroup', {
          ...sync,
          group: 'g',
          assignments: Object.entries(plan).map(([id, assignment]) => ({ memberId: id, assignment })),
        }),
      ),
  },
  { weight: 2, arbitrary: ofConsumerGroups },
);

/** Commands that often succeed and often collide. */
export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 14, arbitrary: ofConsumerGroups },
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
      const { group: groupId, memberId: speaker = '' } = { memberId: '', ...kind.value };
      const present =
        metadata.group(groupId)?.generation ?? metadata.consumerGroup(groupId)?.members.get(speaker)?.epoch ?? 0;
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
    case 'consumerHeartbeat': {
      const member = metadata.consumerGroup(kind.value.group)?.members.get(kind.value.memberId);
      const memberEpoch = kind.value.memberEpoch === 3 ? (member?.epoch ?? 3) : kind.value.memberEpoch;
      const owned = kind.value.owned === AS_TOLD ? { topics: asTold(member) } : kind.value.owned;
      return command('consumerHeartbeat', { ...kind.value, memberEpoch, owned });
    }
    case 'assignTargets': {
      const present = metadata.consumerGroup(kind.value.group)?.groupEpoch ?? 0;
      return command('assignTargets', { ...kind.value, epoch: kind.value.epoch === 3 ? present : kind.value.epoch });
    }
    case 'expireConsumerMembers': {
      const members = kind.value.members.map(({ memberId: id }) => ({
        memberId: id,
        memberEpoch: metadata.consumerGroup(kind.value.group)?.members.get(id)?.epoch ?? 0,
      }));
      return command('expireConsumerMembers', { ...kind.value, members });
    }
    default:
      return given;
  }
}

/** What a member that does as it is told says it owns. */
function asTold(member: ConsumerMember | undefined): TopicPartitions[] {
  return targetRows(withoutEpochs(member?.assigned ?? new Map()));
}

function whole({ slices }: Slices): Uint8Array {
  return new Uint8Array(Buffer.concat(slices));
}
