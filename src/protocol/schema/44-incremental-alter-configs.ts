import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, int16, int32, int8, sentence, string, text } from '../types.js';

/** KIP-339 · v1 flexible. */
export const incrementalAlterConfigs = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  min: 0,
  max: 1,
  flexibleFrom: 1,
  request: [
    array('resources', [
      field('resourceType', int8),
      field('resourceName', string),
      array('configs', [field('name', string), field('configOperation', int8), field('value', text, { nullable: 0 })]),
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
