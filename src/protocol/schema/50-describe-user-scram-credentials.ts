import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { int16, int32, int8, sentence, string } from '../types.js';

export const describeUserScramCredentials = api({
  key: 50,
  name: 'DescribeUserScramCredentials',
  min: 0,
  max: 0,
  flexibleFrom: 0,
  request: [array('users', { nullable: 0 }, [field('name', string)])],
  response: [
    field('throttleTimeMs', int32),
    field('errorCode', int16),
    field('errorMessage', sentence, { nullable: 0 }),
    array('results', [
      field('user', string),
      field('errorCode', int16),
      field('errorMessage', sentence, { nullable: 0 }),
      array('credentialInfos', [field('mechanism', int8), field('iterations', int32)]),
    ]),
  ],
});
