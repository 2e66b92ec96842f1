import { api } from '../codec.js';
import { array, field, struct } from '../definition.js';
import { bool, int16, int32, string, uuid } from '../types.js';

const cursor = [field('topicName', string), field('partitionIndex', int32)] as const;

/** The only version (KIP-966). */
export const describeTopicPartitions = api({
  key: 75,
  name: 'DescribeTopicPartitions',
  min: 0,
  max: 0,
  flexibleFrom: 0,
  request: [
    array('topics', [field('name', string)]),
    field('responsePartitionLimit', int32, { default: 2000 }),
    struct('cursor', { nullable: 0, default: null }, cursor),
  ],
  response: [
    field('throttleTimeMs', int32),
    array('topics', [
      field('errorCode', int16),
      field('name', string, { nullable: 0 }),
      field('topicId', uuid),
      field('isInternal', bool, { default: false }),
      array('partitions', [
        field('errorCode', int16),
        field('partitionIndex', int32),
        field('leaderId', int32),
        field('leaderEpoch', int32, { default: -1 }),
        array('replicaNodes', int32),
        array('isrNodes', int32),
        array('eligibleLeaderReplicas', int32, { nullable: 0, default: null }),
        array('lastKnownElr', int32, { nullable: 0, default: null }),
        array('offlineReplicas', int32),
      ]),
      field('topicAuthorizedOperations', int32, { default: -0x8000_0000 }),
    ]),
    struct('nextCursor', { nullable: 0, default: null }, cursor),
  ],
});
