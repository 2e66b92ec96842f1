import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { LocalAgent } from './local-agent.js';

interface Topic {
  readonly name?: string;
  readonly count?: number;
  readonly assignments?: readonly { readonly brokerIds: readonly number[] }[] | null;
}

const wanted = (changed: Topic = {}) => ({ name: 't', count: 4, assignments: null, ...changed });
const request = (topics: readonly Topic[], validateOnly = false) => ({
  topics: topics.map(wanted),
  timeoutMs: 10_000,
  validateOnly,
});

/** With a topic of two partitions. */
async function agentWithTopic(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  const topics = [{ name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }];
  await agent.connect().call(apis.createTopics, 5, { topics });
  return agent;
}

const partitionsOf = (agent: LocalAgent): number => agent.metadata.view.topicByName('t')!.partitions.length;

describe('every version', () => {
  for (let version = apis.createPartitions.min; version <= apis.createPartitions.max; version += 1) {
    it(`v${version}: the new partitions are there for Metadata at once`, async () => {
      const agent = await agentWithTopic();
      const client = agent.connect();
      const answer = await client.call(apis.createPartitions, version, request([{}]));
      expect(answer).toEqual({ throttleTimeMs: 0, results: [{ name: 't', errorCode: 0, errorMessage: null }] });
      const metadata = await client.call(apis.metadata, 9, { topics: [{ name: 't' }] });
      expect(metadata.topics[0]!.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([0, 1, 2, 3]);
    });
  }
});

it('new partitions can be written, read and committed to at once', async () => {
  const agent = await agentWithTopic();
  const client = agent.connect();
  await client.call(apis.createPartitions, 3, request([{}]));
  const batch = makeBatch({ values: ['a'] });
  const records = { slices: [batch], bytes: batch.length };
  const produced = await client.call(apis.produce, 9, {
    acks: -1,
    timeoutMs: 1_000,
    topicData: [{ name: 't', partitionData: [3, 4].map((index) => ({ index, records })) }],
  });
  expect(produced.responses[0]!.partitionResponses.map(({ errorCode }) => errorCode)).toEqual([0, 3]);
  const topics = [{ topic: 't', partitions: [{ partition: 3, fetchOffset: 0, partitionMaxBytes: 1_000 }] }];
  const fetched = await client.call(apis.fetch, 11, { maxWaitMs: 0, minBytes: 0, topics });
  expect(fetched.responses[0]!.partitions).toMatchObject([{ errorCode: 0, partitionIndex: 3 }]);
  const committed = await client.call(apis.offsetCommit, 8, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name: 't', partitions: [{ partitionIndex: 3, committedOffset: 1, committedMetadata: null }] }],
  });
  expect(committed.topics[0]!.partitions).toMatchObject([{ errorCode: 0 }]);
});

describe('refused, also when only validated', () => {
  const assigned = (...brokers: readonly (readonly number[])[]): Topic => ({
    assignments: brokers.map((brokerIds) => ({ brokerIds })),
  });
  const cases: readonly (readonly [string, Topic, number])[] = [
    ['as many as there are', { count: 2 }, 37],
    ['fewer', { count: 1 }, 37],
    ['none', { count: 0 }, 37],
    ['less than none', { count: -1 }, 37],
    ['more than the metadata take', { count: 4_097 }, 37],
    ['unknown topic', { name: 'nope' }, 3],
    ['no topic name', { name: '' }, 3],
    ['too few assignments', assigned([1]), 39],
    ['too many assignments', assigned([1], [1], [1]), 39],
    ['an assignment to nobody', assigned([1], []), 39],
    ['an assignment to a broker twice', assigned([1], [1, 1]), 39],
    ['an assignment to an unknown broker', assigned([1], [7]), 39],
    ['an assignment to two brokers', assigned([1], [1, 2]), 39],
    ['an assignment to a broker that is gone', assigned([1], [2]), 39],
  ];
  for (const [name, changed, error] of cases) {
    for (const validateOnly of [false, true]) {
      it(`${name}${validateOnly ? ', validated' : ''}: ${error}`, async () => {
        const agent = await agentWithTopic();
        const gone = { name: 'gone', incarnation: new Uint8Array(16).fill(7), zone: '', listeners: [] };
        agent.metadata.lead({ kind: { $case: 'registerAgent', value: gone } });
        agent.metadata.lead({ kind: { $case: 'closeAgentEpoch', value: { agentEpoch: 2 } } });
        const answer = await agent.connect().call(apis.createPartitions, 3, request([changed], validateOnly));
        expect(answer.results).toMatchObject([{ name: changed.name ?? 't', errorCode: error }]);
        if (error !== 3) {
          expect(answer.results[0]!.errorMessage).toMatch(/\w/);
        }
        expect(partitionsOf(agent)).toBe(2);
      });
    }
  }

  it('a name given twice: 42, once; its neighbour is served', async () => {
    const agent = await agentWithTopic();
    const topics = [{ name: 'u' }, { name: 'u' }, {}];
    const answer = await agent.connect().call(apis.createPartitions, 3, request(topics));
    expect(answer.results.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['u', 42],
      ['t', 0],
    ]);
    expect(partitionsOf(agent)).toBe(4);
  });
});

it('a right assignment is accepted', async () => {
  const agent = await agentWithTopic();
  const { nodeId } = agent.metadata.self;
  const assignments = [{ brokerIds: [nodeId] }, { brokerIds: [nodeId] }];
  const answer = await agent.connect().call(apis.createPartitions, 3, request([{ assignments }]));
  expect(answer.results).toMatchObject([{ errorCode: 0 }]);
  expect(partitionsOf(agent)).toBe(4);
});

it('validateOnly changes nothing', async () => {
  const agent = await agentWithTopic();
  const answer = await agent.connect().call(apis.createPartitions, 3, request([{}], true));
  expect(answer.results).toMatchObject([{ errorCode: 0 }]);
  expect(partitionsOf(agent)).toBe(2);
});

it('of two requests at once for the same number, one is told that there are as many already', async () => {
  const agent = await agentWithTopic();
  const clients = [agent.connect(), agent.connect()];
  const answers = await Promise.all(clients.map((client) => client.call(apis.createPartitions, 3, request([{}]))));
  expect(answers.map(({ results }) => results[0]!.errorCode).sort()).toEqual([0, 37]);
});

it('an outcome that does not come within the timeout: 7; an agent that stops: 41', async () => {
  const agent = await agentWithTopic();
  const client = agent.connect();
  const submit = agent.metadata.submit.bind(agent.metadata);
  agent.metadata.submit = () => new Promise(() => {});
  expect((await client.call(apis.createPartitions, 3, request([{}]))).results).toMatchObject([{ errorCode: 7 }]);
  agent.metadata.submit = submit;
  await agent.metadata.close();
  expect((await client.call(apis.createPartitions, 3, request([{}]))).results).toMatchObject([{ errorCode: 41 }]);
});
