import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

interface Topic {
  readonly name?: string;
  readonly numPartitions?: number;
  readonly replicationFactor?: number;
  readonly assignments?: readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[];
  readonly configs?: readonly { readonly name: string; readonly value: string | null }[];
}

const topic = (changed: Topic = {}) => ({
  name: 't',
  numPartitions: 3,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...changed,
});

describe('every version', () => {
  for (let version = apis.createTopics.min; version <= apis.createTopics.max; version += 1) {
    it(`v${version}`, async () => {
      const agent = await LocalAgent.start();
      const configs = [{ name: 'retention.ms', value: '1000' }];
      const answer = await agent.connect().call(apis.createTopics, version, { topics: [topic({ configs })] });
      const created = agent.metadata.view.topicByName('t')!;
      expect(created.partitions.length).toBe(3);
      expect(created.configs.get('retention.ms')).toBe('1000');
      const [told] = answer.topics;
      expect(told).toMatchObject({
        errorCode: 0,
        topicId: version >= 7 ? created.topicId : ZERO_UUID,
        numPartitions: version >= 5 ? 3 : -1,
        replicationFactor: version >= 5 ? 1 : -1,
      });
      if (version >= 5) {
        const byName = new Map(told!.configs!.map((config) => [config.name, config]));
        expect(byName.get('retention.ms')).toMatchObject({ value: '1000', configSource: 1 });
        expect(byName.get('cleanup.policy')).toMatchObject({ value: 'delete', configSource: 5 });
        expect(byName.get('max.message.bytes')).toMatchObject({ value: '1048588', configSource: 5 });
      }
    });
  }
});

describe('accepted', () => {
  const cases: readonly (readonly [string, Topic, number])[] = [
    ['default partitions', { numPartitions: -1 }, 2],
    ['default replication', { replicationFactor: -1 }, 3],
    ['replication 3, by habit', { replicationFactor: 3 }, 3],
    [
      'an assignment',
      {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [
          { partitionIndex: 1, brokerIds: [7, 8] },
          { partitionIndex: 0, brokerIds: [8, 7] },
        ],
      },
      2,
    ],
  ];
  for (const [name, changed, partitions] of cases) {
    it(name, async () => {
      const agent = await LocalAgent.start();
      const answer = await agent.connect().call(apis.createTopics, 5, { topics: [topic(changed)] });
      expect(answer.topics[0]).toMatchObject({ errorCode: 0, numPartitions: partitions, replicationFactor: 1 });
      expect(agent.metadata.view.topicByName('t')!.partitions.length).toBe(partitions);
    });
  }
});

const assigned = (...assignments: readonly (readonly [number, readonly number[]])[]): Topic => ({
  numPartitions: -1,
  replicationFactor: -1,
  assignments: assignments.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds })),
});

describe('refused, also when only validated', () => {
  const cases: readonly (readonly [string, Topic, number])[] = [
    ['no partitions', { numPartitions: 0 }, 37],
    ['partitions -2', { numPartitions: -2 }, 37],
    ['replication 0', { replicationFactor: 0 }, 38],
    ['replication -2', { replicationFactor: -2 }, 38],
    ['bad name', { name: 'a b' }, 17],
    ['name ..', { name: '..' }, 17],
    ['exists', { name: 'exists' }, 36],
    ['unknown config', { configs: [{ name: 'no.such.config', value: '1' }] }, 40],
    ['bad config', { configs: [{ name: 'retention.ms', value: 'long' }] }, 40],
    ['config without a value', { configs: [{ name: 'retention.ms', value: null }] }, 40],
    ['assignment and number', { ...assigned([0, [1]]), numPartitions: 1 }, 42],
    ['assignment with a gap', assigned([0, [1]], [2, [1]]), 39],
    ['assignment named twice', assigned([0, [1]], [0, [1]]), 39],
    ['assignment without brokers', assigned([0, []]), 39],
    ['assignment with a broker twice', assigned([0, [1, 1]]), 39],
    ['assignments of different lengths', assigned([0, [1]], [1, [1, 2]]), 39],
  ];
  for (const [name, changed, error] of cases) {
    for (const validateOnly of [false, true]) {
      it(`${name}${validateOnly ? ', validated' : ''}: ${error}`, async () => {
        const agent = await LocalAgent.start();
        const client = agent.connect();
        await client.call(apis.createTopics, 7, { topics: [topic({ name: 'exists' })] });
        const answer = await client.call(apis.createTopics, 7, { topics: [topic(changed)], validateOnly });
        expect(answer.topics).toMatchObject([{ errorCode: error, topicId: ZERO_UUID }]);
        expect(answer.topics[0]!.errorMessage).not.toBe('');
        expect([...agent.metadata.view.topics()].length).toBe(1);
      });
    }
  }

  it('a name given twice: 42, once', async () => {
    const agent = await LocalAgent.start();
    const answer = await agent
      .connect()
      .call(apis.createTopics, 5, { topics: [topic(), topic(), topic({ name: 'u' })] });
    expect(answer.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['t', 42],
      ['u', 0],
    ]);
  });
});

it('names that collide within one request: the first is made, the second 17', async () => {
  const agent = await LocalAgent.start();
  const topics = [topic({ name: 'a_b' }), topic({ name: 'a.b' }), topic({ name: 'c' })];
  const answer = await agent.connect().call(apis.createTopics, 5, { topics });
  expect(answer.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['a_b', 0],
    ['a.b', 17],
    ['c', 0],
  ]);
  expect(Array.from(agent.metadata.view.topics(), ({ name }) => name)).toEqual(['a_b', 'c']);
});

it('validateOnly changes nothing', async () => {
  const agent = await LocalAgent.start();
  const answer = await agent.connect().call(apis.createTopics, 7, { topics: [topic()], validateOnly: true });
  expect(answer.topics).toMatchObject([{ errorCode: 0, numPartitions: 3, topicId: ZERO_UUID }]);
  expect([...agent.metadata.view.topics()]).toEqual([]);
});

it('more partitions than the metadata takes: its own refusal', async () => {
  const agent = await LocalAgent.start();
  const answer = await agent.connect().call(apis.createTopics, 7, { topics: [topic({ numPartitions: 9_999 })] });
  expect(answer.topics).toMatchObject([{ errorCode: 37 }]);
});

it('more than 10,000 partitions fail the whole request, each of its topics, whatever else is wrong with them', async () => {
  const agent = await LocalAgent.start();
  const topics = [topic({ name: 'a', numPartitions: 10_000 }), topic({ name: 'b' }), topic({ name: '..' })];
  const answer = await agent.connect().call(apis.createTopics, 7, { topics });
  expect(answer.topics).toMatchObject(['a', 'b', '..'].map((name) => ({ name, errorCode: 44, configs: [] })));
  expect(agent.metadata.view.topicByName('b')).toBeUndefined();
});

it.each([
  ['a topic that exists before its settings', { name: 'exists', configs: [{ name: 'no.such', value: null }] }, 36],
  ['a name like another before its settings', { name: 'like.it', configs: [{ name: 'no.such', value: '1' }] }, 17],
  ['settings before replicas', { replicationFactor: 0, configs: [{ name: 'no.such', value: '1' }] }, 40],
  ['replicas before partitions', { replicationFactor: 0, numPartitions: 0 }, 38],
])('of several mistakes Kafka tells %s', async (_, mistakes, error) => {
  const client = (await LocalAgent.start()).connect();
  await client.call(apis.createTopics, 7, { topics: [topic({ name: 'exists' }), topic({ name: 'like_it' })] });
  for (const validateOnly of [true, false]) {
    const answer = await client.call(apis.createTopics, 7, { topics: [topic(mistakes)], validateOnly });
    expect(answer.topics).toMatchObject([{ errorCode: error }]);
  }
});

it('an outcome that does not come within the timeout: 7; an agent that stops: 41', async () => {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  const submit = agent.metadata.submit.bind(agent.metadata);
  agent.metadata.submit = () => new Promise(() => {});
  const late = await client.call(apis.createTopics, 7, { topics: [topic()], timeoutMs: 2_000 });
  expect(late.topics).toMatchObject([{ errorCode: 7 }]);
  expect(agent.time.nowMs).toBeGreaterThanOrEqual(2_000);
  agent.metadata.submit = submit;
  await agent.metadata.close();
  expect((await client.call(apis.createTopics, 7, { topics: [topic()] })).topics).toMatchObject([{ errorCode: 41 }]);
});
