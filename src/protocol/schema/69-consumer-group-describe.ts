import { api } from '../codec.js';
import { array, field, struct } from '../definition.js';
import { bool, int16, int32, int8, sentence, string, text, uuid } from '../types.js';

const assignment = [
  array('topicPartitions', [field('topicId', uuid), field('topicName', string), array('partitions', int32)]),
] as const;

/** v1 the protocol that a member uses (KIP-1099). */
export const consumerGroupDescribe = api({
  key: 69,
  name: 'ConsumerGroupDescribe',
  min: 0,
  max: 1,
  flexibleFrom: 0,
  request: [array('groupIds', string), field('includeAuthorizedOperations', bool)],
  response: [
    field('throttleTimeMs', int32),
    array('groups', [
      field('errorCode', int16),
      field('errorMessage', sentence, { nullable: 0, default: null }),
      field('groupId', string),
      field('groupState', string),
      field('groupEpoch', int32),
      field('assignmentEpoch', int32),
      field('assignorName', string),
      array('members', [
        field('memberId', string),
        field('instanceId', string, { nullable: 0, default: null }),
        field('rackId', string, { nullable: 0, default: null }),
        field('memberEpoch', int32),
        field('clientId', string),
        field('clientHost', string),
        array('subscribedTopicNames', string),
        field('subscribedTopicRegex', text, { nullable: 0, default: null }),
        struct('assignment', {}, assignment),
        struct('targetAssignment', {}, assignment),
        field('memberType', int8, { since: 1, default: -1 }),
      ]),
      field('authorizedOperations', int32, { default: -0x8000_0000 }),
    ]),
  ],
});
