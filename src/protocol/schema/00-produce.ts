import { api } from '../codec.js';
import { array, field, struct } from '../definition.js';
import { int16, int32, int64, records, sentence, string, uuid } from '../types.js';

/**
 * Kafka refuses v0 to v2 yet lists them, because librdkafka up to 2.10 looks for v0 before it compresses (KAFKA-18659).
 * v3 transactions · v5 log start offset · v8 errors by record · v10 leader hints (KIP-951) · v13 topic ids (KIP-516).
 */
export const produce = api({
  key: 0,
  name: 'Produce',
  min: 3,
  max: 13,
  advertisedMin: 0,
  flexibleFrom: 9,
  // Decoded by a worker.
  elementsMax: 0x4_0000,
  request: [
    field('transactionalId', string, { nullable: 3, default: null }),
    field('acks', int16),
    field('timeoutMs', int32),
    array('topicData', [
      field('name', string, { until: 12 }),
      field('topicId', uuid, { since: 13 }),
      array('partitionData', [field('index', int32), field('records', records, { nullable: 3 })]),
    ]),
  ],
  response: [
    array('responses', [
      field('name', string, { until: 12 }),
      field('topicId', uuid, { since: 13 }),
      array('partitionResponses', [
        field('index', int32),
        field('errorCode', int16),
        field('baseOffset', int64),
        field('logAppendTimeMs', int64, { default: -1 }),
        field('logStartOffset', int64, { since: 5, default: -1 }),
        array('recordErrors', { since: 8 }, [
          field('batchIndex', int32),
          field('batchIndexErrorMessage', sentence, { nullable: 8, default: null }),
        ]),
        field('errorMessage', sentence, { since: 8, nullable: 8, default: null }),
        struct('currentLeader', { since: 10, tag: 0 }, [
          field('leaderId', int32, { default: -1 }),
          field('leaderEpoch', int32, { default: -1 }),
        ]),
      ]),
    ]),
    field('throttleTimeMs', int32, { default: 0 }),
    array('nodeEndpoints', { since: 10, tag: 0 }, [
      field('nodeId', int32),
      field('host', string),
      field('port', int32),
      field('rack', string, { nullable: 10, default: null }),
    ]),
  ],
});
