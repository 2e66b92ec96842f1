import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, int8, sentence, string } from '../types.js';

/** v1 election types and an error of the whole answer (KIP-460) · v2 flexible. */
export const electLeaders = api({
  key: 43,
  name: 'ElectLeaders',
  min: 0,
  max: 2,
  flexibleFrom: 2,
  request: [
    field('electionType', int8, { since: 1 }),
    array('topicPartitions', { nullable: 0 }, [field('topic', string), array('partitions', int32)]),
    field('timeoutMs', int32, { default: 60_000 }),
  ],
  response: [
    field('throttleTimeMs', int32),
    field('errorCode', int16, { since: 1 }),
    array('replicaElectionResults', [
      field('topic', string),
      array('partitionResult', [
        field('partitionId', int32),
        field('errorCode', int16),
        field('errorMessage', sentence, { nullable: 0 }),
      ]),
    ]),
  ],
});
