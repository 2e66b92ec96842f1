import { expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { makeTopics } from './local-topics.js';

it.each([
  ['all', null],
  ['none', []],
  [
    'some, unknown ones among them',
    [
      { name: 't', partitionIndexes: [0, 9] },
      { name: 'nope', partitionIndexes: [0] },
    ],
  ],
])('v0 %s: nothing is ever under way, and that is no error', async (_name, topics) => {
  const agent = await LocalAgent.start();
  await makeTopics(agent, { t: {} });
  const answer = await agent.connect().call(apis.listPartitionReassignments, 0, { timeoutMs: 1_000, topics });
  expect(answer).toEqual({ throttleTimeMs: 0, errorCode: 0, errorMessage: null, topics: [] });
});
