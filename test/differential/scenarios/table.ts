import type { Story } from '../story.js';
import { described, offsetsDeleted, partitionsAdded, quotas, recordsDeleted } from './administration.js';
import { anyRequests, everyApi, frames } from './any.js';
import { fetchAnywhere, fetchOutOfSession, fetchSeveral, offsetsByTime } from './fetch.js';
import { groupOfOne, groupOfTwo, joinsOdd, offsetsAlone } from './groups.js';
import { idempotence, produceFlawed, produceGood, produceOdd } from './produce.js';
import { producerIds } from './producers.js';
import { configsDescribed, metadataForms, topicsMadeAndDeleted } from './topics.js';

/** Every scenario: writes a script whose requests and versions it takes from the story's own randomness. */
export const scenarios: Readonly<Record<string, (story: Story) => void>> = {
  'every API': everyApi,
  'produce good': produceGood,
  'produce flawed': produceFlawed,
  'produce odd': produceOdd,
  idempotence,
  'fetch anywhere': fetchAnywhere,
  'fetch several': fetchSeveral,
  'fetch out of session': fetchOutOfSession,
  'offsets by time': offsetsByTime,
  'topics made and deleted': topicsMadeAndDeleted,
  'metadata forms': metadataForms,
  'configs described': configsDescribed,
  'partitions added': partitionsAdded,
  'records deleted': recordsDeleted,
  'offsets deleted': offsetsDeleted,
  described,
  quotas,
  'group of one': groupOfOne,
  'group of two': groupOfTwo,
  'joins odd': joinsOdd,
  'offsets alone': offsetsAlone,
  'producer ids': producerIds,
  'any requests': anyRequests,
  frames,
};
