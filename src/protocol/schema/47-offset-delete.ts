import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, string } from '../types.js';

/** Never flexible. */
export const offsetDelete = api({
  key: 47,
  name: 'OffsetDelete',
  min: 0,
  max: 0,
  flexibleFrom: undefined,
  request: [
    field('groupId', string),
    array('topics', [field('name', string), array('partitions', [field('partitionIndex', int32)])]),
  ],
  response: [
    field('errorCode', int16),
    field('throttleTimeMs', int32),
    array('topics', [
      field('name', string),
      array('partitions', [field('partitionIndex', int32), field('errorCode', int16)]),
    ]),
  ],
});
