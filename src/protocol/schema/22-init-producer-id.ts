import { api } from '../codec.js';
import { field } from '../definition.js';
import { int16, int32, int64, string } from '../types.js';

/** v3 keeps a producer's id over errors (KIP-360). v6 of the official definition is unstable (KIP-939) and not served. */
export const initProducerId = api({
  key: 22,
  name: 'InitProducerId',
  min: 0,
  max: 5,
  flexibleFrom: 2,
  request: [
    field('transactionalId', string, { nullable: 0 }),
    field('transactionTimeoutMs', int32),
    field('producerId', int64, { since: 3, default: -1 }),
    field('producerEpoch', int16, { since: 3, default: -1 }),
  ],
  response: [
    field('throttleTimeMs', int32),
    field('errorCode', int16),
    field('producerId', int64, { default: -1 }),
    field('producerEpoch', int16),
  ],
});
