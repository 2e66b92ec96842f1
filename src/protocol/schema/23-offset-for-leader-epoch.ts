import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, int64, string } from '../types.js';

/** v2 current leader epoch (KIP-320) · v3 replica id. */
export const offsetForLeaderEpoch = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  min: 2,
  max: 4,
  flexibleFrom: 4,
  request: [
    field('replicaId', int32, { since: 3, default: -2 }),
    array('topics', [
      field('topic', string),
      array('partitions', [
        field('partition', int32),
        field('currentLeaderEpoch', int32, { default: -1 }),
        field('leaderEpoch', int32),
      ]),
    ]),
  ],
  response: [
    field('throttleTimeMs', int32),
    array('topics', [
      field('topic', string),
      array('partitions', [
        field('errorCode', int16),
        field('partition', int32),
        field('leaderEpoch', int32, { default: -1 }),
        field('endOffset', int64, { default: -1 }),
      ]),
    ]),
  ],
});
