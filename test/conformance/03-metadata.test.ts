import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

const NOT_REQUESTED = -0x8000_0000;
const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';
const NO_SUCH_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';

describe('every version tells brokers, controller and a topic', () => {
  for (let version = apis.metadata.min; version <= apis.metadata.max; version += 1) {
    it(`v${version}`, async () => {
      const agent = await LocalAgent.start();
      const answer = await agent.connect().call(apis.metadata, version, { topics: [{ name: 't' }] });
      const { nodeId } = agent.metadata.self;
      const topicId = agent.metadata.view.topicByName('t')!.topicId;
      expect(answer.brokers).toEqual([
        { nodeId, host: 'agent.test', port: 9092, rack: version >= 1 ? 'zone-a' : null },
      ]);
      expect(answer).toMatchObject({
        errorCode: 0,
        clusterId: version >= 2 ? 'test-cluster' : null,
        controllerId: version >= 1 ? nodeId : -1,
        clusterAuthorizedOperations: NOT_REQUESTED,
      });
      expect(answer.topics).toMatchObject([
        { errorCode: 0, name: 't', topicId: version >= 10 ? topicId : ZERO_UUID, isInternal: false },
      ]);
      expect(answer.topics[0]!.topicAuthorizedOperations).toBe(NOT_REQUESTED);
      expect(answer.topics[0]!.partitions).toEqual(
        [0, 1].map((partitionIndex) => ({
          errorCode: 0,
          partitionIndex,
          leaderId: nodeId,
          leaderEpoch: version >= 7 ? 0 : -1,
          replicaNodes: [nodeId],
          isrNodes: [nodeId],
          offlineReplicas: [],
        })),
      );
    });
  }
});

it('each listener is answered with its own address', async () => {
  const agent = await LocalAgent.start();
  const outside = await agent.connect(9093).call(apis.metadata, 9, { topics: [] });
  expect(outside.brokers).toMatchObject([{ host: 'outside.test', port: 443 }]);
});

describe('which topics', () => {
  const cases: readonly (readonly [string, number, readonly { name: string }[] | null, readonly string[]])[] = [
    ['v0 empty: all', 0, [], ['a', 'b']],
    ['v1 null: all', 1, null, ['a', 'b']],
    ['v1 empty: none', 1, [], []],
    ['v13 null: all', 13, null, ['a', 'b']],
  ];
  for (const [name, version, topics, expected] of cases) {
    it(name, async () => {
      const agent = await LocalAgent.start();
      const client = agent.connect();
      await client.call(apis.metadata, 4, { topics: [{ name: 'a' }, { name: 'b' }] });
      const answer = await client.call(apis.metadata, version, { topics });
      expect(answer.topics.map((topic) => topic.name).sort()).toEqual(expected);
    });
  }
});

describe('topics that do not exist', () => {
  const cases: readonly (readonly [string, number, object, boolean, number])[] = [
    ['created', 4, { allowAutoTopicCreation: true }, true, 0],
    ['v3 has no flag: created', 3, {}, true, 0],
    ['the client forbids it', 4, { allowAutoTopicCreation: false }, true, 3],
    ['the setting forbids it', 4, { allowAutoTopicCreation: true }, false, 3],
  ];
  for (const [name, version, flags, autoCreateTopics, error] of cases) {
    it(`${name}: ${error}`, async () => {
      const agent = await LocalAgent.start({ autoCreateTopics });
      const answer = await agent.connect().call(apis.metadata, version, { topics: [{ name: 'new' }], ...flags });
      expect(answer.topics).toMatchObject([{ errorCode: error, name: 'new' }]);
      expect(agent.metadata.view.topicByName('new') !== undefined).toBe(error === 0);
    });
  }

  for (const name of ['', '.', '..', 'a b', 'ä', 'x'.repeat(250)]) {
    it(`the name '${name.slice(0, 10)}' is invalid: 17`, async () => {
      const agent = await LocalAgent.start();
      const answer = await agent.connect().call(apis.metadata, 9, { topics: [{ name }] });
      expect(answer.topics).toMatchObject([{ errorCode: 17, name }]);
    });
  }

  it('without a metadata leader: 5, at once', async () => {
    const agent = await LocalAgent.start();
    agent.metadata.leaderKnown = false;
    const answer = await agent.connect().call(apis.metadata, 9, { topics: [{ name: 'new' }] });
    expect(answer.topics).toMatchObject([{ errorCode: 5 }]);
    expect(agent.metadata.view.topicByName('new')).toBeUndefined();
  });

  it('when the creation does not come to an end: 5, after 5 s', async () => {
    const agent = await LocalAgent.start();
    agent.metadata.submit = () => new Promise(() => {});
    const answer = await agent.connect().call(apis.metadata, 9, { topics: [{ name: 'new' }] });
    expect(answer.topics).toMatchObject([{ errorCode: 5 }]);
    expect(agent.time.nowMs).toBeGreaterThanOrEqual(5_000);
  });

  it('one request creates 100 topics at most, the next ones the others', async () => {
    const agent = await LocalAgent.start();
    const client = agent.connect();
    const topics = Array.from({ length: 150 }, (_, at) => ({ name: `many-${at}` }));
    const first = await client.call(apis.metadata, 9, { topics });
    expect(first.topics.filter(({ errorCode }) => errorCode === 5).length).toBe(50);
    const second = await client.call(apis.metadata, 9, { topics });
    expect(second.topics.every(({ errorCode }) => errorCode === 0)).toBe(true);
  });

  it('named several times, it is created and told once', async () => {
    const agent = await LocalAgent.start();
    const answer = await agent.connect().call(apis.metadata, 9, { topics: [{ name: 'x' }, { name: 'x' }] });
    expect(answer.topics).toMatchObject([{ errorCode: 0, name: 'x' }]);
  });

  it('one that Kafka keeps for itself is told to be one, there or not', async () => {
    const agent = await LocalAgent.start();
    for (const allowAutoTopicCreation of [false, true]) {
      const topics = [{ name: '__consumer_offsets' }, { name: '_other' }];
      const answer = await agent.connect().call(apis.metadata, 9, { topics, allowAutoTopicCreation });
      expect(answer.topics.map(({ isInternal }) => isInternal)).toEqual([true, false]);
    }
  });
});

describe('by id', () => {
  it('v12 knows ids, an unknown one is 100', async () => {
    const agent = await LocalAgent.start();
    const client = agent.connect();
    await client.call(apis.metadata, 4, { topics: [{ name: 't' }] });
    const topicId = agent.metadata.view.topicByName('t')!.topicId;
    const topics = [
      { topicId, name: null },
      { topicId: NO_SUCH_ID, name: null },
    ];
    const answer = await client.call(apis.metadata, 12, { topics });
    expect(answer.topics).toMatchObject([
      { errorCode: 0, name: 't', topicId },
      { errorCode: 100, name: null, topicId: NO_SUCH_ID },
    ]);
  });

  it('an id leaves topics without one out, counts more than its name, and is told once', async () => {
    const agent = await LocalAgent.start();
    const client = agent.connect();
    await client.call(apis.metadata, 4, { topics: [{ name: 't' }, { name: 'u' }] });
    const topicId = agent.metadata.view.topicByName('t')!.topicId;
    const topics = [
      { topicId, name: 'u' },
      { topicId: ZERO_UUID, name: 'u' },
      { topicId: ZERO_UUID, name: null },
      { topicId, name: null },
    ];
    expect((await client.call(apis.metadata, 12, { topics })).topics).toMatchObject([
      { errorCode: 0, name: 't', topicId },
    ]);
  });

  const refused: readonly (readonly [string, number, { topicId: string; name: string | null }])[] = [
    ['v10 has none', 10, { topicId: NO_SUCH_ID, name: 't' }],
    ['v11 has none', 11, { topicId: NO_SUCH_ID, name: null }],
    ['v11 without a name', 11, { topicId: ZERO_UUID, name: null }],
    ['v12 without name and id', 12, { topicId: ZERO_UUID, name: null }],
    ['v13 without name and id', 13, { topicId: ZERO_UUID, name: null }],
  ];
  it.each(refused)('%s: 42 for every topic, and nothing else is told', async (_label, version, topic) => {
    const agent = await LocalAgent.start();
    const topics = [topic, { topicId: ZERO_UUID, name: 'other' }];
    const answer = await agent.connect().call(apis.metadata, version, { topics });
    expect(answer).toMatchObject({ brokers: [], clusterId: null, controllerId: -1, errorCode: version >= 13 ? 42 : 0 });
    expect(answer.topics).toMatchObject([
      { errorCode: 42, name: topic.name ?? '', topicId: topic.topicId, partitions: [] },
      { errorCode: 42, name: 'other' },
    ]);
    expect(agent.metadata.view.topicByName('other')).toBeUndefined();
  });
});

it('an agent that does not lead names one that does as controller', async () => {
  const agent = await LocalAgent.start();
  const listeners = ['inside', 'outside'].map((name) => ({ name, host: 'other.test', port: 1 }));
  const other = { name: 'other', incarnation: new Uint8Array(16).fill(7), zone: '', listeners };
  const registered = agent.metadata.lead({ kind: { $case: 'registerAgent', value: other } });
  const process = { host: '', bootId: '', processId: 1, processStart: 1, leaseMs: 10_000 };
  agent.metadata.lead({ kind: { $case: 'becomeLeader', value: { candidate: other.incarnation, ...process } } });
  if (registered.kind !== 'registered') throw new Error(registered.kind);
  const answer = await agent.connect().call(apis.metadata, 9, { topics: [] });
  expect(answer.controllerId).toBe(registered.nodeId);
  expect(answer.brokers.map(({ nodeId }) => nodeId)).toEqual([registered.nodeId]);
});

it('authorized operations of what does not exist: told by name, not by id', async () => {
  const client = (await LocalAgent.start()).connect();
  const ask = async (topics: readonly { topicId?: string; name: string | null }[]) => {
    const request = { topics, allowAutoTopicCreation: false, includeTopicAuthorizedOperations: true };
    const answer = await client.call(apis.metadata, 12, request);
    return answer.topics.map(({ errorCode, topicAuthorizedOperations }) => [errorCode, topicAuthorizedOperations]);
  };
  expect(await ask([{ name: 'nope' }, { name: 'a b' }])).toEqual([
    [3, 3_576],
    [17, 3_576],
  ]);
  expect(await ask([{ topicId: NO_SUCH_ID, name: null }])).toEqual([[100, NOT_REQUESTED]]);
});

it('authorized operations are told when asked for', async () => {
  const agent = await LocalAgent.start();
  const answer = await agent.connect().call(apis.metadata, 8, {
    topics: [{ name: 't' }],
    includeClusterAuthorizedOperations: true,
    includeTopicAuthorizedOperations: true,
  });
  expect(answer.topics[0]!.topicAuthorizedOperations).toBe(0b1101_1111_1000);
  expect(answer.clusterAuthorizedOperations).toBe(0b1_1111_1010_0000);
});
