import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, bytes, int16, int32, string, text } from '../types.js';

/** v1 rebalance timeout · v5 static members (KIP-345) · v7 protocol type · v8 reason · v9 skip assignment (KIP-814). */
export const joinGroup = api({
  key: 11,
  name: 'JoinGroup',
  min: 0,
  max: 9,
  flexibleFrom: 6,
  // Protocols: clients offer one to three, and choosing one for a group compares those of all its members.
  elementsMax: 1_024,
  request: [
    field('groupId', string),
    field('sessionTimeoutMs', int32),
    field('rebalanceTimeoutMs', int32, { since: 1, default: -1 }),
    field('memberId', string),
    field('groupInstanceId', string, { since: 5, nullable: 5, default: null }),
    field('protocolType', string),
    array('protocols', [field('name', string), field('metadata', bytes)]),
    field('reason', text, { since: 8, nullable: 8, default: null }),
  ],
  response: [
    field('throttleTimeMs', int32, { since: 2 }),
    field('errorCode', int16),
    field('generationId', int32, { default: -1 }),
    field('protocolType', string, { since: 7, nullable: 7, default: null }),
    field('protocolName', string, { nullable: 7 }),
    field('leader', string),
    field('skipAssignment', bool, { since: 9, default: false }),
    field('memberId', string),
    array('members', [
      field('memberId', string),
      field('groupInstanceId', string, { since: 5, nullable: 5, default: null }),
      field('metadata', bytes),
    ]),
  ],
});
