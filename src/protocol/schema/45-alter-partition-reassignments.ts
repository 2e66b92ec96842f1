import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, int16, int32, sentence, string } from '../types.js';

/** v1 may forbid a change of the number of replicas (KIP-860). */
export const alterPartitionReassignments = api({
  key: 45,
  name: 'AlterPartitionReassignments',
  min: 0,
  max: 1,
  flexibleFrom: 0,
  request: [
    field('timeoutMs', int32, { default: 60_000 }),
    field('allowReplicationFactorChange', bool, { since: 1, default: true }),
    array('topics', [
      field('name', string),
      array('partitions', [field('partitionIndex', int32), array('replicas', int32, { nullable: 0, default: null })]),
    ]),
  ],
  response: [
    field('throttleTimeMs', int32),
    field('allowReplicationFactorChange', bool, { since: 1, default: true }),
    field('errorCode', int16),
    field('errorMessage', sentence, { nullable: 0 }),
    array('responses', [
      field('name', string),
      array('partitions', [
        field('partitionIndex', int32),
        field('errorCode', int16),
        field('errorMessage', sentence, { nullable: 0 }),
      ]),
    ]),
  ],
});
