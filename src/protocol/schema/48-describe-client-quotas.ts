import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, float64, int16, int32, int8, sentence, string } from '../types.js';

/** v1 is the flexible v0. */
export const describeClientQuotas = api({
  key: 48,
  name: 'DescribeClientQuotas',
  min: 0,
  max: 1,
  flexibleFrom: 1,
  request: [
    array('components', [
      field('entityType', string),
      field('matchType', int8),
      field('match', string, { nullable: 0 }),
    ]),
    field('strict', bool),
  ],
  response: [
    field('throttleTimeMs', int32),
    field('errorCode', int16),
    field('errorMessage', sentence, { nullable: 0 }),
    array('entries', { nullable: 0 }, [
      array('entity', [field('entityType', string), field('entityName', string, { nullable: 0 })]),
      array('values', [field('key', string), field('value', float64)]),
    ]),
  ],
});
