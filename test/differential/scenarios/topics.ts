import { apis } from '../../../src/protocol/apis.js';
import { given } from '../script.js';
import { PREFIX_LENGTH } from '../script.js';
import { type Story, topicId, UNKNOWN_ID } from '../story.js';

const ZERO_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
const longest = `~${'n'.repeat(249 - PREFIX_LENGTH)}`;

const names = ['~a', '~b', '~c', longest, `${longest}x`, '', '.', '..', '~with space', '~ü', '~a_b', '~a.b', '~A-9'];

const configSets: readonly (readonly { readonly name: string; readonly value: string | null }[])[] = [
  [],
  [],
  [{ name: 'retention.ms', value: '1000' }],
  [{ name: 'retention.ms', value: '-1' }],
  [{ name: 'retention.ms', value: '-2' }],
  [{ name: 'retention.ms', value: 'soon' }],
  [{ name: 'retention.ms', value: null }],
  [{ name: 'retention.ms', value: '' }],
  [{ name: 'no.such.setting', value: '1' }],
  [{ name: '', value: '1' }],
  [{ name: 'cleanup.policy', value: 'compact' }],
  [{ name: 'cleanup.policy', value: 'compact, delete' }],
  [{ name: 'cleanup.policy', value: 'none' }],
  [{ name: 'cleanup.policy', value: 'shred' }],
  [{ name: 'cleanup.policy', value: '' }],
  [{ name: 'compression.type', value: 'producer' }],
  [{ name: 'compression.type', value: 'zip' }],
  [{ name: 'min.insync.replicas', value: '1' }],
  [{ name: 'min.insync.replicas', value: '0' }],
  [{ name: 'max.message.bytes', value: '0' }],
  [{ name: 'max.message.bytes', value: '-1' }],
  [{ name: 'segment.bytes', value: '1048576' }],
  [{ name: 'segment.bytes', value: '10' }],
  [{ name: 'message.timestamp.type', value: 'LogAppendTime' }],
  [{ name: 'message.timestamp.type', value: 'Yesterday' }],
  [{ name: 'unclean.leader.election.enable', value: 'maybe' }],
  [{ name: 'unclean.leader.election.enable', value: 'TRUE' }],
  [{ name: 'min.cleanable.dirty.ratio', value: '1.5' }],
  [{ name: 'preallocate', value: 'false' }],
  [
    { name: 'retention.ms', value: '1000' },
    { name: 'retention.ms', value: '2000' },
  ],
  [
    { name: 'retention.bytes', value: '5' },
    { name: 'flush.ms', value: '9' },
  ],
];

function assignmentsOf(story: Story): readonly unknown[] {
  const node = given('node', 1);
  const other = given('other node', 99);
  return story.random.pick<readonly unknown[]>([
    [{ partitionIndex: 0, brokerIds: [node] }],
    [
      { partitionIndex: 0, brokerIds: [node] },
      { partitionIndex: 1, brokerIds: [node] },
    ],
    [{ partitionIndex: 1, brokerIds: [node] }],
    [{ partitionIndex: 0, brokerIds: [] }],
    [{ partitionIndex: 0, brokerIds: [other] }],
    [{ partitionIndex: 0, brokerIds: [node, node] }],
    [
      { partitionIndex: 0, brokerIds: [node] },
      { partitionIndex: 0, brokerIds: [node] },
    ],
    [{ partitionIndex: -1, brokerIds: [node] }],
  ]);
}

function anyTopic(story: Story): unknown {
  const { random } = story;
  const manual = random.chance(0.2);
  return {
    name: random.pick(names),
    numPartitions: manual ? random.pick([-1, -1, 1]) : random.pick([1, 1, 2, 3, -1, 0, -2, 10_001]),
    replicationFactor: manual ? random.pick([-1, -1, 1]) : random.pick([1, 1, 1, -1, 0, 2, -2, 32_767]),
    assignments: manual ? assignmentsOf(story) : [],
    configs: random.pick(configSets),
  };
}

/** Topics made and deleted in every way, good and bad; what Metadata then says. */
export function topicsMadeAndDeleted(story: Story): void {
  const { random } = story;
  for (let i = 0; i < 8; i += 1) {
    const topics = Array.from({ length: random.pick([1, 1, 1, 2, 3, 0]) }, () => anyTopic(story));
    if (random.chance(0.1) && topics.length > 0) topics.push(topics[0]);
    const timeoutMs = random.pick([30_000, 30_000, 30_000, 1_000]);
    story.send(apis.createTopics, { topics, timeoutMs, validateOnly: random.chance(0.25) });
    if (random.chance(0.5)) anyMetadata(story);
    if (random.chance(0.4)) anyDelete(story);
  }
  story.send(apis.metadata, { topics: null, allowAutoTopicCreation: false }, { versionMin: 1 });
}

function anyDelete(story: Story): void {
  const { random } = story;
  const topicNames = Array.from({ length: random.pick([1, 1, 2, 0]) }, () =>
    random.pick(['~a', '~b', '~c', '~missing', '', '~with space']),
  );
  const topics = topicNames.map((name) =>
    random.pick([
      { name, topicId: ZERO_ID },
      { name: null, topicId: topicId(name) },
      { name: null, topicId: UNKNOWN_ID },
      { name, topicId: topicId(name) },
      { name: null, topicId: ZERO_ID },
    ]),
  );
  story.send(apis.deleteTopics, { topicNames, topics, timeoutMs: 30_000 });
}

function anyMetadata(story: Story): void {
  const { random } = story;
  const asked = Array.from({ length: random.pick([1, 1, 2, 3]) }, () => random.pick([...names, '~missing']));
  const topics = asked.map((name) =>
    random.pick([{ name }, { name }, { name: null, topicId: topicId(name) }, { name: null, topicId: UNKNOWN_ID }]),
  );
  const byName = topics.every((topic) => typeof topic.name === 'string');
  const request = {
    topics,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: random.chance(0.3),
    includeTopicAuthorizedOperations: random.chance(0.3),
  };
  story.send(apis.metadata, request, { versionMin: byName ? 4 : 12 });
}

/** Metadata in every version and form: all topics, none, made by asking. */
export function metadataForms(story: Story): void {
  const { random } = story;
  story.topic('~a', 2);
  story.topic('~b', 1);
  const forms: readonly (() => void)[] = [
    () => story.send(apis.metadata, { topics: null, allowAutoTopicCreation: false }, { versionMin: 1 }),
    () => story.send(apis.metadata, { topics: [], allowAutoTopicCreation: false }),
    () => story.send(apis.metadata, { topics: [{ name: '~a' }, { name: '~a' }], allowAutoTopicCreation: false }),
    () =>
      story.send(apis.metadata, { topics: [{ name: '~missing' }], allowAutoTopicCreation: false }, { versionMin: 4 }),
    () => story.send(apis.metadata, { topics: [{ name: '' }], allowAutoTopicCreation: false }, { versionMin: 4 }),
    () => story.send(apis.metadata, { topics: [{ name: '~a', topicId: topicId('~a') }] }, { versionMin: 10 }),
    () => story.send(apis.metadata, { topics: [{ name: null, topicId: topicId('~a') }] }, { versionMin: 12 }),
    () => story.send(apis.metadata, { topics: [{ name: null, topicId: topicId('~a') }] }, { version: 11 }),
    () => story.send(apis.metadata, { topics: [{ name: null, topicId: ZERO_ID }] }, { versionMin: 10 }),
    () =>
      story.send(apis.metadata, { topics: [{ name: null, topicId: UNKNOWN_ID }, { name: '~b' }] }, { versionMin: 12 }),
    () => {
      const asked = { topics: [{ name: '~made by asking'.replaceAll(' ', '-') }], allowAutoTopicCreation: true };
      story.send(apis.metadata, asked);
      story.send(apis.metadata, asked);
    },
    () => story.send(apis.metadata, { topics: [{ name: '~not good' }], allowAutoTopicCreation: true }),
    () => story.send(apis.describeCluster, { includeClusterAuthorizedOperations: true, endpointType: 1 }),
    () => story.send(apis.describeCluster, { endpointType: story.pick(1, 2, 0, 3, -1) }),
    () => story.send(apis.describeCluster, { includeFencedBrokers: true, endpointType: 1 }),
    () => story.send(apis.apiVersions, { clientSoftwareName: 'weft', clientSoftwareVersion: '1.0' }),
    () => {
      const clientSoftwareName = story.pick('', '-weft', 'we ft', 'weft-', 'w.e-f', 'ü');
      story.send(apis.apiVersions, { clientSoftwareName, clientSoftwareVersion: '1.0' }, { versionMin: 3 });
    },
    () => story.send(apis.apiVersions, { clientSoftwareName: 'weft', clientSoftwareVersion: '' }, { versionMin: 3 }),
  ];
  for (let i = 0; i < 12; i += 1) random.pick(forms)();
}

/** DescribeConfigs of all kinds of resources, known and unknown. */
export function configsDescribed(story: Story): void {
  const { random } = story;
  story.topic('~a', 1, { 'retention.ms': '5000', 'cleanup.policy': 'compact' });
  for (let i = 0; i < 8; i += 1) {
    const resources = Array.from({ length: random.pick([1, 1, 2, 0]) }, () => ({
      resourceType: random.pick([2, 2, 2, 4, 4, 0, 1, 3, 8, 16, 32, -1]),
      resourceName: random.pick(['~a', '~a', '~missing', '', '~not good', given('node text', '1'), '99', 'x']),
      configurationKeys: random.pick([
        ['retention.ms', 'cleanup.policy'],
        ['no.such.setting'],
        [],
        ['retention.ms', 'retention.ms'],
      ]),
    }));
    const includeSynonyms = random.chance(0.3);
    story.send(apis.describeConfigs, { resources, includeSynonyms, includeDocumentation: random.chance(0.3) });
  }
}
