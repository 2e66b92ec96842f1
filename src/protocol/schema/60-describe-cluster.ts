import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, int16, int32, int8, sentence, string } from '../types.js';

/** v1 endpoint type (KIP-919) · v2 fenced brokers (KIP-1073). */
export const describeCluster = api({
  key: 60,
  name: 'DescribeCluster',
  min: 0,
  max: 2,
  flexibleFrom: 0,
  request: [
    field('includeClusterAuthorizedOperations', bool),
    field('endpointType', int8, { since: 1, default: 1 }),
    field('includeFencedBrokers', bool, { since: 2 }),
  ],
  response: [
    field('throttleTimeMs', int32),
    field('errorCode', int16),
    field('errorMessage', sentence, { nullable: 0, default: null }),
    field('endpointType', int8, { since: 1, default: 1 }),
    field('clusterId', string),
    field('controllerId', int32, { default: -1 }),
    array('brokers', [
      field('brokerId', int32),
      field('host', string),
      field('port', int32),
      field('rack', string, { nullable: 0, default: null }),
      field('isFenced', bool, { since: 2 }),
    ]),
    field('clusterAuthorizedOperations', int32, { default: -0x8000_0000 }),
  ],
});
