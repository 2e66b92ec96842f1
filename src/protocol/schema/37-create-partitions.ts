import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, int16, int32, sentence, string } from '../types.js';

/** v2 flexible · v3 may answer THROTTLING_QUOTA_EXCEEDED (KIP-599). */
export const createPartitions = api({
  key: 37,
  name: 'CreatePartitions',
  min: 0,
  max: 3,
  flexibleFrom: 2,
  request: [
    array('topics', [
      field('name', string),
      field('count', int32),
      array('assignments', { nullable: 0 }, [array('brokerIds', int32)]),
    ]),
    field('timeoutMs', int32),
    field('validateOnly', bool),
  ],
  response: [
    field('throttleTimeMs', int32),
    array('results', [
      field('name', string),
      field('errorCode', int16),
      field('errorMessage', sentence, { nullable: 0, default: null }),
    ]),
  ],
});
