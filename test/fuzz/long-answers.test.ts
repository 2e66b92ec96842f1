import { expect, test } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import type { Api } from '../../src/protocol/codec.js';
import { encodeRequestFrame } from '../../src/protocol/frames.js';
import { ANSWER_BYTES_MAX } from '../../src/server/control-request.js';
import { LocalAgent } from '../conformance/local-agent.js';
import { ConsumerGroupMember } from '../conformance/consumer-member.js';
import { LocalMember, stableGroup } from '../conformance/local-member.js';
import { makeTopics, produceTo } from '../conformance/local-topics.js';
import { makeBatch } from '../unit/ingest/make-batch.js';

const MiB = 2 ** 20;
/** Of the main thread's own CPU, never of the clock. */
const TURN_MS_MAX = 50;
/** Of the first one the engine compiles, in another it may collect garbage. */
const TRIES = 4;

interface Asked<A extends Api> {
  readonly api: A;
  readonly version: number;
  readonly request: Parameters<A['request']['encode']>[1];
}

const asked = <A extends Api>(api: A, version: number, request: Asked<A>['request']): Asked<Api> =>
  ({ api, version, request }) as unknown as Asked<Api>;

const often = <T>(one: T, times: number): T[] => Array.from({ length: times }, () => one);

/** Group g has one offset, with the longest metadata there may be: 12 KiB. */
async function oneOffset(agent: LocalAgent): Promise<void> {
  await makeTopics(agent, { t: {} });
  const partitions = [{ partitionIndex: 0, committedOffset: 42, committedMetadata: '\u20ac'.repeat(4_096) }];
  expect(await new LocalMember(agent).commit('t', 42, { topics: [{ name: 't', partitions }] })).toBe(0);
}

/** Group g has one member, which names 100 topics. */
async function wideConsumerGroup(agent: LocalAgent): Promise<void> {
  const topics = Array.from({ length: 100 }, (_, n) => `${n}`.padStart(200, 't'));
  await new ConsumerGroupMember(agent, { memberId: 'm', topics }).join();
}

async function thousandProducers(agent: LocalAgent): Promise<void> {
  await makeTopics(agent, { t: {} });
  const batches = Array.from({ length: 1_000 }, (_, n) => makeBatch({ producerId: n + 1, values: ['v'] }));
  await produceTo(agent, 't', 0, batches);
}

const indexes = often(0, 32_000);

test.each<[string, (agent: LocalAgent) => Promise<unknown>, Asked<Api>]>([
  [
    'DescribeGroups v0, one group whose member has 1 MiB of metadata, 700 times',
    (agent) => stableGroup(agent, 1, { metadata: 'x'.repeat(MiB) }),
    asked(apis.describeGroups, 0, { groups: often('g', 700) }),
  ],
  [
    'ConsumerGroupDescribe v1, one group 32,000 times',
    wideConsumerGroup,
    asked(apis.consumerGroupDescribe, 1, { groupIds: often('g', 32_000), includeAuthorizedOperations: false }),
  ],
  [
    'OffsetFetch v7, one partition 32,000 times',
    oneOffset,
    asked(apis.offsetFetch, 7, { groupId: 'g', topics: [{ name: 't', partitionIndexes: indexes }] }),
  ],
  [
    'OffsetFetch v8, all offsets of one group 32,000 times',
    oneOffset,
    asked(apis.offsetFetch, 8, { groups: often({ groupId: 'g', topics: null }, 32_000) }),
  ],
  [
    'DescribeProducers v0, a partition with 1,000 producers 32,000 times',
    thousandProducers,
    asked(apis.describeProducers, 0, { topics: [{ name: 't', partitionIndexes: indexes }] }),
  ],
])(
  '%s: takes no turn of 50 ms, and ends the connection; others are served',
  { timeout: 120_000 },
  async (_name, prepare, { api, version, request }) => {
    const frame = Buffer.concat(encodeRequestFrame(api, version, 1, 'long', request).slices);
    let leastMs = Number.POSITIVE_INFINITY;
    for (let left = TRIES; left > 0 && leastMs >= TURN_MS_MAX; left -= 1) {
      const agent = await LocalAgent.start({ frameBytesMax: 8 * MiB });
      await prepare(agent);
      const neighbour = agent.connect();
      const { socket } = agent.connect();
      let worstMs = 0;
      let mostBytes = 0;
      agent.time.onTurn = (cpuMs) => {
        worstMs = Math.max(worstMs, cpuMs);
        mostBytes = Math.max(mostBytes, agent.unsent.bytes);
      };
      agent.time.after(0, () => socket.send(frame));
      await neighbour.call(apis.apiVersions, 3, {});
      await agent.pass(100);
      agent.time.onTurn = undefined;
      expect(socket.closed).toBe(true);
      expect(socket.received.length).toBe(0);
      expect(agent.logged.map(({ fields: { reason, detail } }) => ({ reason, detail }))).toEqual([
        { reason: 'limit', detail: `the answer to ${api.name} v${version} would take more than 100000000 bytes` },
      ]);
      const limit = agent.telemetry.read('connectionsClosed').find(({ labelValue }) => labelValue === 'limit');
      expect(limit).toMatchObject({ value: 1 });
      // What was written of it counted, and is given back.
      expect(mostBytes).toBeGreaterThan(ANSWER_BYTES_MAX - 4 * MiB);
      expect(mostBytes).toBeLessThan(ANSWER_BYTES_MAX + MiB);
      expect(agent.unsent.bytes).toBe(0);
      expect((await neighbour.call(apis.metadata, 9, { topics: [] })).brokers.length).toBe(1);
      leastMs = Math.min(leastMs, worstMs);
    }
    expect(leastMs).toBeLessThan(TURN_MS_MAX);
  },
);

test('an answer that is long and no longer than it may be comes whole, after a short request and a long one', async () => {
  const agent = await LocalAgent.start();
  const metadata = 'x'.repeat(MiB);
  await stableGroup(agent, 1, { metadata });
  for (const times of [20, 3_000]) {
    const groups = [...often('g', 20), ...often('nobody', times - 20)];
    const answer = await agent.connect().call(apis.describeGroups, 5, { groups });
    expect(answer.groups.map(({ groupId }) => groupId)).toEqual(groups);
    for (const { members } of answer.groups.slice(0, 20)) {
      expect(Buffer.from(members[0]!.memberMetadata).toString()).toBe(metadata);
    }
  }
  expect(agent.unsent.bytes).toBe(0);
  expect(agent.logged).toEqual([]);
});

test('long answers are written one at a time, the next when there is room: clients that read nothing cost two of them', async () => {
  const agent = await LocalAgent.start({ answersBytes: 8 * MiB });
  await stableGroup(agent, 1, { metadata: 'x'.repeat(MiB) });
  const neighbour = agent.connect();
  const hostile = Array.from({ length: 20 }, () => {
    const client = agent.connect();
    client.socket.clientReads = false;
    client.send(apis.describeGroups, 5, { groups: often('g', 15) });
    return client;
  });
  let mostBytes = 0;
  agent.time.onTurn = () => {
    mostBytes = Math.max(mostBytes, agent.unsent.bytes);
  };
  await agent.pass(5_000);
  // Two are written, 16 MiB being the room, and the others have written their first part of a little more than 1 MiB.
  expect(hostile.filter(({ socket }) => socket.queuedBytes > 0).length).toBe(2);
  expect(mostBytes).toBeLessThan((2 * 15 + 20 * 1.1) * MiB);
  await agent.pass(240_000);
  expect(agent.logged.every(({ fields }) => fields['reason'] === 'stalled')).toBe(true);
  expect((await neighbour.call(apis.metadata, 9, { topics: [] })).brokers.length).toBe(1);
  for (const { socket } of hostile) socket.destroy();
  await agent.pass(10);
  expect(agent.unsent.bytes).toBe(0);
});
