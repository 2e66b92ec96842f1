import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, int64, string, text, uuid } from '../types.js';

/** v2 to v4 carry a retention time that is not honoured · v7 static members · v10 topic ids (KIP-848). */
export const offsetCommit = api({
  key: 8,
  name: 'OffsetCommit',
  min: 2,
  max: 10,
  flexibleFrom: 8,
  request: [
    field('groupId', string),
    field('generationIdOrMemberEpoch', int32, { default: -1 }),
    field('memberId', string),
    field('groupInstanceId', string, { since: 7, nullable: 7, default: null }),
    field('retentionTimeMs', int64, { until: 4, default: -1 }),
    array('topics', [
      field('name', string, { until: 9 }),
      field('topicId', uuid, { since: 10 }),
      array('partitions', [
        field('partitionIndex', int32),
        field('committedOffset', int64),
        field('committedLeaderEpoch', int32, { since: 6, default: -1 }),
        field('committedMetadata', text, { nullable: 2 }),
      ]),
    ]),
  ],
  response: [
    field('throttleTimeMs', int32, { since: 3 }),
    array('topics', [
      field('name', string, { until: 9 }),
      field('topicId', uuid, { since: 10 }),
      array('partitions', [field('partitionIndex', int32), field('errorCode', int16)]),
    ]),
  ],
});
