import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, int16, int32, string, uuid } from '../types.js';

/** v0 takes an empty list for all topics, v1 and later null. v4 auto-create flag · v8 authorized operations · v10 topic ids. */
export const metadata = api({
  key: 3,
  name: 'Metadata',
  min: 0,
  max: 13,
  flexibleFrom: 9,
  request: [
    array('topics', { nullable: 1 }, [field('topicId', uuid, { since: 10 }), field('name', string, { nullable: 10 })]),
    field('allowAutoTopicCreation', bool, { since: 4, default: true }),
    field('includeClusterAuthorizedOperations', bool, { since: 8, until: 10 }),
    field('includeTopicAuthorizedOperations', bool, { since: 8 }),
  ],
  response: [
    field('throttleTimeMs', int32, { since: 3 }),
    array('brokers', [
      field('nodeId', int32),
      field('host', string),
      field('port', int32),
      field('rack', string, { since: 1, nullable: 1, default: null }),
    ]),
    field('clusterId', string, { since: 2, nullable: 2, default: null }),
    field('controllerId', int32, { since: 1, default: -1 }),
    array('topics', [
      field('errorCode', int16),
      field('name', string, { nullable: 12 }),
      field('topicId', uuid, { since: 10 }),
      field('isInternal', bool, { since: 1, default: false }),
      array('partitions', [
        field('errorCode', int16),
        field('partitionIndex', int32),
        field('leaderId', int32),
        field('leaderEpoch', int32, { since: 7, default: -1 }),
        array('replicaNodes', int32),
        array('isrNodes', int32),
        array('offlineReplicas', int32, { since: 5 }),
      ]),
      field('topicAuthorizedOperations', int32, { since: 8, default: -0x8000_0000 }),
    ]),
    field('clusterAuthorizedOperations', int32, { since: 8, until: 10, default: -0x8000_0000 }),
    field('errorCode', int16, { since: 13 }),
  ],
});
