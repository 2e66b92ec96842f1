import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, int16, int32, int8, sentence, string, text, uuid } from '../types.js';

/** v4 defaults for partitions and replication (KIP-464) · v5 the made topic's settings (KIP-525) · v7 topic id (KIP-516). */
export const createTopics = api({
  key: 19,
  name: 'CreateTopics',
  min: 2,
  max: 7,
  flexibleFrom: 5,
  request: [
    array('topics', [
      field('name', string),
      field('numPartitions', int32),
      field('replicationFactor', int16),
      array('assignments', [field('partitionIndex', int32), array('brokerIds', int32)]),
      array('configs', [field('name', string), field('value', text, { nullable: 2 })]),
    ]),
    field('timeoutMs', int32, { default: 60000 }),
    field('validateOnly', bool, { default: false }),
  ],
  response: [
    field('throttleTimeMs', int32),
    array('topics', [
      field('name', string),
      field('topicId', uuid, { since: 7 }),
      field('errorCode', int16),
      field('errorMessage', sentence, { nullable: 2 }),
      field('topicConfigErrorCode', int16, { since: 5, tag: 0 }),
      field('numPartitions', int32, { since: 5, default: -1 }),
      field('replicationFactor', int16, { since: 5, default: -1 }),
      array('configs', { since: 5, nullable: 5 }, [
        field('name', string),
        field('value', text, { nullable: 5 }),
        field('readOnly', bool),
        field('configSource', int8, { default: -1 }),
        field('isSensitive', bool),
      ]),
    ]),
  ],
});
