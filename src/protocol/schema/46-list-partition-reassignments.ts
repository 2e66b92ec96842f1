import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, sentence, string } from '../types.js';

/** The only version. */
export const listPartitionReassignments = api({
  key: 46,
  name: 'ListPartitionReassignments',
  min: 0,
  max: 0,
  flexibleFrom: 0,
  request: [
    field('timeoutMs', int32, { default: 60_000 }),
    array('topics', { nullable: 0, default: null }, [field('name', string), array('partitionIndexes', int32)]),
  ],
  response: [
    field('throttleTimeMs', int32),
    field('errorCode', int16),
    field('errorMessage', sentence, { nullable: 0 }),
    array('topics', [
      field('name', string),
      array('partitions', [
        field('partitionIndex', int32),
        array('replicas', int32),
        array('addingReplicas', int32),
        array('removingReplicas', int32),
      ]),
    ]),
  ],
});
