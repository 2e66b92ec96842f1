import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, int16, int32, int64, string, text, uuid } from '../types.js';

/** v1 to v7 ask for one group, v8 and later for several · v7 stable offsets (KIP-447) · v10 topic ids (KIP-848). */
export const offsetFetch = api({
  key: 9,
  name: 'OffsetFetch',
  min: 1,
  max: 10,
  flexibleFrom: 6,
  request: [
    field('groupId', string, { until: 7 }),
    array('topics', { until: 7, nullable: 2 }, [field('name', string), array('partitionIndexes', int32)]),
    array('groups', { since: 8 }, [
      field('groupId', string),
      field('memberId', string, { since: 9, nullable: 9, default: null }),
      field('memberEpoch', int32, { since: 9, default: -1 }),
      array('topics', { nullable: 8 }, [
        field('name', string, { until: 9 }),
        field('topicId', uuid, { since: 10 }),
        array('partitionIndexes', int32),
      ]),
    ]),
    field('requireStable', bool, { since: 7, default: false }),
  ],
  response: [
    field('throttleTimeMs', int32, { since: 3 }),
    array('topics', { until: 7 }, [
      field('name', string),
      array('partitions', [
        field('partitionIndex', int32),
        field('committedOffset', int64),
        field('committedLeaderEpoch', int32, { since: 5, default: -1 }),
        field('metadata', text, { nullable: 1 }),
        field('errorCode', int16),
      ]),
    ]),
    field('errorCode', int16, { since: 2, until: 7, default: 0 }),
    array('groups', { since: 8 }, [
      field('groupId', string),
      array('topics', [
        field('name', string, { until: 9 }),
        field('topicId', uuid, { since: 10 }),
        array('partitions', [
          field('partitionIndex', int32),
          field('committedOffset', int64),
          field('committedLeaderEpoch', int32, { default: -1 }),
          field('metadata', text, { nullable: 8 }),
          field('errorCode', int16),
        ]),
      ]),
      field('errorCode', int16, { default: 0 }),
    ]),
  ],
});
