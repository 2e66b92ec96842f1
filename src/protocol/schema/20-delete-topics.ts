import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, sentence, string, uuid } from '../types.js';

/** v1 to v5 name topics, v6 names or ids (KIP-516) · v5 error messages. */
export const deleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  min: 1,
  max: 6,
  flexibleFrom: 4,
  request: [
    array('topics', { since: 6 }, [field('name', string, { nullable: 6, default: null }), field('topicId', uuid)]),
    array('topicNames', string, { until: 5 }),
    field('timeoutMs', int32),
  ],
  response: [
    field('throttleTimeMs', int32),
    array('responses', [
      field('name', string, { nullable: 6 }),
      field('topicId', uuid, { since: 6 }),
      field('errorCode', int16),
      field('errorMessage', sentence, { since: 5, nullable: 5, default: null }),
    ]),
  ],
});
