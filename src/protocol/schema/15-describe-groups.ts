import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, bytes, int16, int32, sentence, string } from '../types.js';

/** v3 authorized operations (KIP-430) · v4 static members · v6 an error for an unknown group (KIP-1043). */
export const describeGroups = api({
  key: 15,
  name: 'DescribeGroups',
  min: 0,
  max: 6,
  flexibleFrom: 5,
  request: [array('groups', string), field('includeAuthorizedOperations', bool, { since: 3 })],
  response: [
    field('throttleTimeMs', int32, { since: 1 }),
    array('groups', [
      field('errorCode', int16),
      field('errorMessage', sentence, { since: 6, nullable: 6, default: null }),
      field('groupId', string),
      field('groupState', string),
      field('protocolType', string),
      field('protocolData', string),
      array('members', [
        field('memberId', string),
        field('groupInstanceId', string, { since: 4, nullable: 4, default: null }),
        field('clientId', string),
        field('clientHost', string),
        field('memberMetadata', bytes),
        field('memberAssignment', bytes),
      ]),
      field('authorizedOperations', int32, { since: 3, default: -0x8000_0000 }),
    ]),
  ],
});
