import { apis } from '../../../src/protocol/apis.js';
import { BASE_TIME, batches } from '../batches.js';
import { given } from '../script.js';
import { type Story, topicId } from '../story.js';
import { fetch, produce } from './produce.js';

/** CreatePartitions in every way; what Metadata and a Produce then say. */
export function partitionsAdded(story: Story): void {
  const { random } = story;
  story.topic('~a', 1);
  story.topic('~b', 2);
  const node = given('node', 1);
  const assignments = [
    null,
    null,
    [],
    [{ brokerIds: [node] }],
    [{ brokerIds: [node] }, { brokerIds: [node] }],
    [{ brokerIds: [] }],
    [{ brokerIds: [given('other node', 99)] }],
    [{ brokerIds: [node, node] }],
  ];
  for (let i = 0; i < 8; i += 1) {
    const topics = Array.from({ length: random.pick([1, 1, 1, 2, 0]) }, () => ({
      name: random.pick(['~a', '~a', '~b', '~missing', '', '~not good']),
      count: random.pick([2, 3, 1, 2, 4, 0, -1]),
      assignments: random.pick(assignments),
    }));
    if (random.chance(0.1) && topics.length > 0) topics.push(topics[0]!);
    story.send(apis.createPartitions, { topics, timeoutMs: 30_000, validateOnly: random.chance(0.25) });
    if (random.chance(0.4)) produce(story, '~a', random.between(0, 3), batches({}));
  }
  const asked = { topics: [{ name: '~a' }, { name: '~b' }], allowAutoTopicCreation: false };
  story.send(apis.metadata, asked, { versionMin: 4 });
}

/** DeleteRecords: up to where, beyond, again; what can then be read and found. */
export function recordsDeleted(story: Story): void {
  const { random } = story;
  story.topic('~a', 2);
  for (let i = 0; i < 4; i += 1) {
    produce(story, '~a', 0, batches({ values: ['one', 'two'], timestampMs: BASE_TIME + i * 1_000, stepMs: 10 }));
  }
  for (let i = 0; i < 8; i += 1) {
    const partitions = Array.from({ length: random.pick([1, 1, 2, 0]) }, () => ({
      partitionIndex: random.pick([0, 0, 0, 1, 2, -1]),
      offset: random.pick([-1, 0, 1, 3, 4, 8, 9, 1_000, -2]),
    }));
    const name = random.pick(['~a', '~a', '~a', '~missing', '']);
    story.send(apis.deleteRecords, { topics: [{ name, partitions }], timeoutMs: 30_000 });
    if (random.chance(0.6)) fetch(story, '~a', 0, random.between(0, 8));
    if (random.chance(0.5)) {
      const timestamp = random.pick([-1, -2, -3, -4, BASE_TIME, BASE_TIME + 10, BASE_TIME + 2_005]);
      const asked = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }];
      const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: '~a', partitions: asked }] };
      story.send(apis.listOffsets, request, { versionMin: 8 });
    }
    if (random.chance(0.3)) produce(story, '~a', 0, batches({}));
  }
}

/** OffsetDelete with and without members, of known and unknown groups. */
export function offsetsDeleted(story: Story): void {
  const { random } = story;
  story.topic('~a', 2);
  const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, committedOffset: 4, committedMetadata: 'm' }));
  const own = { generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null };
  for (const groupId of ['~g', '~h']) {
    const topics = [{ name: '~a', topicId: topicId('~a'), partitions }];
    story.send(apis.offsetCommit, { groupId, ...own, retentionTimeMs: -1, topics });
  }
  for (let i = 0; i < 6; i += 1) {
    const topics = Array.from({ length: random.pick([1, 1, 2, 0]) }, () => ({
      name: random.pick(['~a', '~a', '~missing', '']),
      partitions: random.pick([[0], [1], [0, 1], [], [7], [-1], [0, 0]]).map((partitionIndex) => ({ partitionIndex })),
    }));
    story.send(apis.offsetDelete, { groupId: random.pick(['~g', '~g', '~h', '~unknown', '']), topics });
  }
  const named = [{ name: '~a', topicId: topicId('~a'), partitionIndexes: [0, 1] }];
  for (const groupId of ['~g', '~h']) {
    const groups = [{ groupId, memberId: null, memberEpoch: -1, topics: named }];
    story.send(apis.offsetFetch, { groupId, topics: named, groups, requireStable: false });
  }
}

/** What there is, told page by page, by directory, by producer. */
export function described(story: Story): void {
  const { random } = story;
  story.topic('~a', 3);
  story.topic('~b', 1);
  const producer = { id: 4_321, epoch: 2, baseSequence: 0 };
  produce(story, '~a', 0, batches({ values: ['one', 'two'], producer }));
  produce(story, '~a', 0, batches({ values: ['three'], producer: { ...producer, baseSequence: 2 } }));
  const forms: readonly (() => void)[] = [
    () => {
      const names = random.pick([['~a', '~b'], ['~b', '~a'], ['~a', '~missing'], ['~a', '~a'], [''], ['~not good']]);
      const cursor = random.pick([
        null,
        null,
        { topicName: '~a', partitionIndex: random.pick([0, 1, 2, 3, -1]) },
        { topicName: '~b', partitionIndex: 0 },
        { topicName: '~missing', partitionIndex: 0 },
        { topicName: '~zz', partitionIndex: 0 },
      ]);
      const responsePartitionLimit = random.pick([2_000, 1, 2, 0, -1]);
      const topics = names.map((name) => ({ name }));
      story.send(apis.describeTopicPartitions, { topics, responsePartitionLimit, cursor });
    },
    () => {
      const name = random.pick(['~a', '~a', '~b', '~missing', '']);
      const partitionIndexes = random.pick([[0], [0, 1], [7], [], [0, 0]]);
      story.send(apis.describeProducers, { topics: [{ name, partitionIndexes }] });
    },
    () => {
      const topic = random.pick(['~a', '~b', '~missing', '']);
      story.send(apis.describeLogDirs, { topics: [{ topic, partitions: random.pick([[0], [0, 1], [9], []]) }] });
    },
    () => {
      const topic = random.pick(['~a', '~a', '~missing']);
      const topicPartitions = [{ topic, partitions: random.pick([[0], [0, 1], [9], []]) }];
      story.send(apis.electLeaders, { electionType: random.pick([0, 1, 2]), topicPartitions, timeoutMs: 5_000 });
    },
    () => {
      const replicas = random.pick([null, [given('node', 1)], [given('other node', 99)], []]);
      const partitions = [{ partitionIndex: random.pick([0, 0, 9, -1]), replicas }];
      const topics = [{ name: random.pick(['~a', '~a', '~missing', '']), partitions }];
      story.send(apis.alterPartitionReassignments, { timeoutMs: 5_000, topics });
    },
    () => {
      const topics = random.pick([null, [{ name: '~a', partitionIndexes: [0] }], []]);
      story.send(apis.listPartitionReassignments, { timeoutMs: 5_000, topics });
    },
  ];
  for (let i = 0; i < 12; i += 1) random.pick(forms)();
}

/** Client quotas set, changed, removed and listed, with entities and values that are good, odd and wrong. */
export function quotas(story: Story): void {
  const { random } = story;
  const named = (entityType: string, entityName: string | null) => ({ entityType, entityName });
  const entities = [
    [named('user', '~u')],
    [named('client-id', '~c')],
    [named('user', '~u'), named('client-id', '~c')],
    [named('user', '~u'), named('client-id', null)],
    [named('ip', '127.0.0.9')],
    [named('ip', 'no address')],
    [named('user', '~u'), named('ip', '127.0.0.9')],
    [named('planet', '~u')],
    [named('user', '')],
    [named('user', '~u'), named('user', '~u')],
    [],
  ];
  const keys = ['producer_byte_rate', 'consumer_byte_rate', 'request_percentage', 'controller_mutation_rate'];
  for (let i = 0; i < 8; i += 1) {
    const ops = Array.from({ length: random.pick([1, 1, 2, 0]) }, () => ({
      key: random.pick([...keys, ...keys, 'connection_creation_rate', 'no_such_rate', '']),
      value: random.pick([1e9, 1e9, 2e12, 0.5, 0, -1]),
      remove: random.chance(0.25),
    }));
    const entries = [{ entity: random.pick(entities), ops }];
    story.send(apis.alterClientQuotas, { entries, validateOnly: random.chance(0.2) });
    if (random.chance(0.6)) {
      const components = random.pick([
        [{ entityType: 'user', matchType: 0, match: '~u' }],
        [{ entityType: 'client-id', matchType: 0, match: '~c' }],
        [
          { entityType: 'user', matchType: 0, match: '~u' },
          { entityType: 'client-id', matchType: 2, match: null },
        ],
        [{ entityType: 'user', matchType: 9, match: '~u' }],
        [{ entityType: 'planet', matchType: 0, match: 'x' }],
        [{ entityType: 'user', matchType: 0, match: null }],
        [
          { entityType: 'user', matchType: 0, match: '~u' },
          { entityType: 'user', matchType: 0, match: '~u' },
        ],
      ]);
      story.send(apis.describeClientQuotas, { components, strict: random.chance(0.5) });
    }
  }
}
