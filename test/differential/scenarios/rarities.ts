import { apis } from '../../../src/protocol/apis.js';
import { batches } from '../batches.js';
import { given } from '../script.js';
import { type Story, topicId } from '../story.js';
import { fetch, produce } from './produce.js';

/** What docs/DIFFERENCES.md lists and chance alone might miss, each in a script of its own. */
export const rarities: Readonly<Record<string, (story: Story) => void>> = {
  'an internal topic': (story) => produce(story, '__consumer_offsets', 0, batches({}), { version: 8 }),
  'a topic only validated': (story) => {
    const topics = [{ name: '~a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    story.send(apis.createTopics, { topics, timeoutMs: 30_000, validateOnly: true }, { version: 7 });
    story.send(apis.metadata, { topics: [{ name: null, topicId: topicId('~a') }] }, { version: 12 });
  },
  'a group without a name': (story) => {
    story.send(apis.findCoordinator, { key: '', keyType: 0, coordinatorKeys: [''] }, { version: 2 });
  },
  'more replicas than agents': (story) => {
    const topics = [{ name: '~a', numPartitions: 1, replicationFactor: 3, assignments: [], configs: [] }];
    story.send(apis.createTopics, { topics, timeoutMs: 30_000 });
  },
  'names that collide within a request': (story) => {
    const topics = ['~a_b', '~a.b'].map((name) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [] }));
    story.send(apis.createTopics, { topics, timeoutMs: 30_000 }, { version: 4 });
  },
  'a page of less than nothing': (story) => {
    const topics = [{ name: '~missing' }, { name: '' }];
    story.send(apis.describeTopicPartitions, { topics, responsePartitionLimit: -1, cursor: null });
  },
  'no batch beside a good one': (story) => {
    story.topic('~a', 2);
    const partitionData = [
      { index: 0, records: batches({ flaw: 'length 0' }) },
      { index: 1, records: batches({}) },
    ];
    const topicData = [{ name: '~a', partitionData }];
    story.send(apis.produce, { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData }, { version: 9 });
  },
  'a topic without name and id': (story) => {
    story.send(apis.metadata, { topics: [{ name: null }], allowAutoTopicCreation: false }, { versionMin: 12 });
  },
  'a transaction’s coordinator': (story) => {
    story.send(apis.findCoordinator, { key: '~t', keyType: 1, coordinatorKeys: ['~t'] }, { versionMin: 1 });
  },
  'a topic made by asking': (story) => story.send(apis.metadata, { topics: [{ name: '~a' }] }),
  'a topic made by asking, by its id': (story) => {
    story.send(apis.metadata, { topics: [{ name: '~a' }] }, { version: 10 });
    story.send(apis.metadata, { topics: [{ name: null, topicId: topicId('~a') }] }, { version: 12 });
  },
  'an isolation level that is none': (story) => {
    story.topic('~a');
    fetch(story, '~a', 0, 0, { isolationLevel: 5 });
    const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }];
    const request = { replicaId: -1, isolationLevel: 5, topics: [{ name: '~a', partitions }] };
    story.send(apis.listOffsets, request, { versionMin: 2 });
  },
  'another leader epoch': (story) => {
    story.topic('~a');
    const fetched = [{ partition: 0, currentLeaderEpoch: 3, fetchOffset: 0, partitionMaxBytes: 1_000 }];
    const fetching = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000, topics: [{ topic: '~a', partitions: fetched }] };
    story.send(apis.fetch, fetching, { version: 12 });
    const timed = [{ partitionIndex: 0, currentLeaderEpoch: 3, timestamp: -1 }];
    const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: '~a', partitions: timed }] };
    story.send(apis.listOffsets, request, { versionMin: 4 });
    for (const [currentLeaderEpoch, leaderEpoch] of [
      [3, 0],
      [-1, -2],
    ]) {
      const partitions = [{ partition: 0, currentLeaderEpoch, leaderEpoch }];
      story.send(apis.offsetForLeaderEpoch, { replicaId: -1, topics: [{ topic: '~a', partitions }] });
    }
  },
  'the epoch fetched last': (story) => {
    story.topic('~a');
    const ofPartition = { lastFetchedEpoch: 0 };
    const partitions = [{ partition: 0, fetchOffset: 9, partitionMaxBytes: 1_000, ...ofPartition }];
    const request = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000, topics: [{ topic: '~a', partitions }] };
    story.send(apis.fetch, request, { version: 12 });
  },
  'out of range beside records': (story) => {
    story.topic('~a', 2);
    produce(story, '~a', 0, batches({}));
    const partitions = [0, 1].map((partition) => ({ partition, fetchOffset: partition * 9, partitionMaxBytes: 1_000 }));
    const request = { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000, topics: [{ topic: '~a', partitions }] };
    story.send(apis.fetch, request, { version: 12 });
  },
  'a partition named twice': (story) => {
    story.topic('~a');
    const partitionData = [0, 0].map((index) => ({ index, records: batches({}) }));
    const topicData = [{ name: '~a', partitionData }];
    story.send(apis.produce, { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData }, { version: 9 });
  },
  'a batch twice': (story) => {
    story.topic('~a');
    const producer = { id: 77, epoch: 0, baseSequence: 0 };
    for (let i = 0; i < 2; i += 1) produce(story, '~a', 0, batches({ producer }));
  },
  'an operation that is none': (story) => {
    story.topic('~a');
    const configs = [{ name: 'retention.ms', configOperation: 9, value: '1' }];
    const resources = [{ resourceType: 2, resourceName: '~a', configs }];
    story.send(apis.incrementalAlterConfigs, { resources, validateOnly: false });
  },
  'the loggers': (story) => {
    const resources = [{ resourceType: 8, resourceName: given('node text', '1'), configurationKeys: null }];
    story.send(apis.describeConfigs, { resources });
  },
  'a protocol without a name': (story) => {
    const protocols = [{ name: '', metadata: new Uint8Array(0) }];
    const joining = { groupId: '~g', sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, memberId: '' };
    const request = { ...joining, groupInstanceId: '~i', protocolType: 'consumer', protocols };
    story.send(apis.joinGroup, request, { version: 7 });
  },
  'a group that was refused': (story) => {
    const joining = { groupId: '~g', sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, memberId: '' };
    story.send(apis.joinGroup, { ...joining, protocolType: 'consumer', protocols: [] }, { version: 3 });
    story.send(apis.describeGroups, { groups: ['~g'] }, { version: 4 });
    story.send(apis.describeGroups, { groups: ['~g'] }, { version: 6 });
    story.send(apis.listGroups, {});
  },
  'a group that waits for its first member': (story) => {
    const joining = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, memberId: '', protocolType: 'consumer' };
    const protocols = [{ name: 'range', metadata: new Uint8Array(0) }];
    for (let i = 0; i < 8; i += 1) {
      story.send(apis.joinGroup, { ...joining, groupId: `~g${i}`, protocols }, { version: 4 });
      story.send(apis.listGroups, {}, { version: 1 });
    }
  },
  'offsets deleted twice': (story) => {
    story.topic('~a');
    const partitions = [{ partitionIndex: 0, committedOffset: 4, committedMetadata: '' }];
    const topics = [{ name: '~a', topicId: topicId('~a'), partitions }];
    story.send(apis.offsetCommit, { groupId: '~g', memberId: '', groupInstanceId: null, topics }, { version: 8 });
    const twice = [{ name: '~a', partitions: [{ partitionIndex: 0 }, { partitionIndex: 0 }] }];
    story.send(apis.offsetDelete, { groupId: '~g', topics: twice });
  },
  'a client of no name': (story) => {
    story.send(apis.apiVersions, { clientSoftwareName: '', clientSoftwareVersion: '' }, { versionMin: 3 });
  },
  'a version to come without tags': (story) => {
    const damage = [{ kind: 'set', position: 2, bytes: [0x7f, 0xff] }] as const;
    story.send(apis.apiVersions, {}, { version: 0, clientId: '', damage });
  },
  'an unknown tag twice': (story) => {
    const damage = [{ kind: 'tags', of: 'header', bytes: [2, 99, 1, 1, 99, 1, 2] }] as const;
    story.send(apis.alterConfigs, { resources: [], validateOnly: false }, { version: 2, damage });
    const resources = [{ resourceType: 2, resourceName: '~missing', configs: [] }];
    story.send(apis.alterConfigs, { resources, validateOnly: false }, { version: 2, damage });
  },
  'a topic on a broker that is not there': (story) => {
    const assignments = [{ partitionIndex: 0, brokerIds: [given('other node', 99)] }];
    const topics = [{ name: '~a', numPartitions: -1, replicationFactor: -1, assignments, configs: [] }];
    story.send(apis.createTopics, { topics, timeoutMs: 30_000 }, { version: 5 });
  },
  'settings as they were given': (story) => {
    const configs = [
      { name: 'cleanup.policy', value: 'compact, delete' },
      { name: 'preallocate', value: 'TRUE' },
    ];
    const topics = [{ name: '~a', numPartitions: 1, replicationFactor: 1, assignments: [], configs }];
    story.send(apis.createTopics, { topics, timeoutMs: 30_000 }, { version: 5 });
  },
  'own loggers, unchanged': (story) => {
    const resources = [{ resourceType: 8, resourceName: given('node text', '1'), configs: [] }];
    story.send(apis.incrementalAlterConfigs, { resources, validateOnly: false });
  },
  'all tags there could be': (story) => {
    const damage = [{ kind: 'tags', of: 'body', bytes: [0xff, 0xff, 0xff, 0xff, 0x0f] }] as const;
    story.send(apis.listGroups, {}, { versionMin: 3, damage });
  },
  'a deleted record of the greatest time': (story) => {
    story.topic('~a');
    produce(story, '~a', 0, batches({}));
    const partitions = [{ partitionIndex: 0, offset: -1 }];
    story.send(apis.deleteRecords, { topics: [{ name: '~a', partitions }], timeoutMs: 30_000 });
    const asked = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -3 }];
    const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: '~a', partitions: asked }] };
    story.send(apis.listOffsets, request, { versionMin: 7 });
  },
};
