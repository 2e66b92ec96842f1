import { describe, expect, it, vi } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { LocalAgent } from './local-agent.js';

/** Offsets 0 and 1 at time 1000, offset 2 at 3000, offset 3 at 2000. */
async function agentWithRecords(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  await client.call(apis.metadata, 4, { topics: [{ name: 't' }] });
  for (const [values, timestampMs] of [
    [['a', 'b'], 1_000],
    [['c'], 3_000],
    [['d'], 2_000],
  ] as const) {
    const records = makeBatch({ values, timestampMs });
    await client.call(apis.produce, 9, {
      acks: -1,
      timeoutMs: 1_000,
      topicData: [{ name: 't', partitionData: [{ index: 0, records: { slices: [records], bytes: records.length } }] }],
    });
  }
  return agent;
}

const ask = (timestamp: number, name = 't', partitionIndex = 0) => ({
  replicaId: -1,
  timeoutMs: 1_000,
  topics: [{ name, partitions: [{ partitionIndex, timestamp }] }],
});

type Row = readonly [name: string, timestamp: number, since: number, offset: number, found: number];

const rows: readonly Row[] = [
  ['latest', -1, 1, 4, -1],
  ['earliest', -2, 1, 0, -1],
  ['greatest timestamp', -3, 7, 2, 3_000],
  ['earliest local', -4, 8, 0, -1],
  ['latest tiered', -5, 9, -1, -1],
  ['earliest pending upload', -6, 11, -1, -1],
  ['before everything', 0, 1, 0, 1_000],
  ['exactly a record', 3_000, 1, 2, 3_000],
  ['between records', 1_500, 1, 2, 3_000],
  ['after everything', 3_001, 1, -1, -1],
];

for (const [name, timestamp, since, offset, found] of rows) {
  describe(name, () => {
    for (let version = apis.listOffsets.min; version <= apis.listOffsets.max; version += 1) {
      it(`v${version}`, async () => {
        const agent = await agentWithRecords();
        const answer = await agent.connect().call(apis.listOffsets, version, ask(timestamp));
        const expected =
          version < since
            ? { errorCode: 35, offset: -1, timestamp: -1 }
            : { errorCode: 0, offset, timestamp: found, leaderEpoch: version >= 4 && offset >= 0 ? 0 : -1 };
        expect(answer.topics[0]!.partitions[0]).toMatchObject(expected);
      });
    }
  });
}

it('an unknown topic, partition or special timestamp is an error of its own', async () => {
  const agent = await agentWithRecords();
  const client = agent.connect();
  for (const [request, error] of [
    [ask(-1, 'nope'), 3],
    [ask(-1, 't', 9), 3],
    [ask(-1, 't', -1), 3],
    [ask(-99), 35],
    [ask(-99, 'nope'), 35],
  ] as const) {
    const answer = await client.call(apis.listOffsets, 11, request);
    expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: error, offset: -1 });
  }
});

describe('after a deletion', () => {
  const deleteTo = async (agent: LocalAgent, offset: number) => {
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset }] }];
    await agent.connect().call(apis.deleteRecords, 2, { topics, timeoutMs: 1_000 });
  };
  const afterOne: readonly (readonly [number, number])[] = [
    [-1, 4],
    [-2, 1],
    [-4, 1],
    [-5, -1],
    [-6, -1],
  ];
  it.each(afterOne)('of one record, %i is at %i', async (timestamp, offset) => {
    const agent = await agentWithRecords();
    await deleteTo(agent, 1);
    const answer = await agent.connect().call(apis.listOffsets, 11, ask(timestamp));
    const leaderEpoch = offset < 0 ? -1 : 0;
    expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, offset, timestamp: -1, leaderEpoch });
  });

  it.each([
    [-1, 4],
    [-2, 4],
    [-3, -1],
    [-4, 4],
    [0, -1],
  ])('of all records, %i is at %i', async (timestamp, offset) => {
    const agent = await agentWithRecords();
    await deleteTo(agent, -1);
    const answer = await agent.connect().call(apis.listOffsets, 11, ask(timestamp));
    expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, offset, timestamp: -1 });
  });
});

it('a partition that is named twice is answered once: 42; a topic without partitions not at all', async () => {
  const agent = await agentWithRecords();
  const topics = [
    { name: 't', partitions: [0, 1, 0].map((partitionIndex) => ({ partitionIndex, timestamp: -2 })) },
    { name: 't', partitions: [{ partitionIndex: 5, timestamp: -1 }] },
    { name: 'nope', partitions: [{ partitionIndex: 0, timestamp: -1 }] },
    { name: 'u', partitions: [] },
  ];
  const answer = await agent.connect().call(apis.listOffsets, 11, { replicaId: -1, topics });
  const codes = answer.topics.map(({ name, partitions }) => [
    name,
    ...partitions.map((p) => [p.partitionIndex, p.errorCode]),
  ]);
  expect(codes).toEqual([
    ['t', [0, 42], [1, 0], [5, 3]],
    ['nope', [0, 3]],
  ]);
});

it('latest waits for a fresh read, earliest does not', async () => {
  const agent = await agentWithRecords();
  let open = (): void => {};
  agent.metadata.freshGate = new Promise((resolve) => {
    open = resolve;
  });
  const client = agent.connect();
  const earliest = await client.call(apis.listOffsets, 7, ask(-2));
  expect(earliest.topics[0]!.partitions[0]!.offset).toBe(0);
  const latest = client.send(apis.listOffsets, 7, ask(-1));
  await agent.pass(10);
  expect(client.take(apis.listOffsets, 7, latest)).toBeUndefined();
  open();
  await agent.pass(10);
  expect(client.take(apis.listOffsets, 7, latest)!.topics[0]!.partitions[0]!.offset).toBe(4);
});

it('for a client that is gone nothing more is looked up', async () => {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  await client.call(apis.createTopics, 7, {
    topics: [{ name: 'wide', numPartitions: 40, replicationFactor: 1, assignments: [], configs: [] }],
  });
  const first = Promise.withResolvers<undefined>();
  const lookups = vi.spyOn(agent.intake, 'firstAtOrAfter').mockImplementation(() => first.promise as never);
  const partitions = Array.from({ length: 40 }, (_, partitionIndex) => ({ partitionIndex, timestamp: 1_000 }));
  client.send(apis.listOffsets, 7, { replicaId: -1, topics: [{ name: 'wide', partitions }] });
  await agent.pass(1);
  const begun = lookups.mock.calls.length;
  expect(begun).toBeGreaterThan(0);
  expect(begun).toBeLessThan(40);
  client.socket.destroy();
  await agent.pass(1);
  first.resolve(undefined);
  await agent.pass(1);
  expect(lookups).toHaveBeenCalledTimes(begun);
});
