import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, int8, sentence, string } from '../types.js';

/** v0 to v3 ask for one key, v4 and later for several (KIP-699) · v1 transaction coordinators. */
export const findCoordinator = api({
  key: 10,
  name: 'FindCoordinator',
  min: 0,
  max: 6,
  flexibleFrom: 3,
  request: [
    field('key', string, { until: 3 }),
    field('keyType', int8, { since: 1, default: 0 }),
    array('coordinatorKeys', string, { since: 4 }),
  ],
  response: [
    field('throttleTimeMs', int32, { since: 1 }),
    field('errorCode', int16, { until: 3 }),
    field('errorMessage', sentence, { since: 1, until: 3, nullable: 1 }),
    field('nodeId', int32, { until: 3 }),
    field('host', string, { until: 3 }),
    field('port', int32, { until: 3 }),
    array('coordinators', { since: 4 }, [
      field('key', string),
      field('nodeId', int32),
      field('host', string),
      field('port', int32),
      field('errorCode', int16),
      field('errorMessage', sentence, { nullable: 4 }),
    ]),
  ],
});
