import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, int64, string } from '../types.js';

/** v1 as v0 · v2 flexible. */
export const deleteRecords = api({
  key: 21,
  name: 'DeleteRecords',
  min: 0,
  max: 2,
  flexibleFrom: 2,
  request: [
    array('topics', [
      field('name', string),
      array('partitions', [field('partitionIndex', int32), field('offset', int64)]),
    ]),
    field('timeoutMs', int32),
  ],
  response: [
    field('throttleTimeMs', int32),
    array('topics', [
      field('name', string),
      array('partitions', [field('partitionIndex', int32), field('lowWatermark', int64), field('errorCode', int16)]),
    ]),
  ],
});
