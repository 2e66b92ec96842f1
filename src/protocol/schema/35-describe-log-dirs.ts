import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, int16, int32, int64, string } from '../types.js';

/** v3 an error of the whole answer · v4 sizes of the volume (KIP-827) · v5 cordoned (KIP-1066). */
export const describeLogDirs = api({
  key: 35,
  name: 'DescribeLogDirs',
  min: 1,
  max: 5,
  flexibleFrom: 2,
  request: [array('topics', { nullable: 1 }, [field('topic', string), array('partitions', int32)])],
  response: [
    field('throttleTimeMs', int32),
    field('errorCode', int16, { since: 3 }),
    array('results', [
      field('errorCode', int16),
      field('logDir', string),
      array('topics', [
        field('name', string),
        array('partitions', [
          field('partitionIndex', int32),
          field('partitionSize', int64),
          field('offsetLag', int64),
          field('isFutureKey', bool),
        ]),
      ]),
      field('totalBytes', int64, { since: 4, default: -1 }),
      field('usableBytes', int64, { since: 4, default: -1 }),
      field('isCordoned', bool, { since: 5, default: false }),
    ]),
  ],
});
