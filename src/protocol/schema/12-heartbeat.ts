import { api } from '../codec.js';
import { field } from '../definition.js';
import { int16, int32, string } from '../types.js';

/** v3 static members (KIP-345). */
export const heartbeat = api({
  key: 12,
  name: 'Heartbeat',
  min: 0,
  max: 4,
  flexibleFrom: 4,
  request: [
    field('groupId', string),
    field('generationId', int32),
    field('memberId', string),
    field('groupInstanceId', string, { since: 3, nullable: 3, default: null }),
  ],
  response: [field('throttleTimeMs', int32, { since: 1 }), field('errorCode', int16)],
});
