import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, int64, int8, string } from '../types.js';

/** v2 isolation level · v4 leader epochs · v7 to v11 more special timestamps (KIP-734, KIP-405, KIP-1005, KIP-1023). */
export const listOffsets = api({
  key: 2,
  name: 'ListOffsets',
  min: 1,
  max: 11,
  flexibleFrom: 6,
  request: [
    field('replicaId', int32),
    field('isolationLevel', int8, { since: 2 }),
    array('topics', [
      field('name', string),
      array('partitions', [
        field('partitionIndex', int32),
        field('currentLeaderEpoch', int32, { since: 4, default: -1 }),
        field('timestamp', int64),
      ]),
    ]),
    field('timeoutMs', int32, { since: 10 }),
  ],
  response: [
    field('throttleTimeMs', int32, { since: 2 }),
    array('topics', [
      field('name', string),
      array('partitions', [
        field('partitionIndex', int32),
        field('errorCode', int16),
        field('timestamp', int64, { default: -1 }),
        field('offset', int64, { default: -1 }),
        field('leaderEpoch', int32, { since: 4, default: -1 }),
      ]),
    ]),
  ],
});
