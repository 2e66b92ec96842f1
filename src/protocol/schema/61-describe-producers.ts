import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, int64, sentence, string } from '../types.js';

/** The only version (KIP-664). */
export const describeProducers = api({
  key: 61,
  name: 'DescribeProducers',
  min: 0,
  max: 0,
  flexibleFrom: 0,
  request: [array('topics', [field('name', string), array('partitionIndexes', int32)])],
  response: [
    field('throttleTimeMs', int32),
    array('topics', [
      field('name', string),
      array('partitions', [
        field('partitionIndex', int32),
        field('errorCode', int16),
        field('errorMessage', sentence, { nullable: 0, default: null }),
        array('activeProducers', [
          field('producerId', int64),
          field('producerEpoch', int32),
          field('lastSequence', int32, { default: -1 }),
          field('lastTimestamp', int64, { default: -1 }),
          field('coordinatorEpoch', int32),
          field('currentTxnStartOffset', int64, { default: -1 }),
        ]),
      ]),
    ]),
  ],
});
