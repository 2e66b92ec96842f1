import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, string } from '../types.js';

/** v2 is the flexible v1. */
export const deleteGroups = api({
  key: 42,
  name: 'DeleteGroups',
  min: 0,
  max: 2,
  flexibleFrom: 2,
  request: [array('groupsNames', string)],
  response: [field('throttleTimeMs', int32), array('results', [field('groupId', string), field('errorCode', int16)])],
});
