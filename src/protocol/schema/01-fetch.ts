import { api } from '../codec.js';
import { array, field, struct } from '../definition.js';
import { INT64_MAX, int16, int32, int64, int8, records, string, uuid } from '../types.js';

/** v7 sessions (KIP-227) · v9 leader epochs (KIP-320) · v11 rack (KIP-392) · v13 topic ids (KIP-516) · v15 replica id in a tag. */
export const fetch = api({
  key: 1,
  name: 'Fetch',
  min: 4,
  max: 18,
  flexibleFrom: 12,
  request: [
    field('clusterId', string, { since: 12, nullable: 12, tag: 0, default: null }),
    field('replicaId', int32, { until: 14, default: -1 }),
    struct('replicaState', { since: 15, tag: 1 }, [
      field('replicaId', int32, { default: -1 }),
      field('replicaEpoch', int64, { default: -1 }),
    ]),
    field('maxWaitMs', int32),
    field('minBytes', int32),
    field('maxBytes', int32, { default: 0x7fff_ffff }),
    field('isolationLevel', int8, { default: 0 }),
    field('sessionId', int32, { since: 7, default: 0 }),
    field('sessionEpoch', int32, { since: 7, default: -1 }),
    array('topics', [
      field('topic', string, { until: 12 }),
      field('topicId', uuid, { since: 13 }),
      array('partitions', [
        field('partition', int32),
        field('currentLeaderEpoch', int32, { since: 9, default: -1 }),
        field('fetchOffset', int64),
        field('lastFetchedEpoch', int32, { since: 12, default: -1 }),
        field('logStartOffset', int64, { since: 5, default: -1 }),
        field('partitionMaxBytes', int32),
        field('replicaDirectoryId', uuid, { since: 17, tag: 0 }),
        field('highWatermark', int64, { since: 18, tag: 1, default: INT64_MAX }),
      ]),
    ]),
    array('forgottenTopicsData', { since: 7 }, [
      field('topic', string, { until: 12 }),
      field('topicId', uuid, { since: 13 }),
      array('partitions', int32),
    ]),
    field('rackId', string, { since: 11, default: '' }),
  ],
  response: [
    field('throttleTimeMs', int32),
    field('errorCode', int16, { since: 7 }),
    field('sessionId', int32, { since: 7, default: 0 }),
    array('responses', [
      field('topic', string, { until: 12 }),
      field('topicId', uuid, { since: 13 }),
      array('partitions', [
        field('partitionIndex', int32),
        field('errorCode', int16),
        field('highWatermark', int64),
        field('lastStableOffset', int64, { default: -1 }),
        field('logStartOffset', int64, { since: 5, default: -1 }),
        struct('divergingEpoch', { since: 12, tag: 0 }, [
          field('epoch', int32, { default: -1 }),
          field('endOffset', int64, { default: -1 }),
        ]),
        struct('currentLeader', { since: 12, tag: 1 }, [
          field('leaderId', int32, { default: -1 }),
          field('leaderEpoch', int32, { default: -1 }),
        ]),
        struct('snapshotId', { since: 12, tag: 2 }, [
          field('endOffset', int64, { default: -1 }),
          field('epoch', int32, { default: -1 }),
        ]),
        array('abortedTransactions', { nullable: 4 }, [field('producerId', int64), field('firstOffset', int64)]),
        field('preferredReadReplica', int32, { since: 11, default: -1 }),
        field('records', records, { nullable: 4 }),
      ]),
    ]),
    array('nodeEndpoints', { since: 16, tag: 0 }, [
      field('nodeId', int32),
      field('host', string),
      field('port', int32),
      field('rack', string, { nullable: 16, default: null }),
    ]),
  ],
});
