import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bytes, int16, int32, string } from '../types.js';

/** v3 static members (KIP-345) · v5 protocol type and name (KIP-559). */
export const syncGroup = api({
  key: 14,
  name: 'SyncGroup',
  min: 0,
  max: 5,
  flexibleFrom: 4,
  request: [
    field('groupId', string),
    field('generationId', int32),
    field('memberId', string),
    field('groupInstanceId', string, { since: 3, nullable: 3, default: null }),
    field('protocolType', string, { since: 5, nullable: 5, default: null }),
    field('protocolName', string, { since: 5, nullable: 5, default: null }),
    array('assignments', [field('memberId', string), field('assignment', bytes)]),
  ],
  response: [
    field('throttleTimeMs', int32, { since: 1 }),
    field('errorCode', int16),
    field('protocolType', string, { since: 5, nullable: 5, default: null }),
    field('protocolName', string, { since: 5, nullable: 5, default: null }),
    field('assignment', bytes),
  ],
});
