import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, string, text } from '../types.js';

/** v0 to v2 name one member, v3 and later several (KIP-345) · v5 reason (KIP-800). */
export const leaveGroup = api({
  key: 13,
  name: 'LeaveGroup',
  min: 0,
  max: 5,
  flexibleFrom: 4,
  request: [
    field('groupId', string),
    field('memberId', string, { until: 2 }),
    array('members', { since: 3 }, [
      field('memberId', string),
      field('groupInstanceId', string, { nullable: 3, default: null }),
      field('reason', text, { since: 5, nullable: 5, default: null }),
    ]),
  ],
  response: [
    field('throttleTimeMs', int32, { since: 1 }),
    field('errorCode', int16),
    array('members', { since: 3 }, [
      field('memberId', string),
      field('groupInstanceId', string, { nullable: 3 }),
      field('errorCode', int16),
    ]),
  ],
});
