import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, int8, string } from '../types.js';

/** v0 was ListClientMetricsResources (KIP-714) · v1 any types (KIP-1142). */
export const listConfigResources = api({
  key: 74,
  name: 'ListConfigResources',
  min: 0,
  max: 1,
  flexibleFrom: 0,
  request: [array('resourceTypes', int8, { since: 1 })],
  response: [
    field('throttleTimeMs', int32),
    field('errorCode', int16),
    array('configResources', [field('resourceName', string), field('resourceType', int8, { since: 1, default: 16 })]),
  ],
});
