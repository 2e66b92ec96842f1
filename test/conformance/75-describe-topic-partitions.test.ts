import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { makeTopics } from './local-topics.js';

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';
const NOT_REQUESTED = -0x8000_0000;
/** Read, write, create, delete, alter, describe, describe configs, alter configs: what Kafka answers without an authorizer. */
const ALL_OPERATIONS = 3_576;

async function agentWithTopics(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  await makeTopics(agent, { u: { partitions: 2 }, t: { partitions: 3 }, __consumer_offsets: {} });
  return agent;
}

interface Page {
  readonly topics?: readonly string[];
  readonly limit?: number;
  readonly cursor?: readonly [topicName: string, partitionIndex: number];
}

const ask = (agent: LocalAgent, { topics = [], limit = 2_000, cursor }: Page) =>
  agent.connect().call(apis.describeTopicPartitions, 0, {
    topics: topics.map((name) => ({ name })),
    responsePartitionLimit: limit,
    cursor: cursor === undefined ? null : { topicName: cursor[0], partitionIndex: cursor[1] },
  });

/** `name error: partitions` a topic, then where to go on. */
async function page(asked: Page): Promise<string[]> {
  const { topics, nextCursor } = await ask(await agentWithTopics(), asked);
  return [
    ...topics.map(
      ({ name, errorCode, partitions }) =>
        `${name} ${errorCode}: ${partitions.map(({ partitionIndex }) => partitionIndex).join(' ')}`,
    ),
    ...(nextCursor === null ? [] : [`then ${nextCursor.topicName} ${nextCursor.partitionIndex}`]),
  ];
}

it('v0 tells all of a topic', async () => {
  const agent = await agentWithTopics();
  const { topics, nextCursor } = await ask(agent, { topics: ['u', '__consumer_offsets'] });
  const { nodeId } = agent.metadata.self;
  expect(nextCursor).toBeNull();
  expect(topics[0]).toMatchObject({ name: '__consumer_offsets', isInternal: true });
  expect(topics[1]).toEqual({
    errorCode: 0,
    name: 'u',
    topicId: agent.metadata.view.topicByName('u')!.topicId,
    isInternal: false,
    partitions: [0, 1].map((partitionIndex) => ({
      errorCode: 0,
      partitionIndex,
      leaderId: nodeId,
      leaderEpoch: 0,
      replicaNodes: [nodeId],
      isrNodes: [nodeId],
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: [],
    })),
    topicAuthorizedOperations: ALL_OPERATIONS,
  });
});

describe('pages', () => {
  const offsets = '__consumer_offsets 0: 0';
  const cases: readonly (readonly [string, Page, readonly string[]])[] = [
    ['all, by name', {}, [offsets, 't 0: 0 1 2', 'u 0: 0 1']],
    ['ends within a topic', { limit: 3 }, [offsets, 't 0: 0 1', 'then t 2']],
    ['ends with a topic', { limit: 4 }, [offsets, 't 0: 0 1 2', 'then u 0']],
    ['goes on at a cursor', { limit: 3, cursor: ['t', 1] }, ['t 0: 1 2', 'u 0: 0', 'then u 1']],
    ['0 counts as 1', { limit: 0, cursor: ['t', 0] }, ['t 0: 0', 'then t 1']],
    ['a negative limit counts as 1', { limit: -5, cursor: ['t', 2] }, ['t 0: 2', 'then u 0']],
    ['a cursor beyond the last partition', { cursor: ['t', 7] }, ['t 0: ', 'u 0: 0 1']],
    ['a cursor of a topic that is gone', { cursor: ['sss', 1] }, ['t 0: 0 1 2', 'u 0: 0 1']],
    ['named ones, each once', { topics: ['u', 't', 'u'] }, ['t 0: 0 1 2', 'u 0: 0 1']],
    ['unknown ones', { topics: ['u', 'nope', 'a b'] }, ['a b 17: ', 'nope 3: ', 'u 0: 0 1']],
    ['one without a name, beside others', { topics: ['', 't', 't'], limit: 1 }, [' 17: ', 't 0: 0', 'then t 1']],
    ['an unknown one is looked at on a page with room', { topics: ['t', 'ta'], limit: 3 }, ['t 0: 0 1 2', 'then ta 0']],
    ['a cursor at an unknown one', { topics: ['nope', 't'], cursor: ['nope', 1] }, ['nope 3: ', 't 0: 0 1 2']],
    ['a cursor of a topic that is not named', { topics: ['u', 'nope'], cursor: ['t', 1] }, ['u 42: ', 'nope 42: ']],
    ['a negative cursor', { topics: ['u'], cursor: ['u', -1] }, ['u 42: ']],
    ['a negative cursor of all', { cursor: ['u', -1] }, []],
  ];
  it.each(cases)('%s', async (_name, asked, expected) => {
    expect(await page(asked)).toEqual(expected);
  });
});

it('operations are told of unknown topics too, but not of a refused request', async () => {
  const agent = await agentWithTopics();
  const unknown = await ask(agent, { topics: ['nope'] });
  expect(unknown.topics[0]).toMatchObject({ topicId: ZERO_UUID, topicAuthorizedOperations: ALL_OPERATIONS });
  const refused = await ask(agent, { topics: ['nope'], cursor: ['nope', -1] });
  expect(refused.topics[0]).toMatchObject({ errorCode: 42, topicAuthorizedOperations: NOT_REQUESTED });
});

it('a page holds 2,000 partitions however many are asked for; pages together tell everything once', async () => {
  const agent = await LocalAgent.start();
  await makeTopics(agent, { a: { partitions: 1_500 }, b: { partitions: 1_500 }, c: { partitions: 1_500 } });
  const told: string[] = [];
  const counts: number[] = [];
  let cursor: Page['cursor'];
  do {
    const { topics, nextCursor } = await ask(agent, { limit: 1_000_000, ...(cursor === undefined ? {} : { cursor }) });
    const rows = topics.flatMap(({ name, partitions }) => partitions.map((row) => `${name}-${row.partitionIndex}`));
    told.push(...rows);
    counts.push(rows.length);
    cursor = nextCursor === null ? undefined : [nextCursor.topicName, nextCursor.partitionIndex];
  } while (cursor !== undefined);
  expect(counts).toEqual([2_000, 2_000, 500]);
  expect(new Set(told).size).toBe(4_500);
});
