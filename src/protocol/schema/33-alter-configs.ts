import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, int16, int32, int8, sentence, string, text } from '../types.js';

/** v2 flexible. */
export const alterConfigs = api({
  key: 33,
  name: 'AlterConfigs',
  min: 0,
  max: 2,
  flexibleFrom: 2,
  request: [
    array('resources', [
      field('resourceType', int8),
      field('resourceName', string),
      array('configs', [field('name', string), field('value', text, { nullable: 0 })]),
    ]),
    field('validateOnly', bool),
  ],
  response: [
    field('throttleTimeMs', int32),
    array('responses', [
      field('errorCode', int16),
      field('errorMessage', sentence, { nullable: 0 }),
      field('resourceType', int8),
      field('resourceName', string),
    ]),
  ],
});
