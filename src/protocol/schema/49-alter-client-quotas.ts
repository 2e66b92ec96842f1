import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, float64, int16, int32, sentence, string } from '../types.js';

/** v1 is the flexible v0. */
export const alterClientQuotas = api({
  key: 49,
  name: 'AlterClientQuotas',
  min: 0,
  max: 1,
  flexibleFrom: 1,
  request: [
    array('entries', [
      array('entity', [field('entityType', string), field('entityName', string, { nullable: 0 })]),
      array('ops', [field('key', string), field('value', float64), field('remove', bool)]),
    ]),
    field('validateOnly', bool),
  ],
  response: [
    field('throttleTimeMs', int32),
    array('entries', [
      field('errorCode', int16),
      field('errorMessage', sentence, { nullable: 0 }),
      array('entity', [field('entityType', string), field('entityName', string, { nullable: 0 })]),
    ]),
  ],
});
