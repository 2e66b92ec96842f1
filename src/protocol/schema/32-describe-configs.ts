import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, int16, int32, int8, sentence, string, text } from '../types.js';

/** v1 synonyms (KIP-226) · v3 types and documentation (KIP-569). */
export const describeConfigs = api({
  key: 32,
  name: 'DescribeConfigs',
  min: 1,
  max: 4,
  flexibleFrom: 4,
  request: [
    array('resources', [
      field('resourceType', int8),
      field('resourceName', string),
      array('configurationKeys', string, { nullable: 1 }),
    ]),
    field('includeSynonyms', bool, { default: false }),
    field('includeDocumentation', bool, { since: 3, default: false }),
  ],
  response: [
    field('throttleTimeMs', int32),
    array('results', [
      field('errorCode', int16),
      field('errorMessage', sentence, { nullable: 1 }),
      field('resourceType', int8),
      field('resourceName', string),
      array('configs', [
        field('name', string),
        field('value', text, { nullable: 1 }),
        field('readOnly', bool),
        field('configSource', int8, { default: -1 }),
        field('isSensitive', bool),
        array('synonyms', [field('name', string), field('value', text, { nullable: 1 }), field('source', int8)]),
        field('configType', int8, { since: 3, default: 0 }),
        field('documentation', text, { since: 3, nullable: 3 }),
      ]),
    ]),
  ],
});
