import { api } from '../codec.js';
import { array, field, struct } from '../definition.js';
import { int16, int32, sentence, string, text, uuid } from '../types.js';

const topicPartitions = [field('topicId', uuid), array('partitions', int32)] as const;

/** v1 regular expressions (KIP-848), member ids made by the client (KIP-1082). */
export const consumerGroupHeartbeat = api({
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  min: 0,
  max: 1,
  flexibleFrom: 0,
  request: [
    field('groupId', string),
    field('memberId', string),
    field('memberEpoch', int32),
    field('instanceId', string, { nullable: 0, default: null }),
    field('rackId', string, { nullable: 0, default: null }),
    field('rebalanceTimeoutMs', int32, { default: -1 }),
    array('subscribedTopicNames', string, { nullable: 0, default: null }),
    field('subscribedTopicRegex', text, { since: 1, nullable: 1, default: null }),
    field('serverAssignor', string, { nullable: 0, default: null }),
    array('topicPartitions', { nullable: 0, default: null }, topicPartitions),
  ],
  response: [
    field('throttleTimeMs', int32),
    field('errorCode', int16),
    field('errorMessage', sentence, { nullable: 0, default: null }),
    field('memberId', string, { nullable: 0, default: null }),
    field('memberEpoch', int32),
    field('heartbeatIntervalMs', int32),
    struct('assignment', { nullable: 0, default: null }, [array('topicPartitions', topicPartitions)]),
  ],
});
