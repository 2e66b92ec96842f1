import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, string } from '../types.js';

/** v4 filter by state (KIP-518) · v5 filter by type (KIP-848). */
export const listGroups = api({
  key: 16,
  name: 'ListGroups',
  min: 0,
  max: 5,
  flexibleFrom: 3,
  request: [array('statesFilter', string, { since: 4 }), array('typesFilter', string, { since: 5 })],
  response: [
    field('throttleTimeMs', int32, { since: 1 }),
    field('errorCode', int16),
    array('groups', [
      field('groupId', string),
      field('protocolType', string),
      field('groupState', string, { since: 4 }),
      field('groupType', string, { since: 5 }),
    ]),
  ],
});
