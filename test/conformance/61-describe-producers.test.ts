import { expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { LocalAgent } from './local-agent.js';
import { makeTopics, produceTo } from './local-topics.js';

async function agentWithProducers(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  await makeTopics(agent, { t: { partitions: 2 } });
  await produceTo(agent, 't', 0, [
    makeBatch({ producerId: 11, values: ['a', 'b', 'c'], timestampMs: 5_000 }),
    makeBatch({ producerId: 12, values: ['d'], timestampMs: 4_000 }),
    makeBatch({ producerId: 11, baseSequence: 3, values: ['e', 'f'], timestampMs: 3_000 }),
    makeBatch({ values: ['without'] }),
  ]);
  return agent;
}

const ask = (name: string, ...partitionIndexes: number[]) => ({ topics: [{ name, partitionIndexes }] });

it('v0 tells what each producer did last', async () => {
  const answer = await (await agentWithProducers()).connect().call(apis.describeProducers, 0, ask('t', 0, 1));
  const row = { producerEpoch: 0, coordinatorEpoch: -1, currentTxnStartOffset: -1 };
  expect(answer).toEqual({
    throttleTimeMs: 0,
    topics: [
      {
        name: 't',
        partitions: [
          {
            partitionIndex: 0,
            errorCode: 0,
            errorMessage: null,
            activeProducers: [
              { producerId: 11, lastSequence: 4, lastTimestamp: 3_000, ...row },
              { producerId: 12, lastSequence: 0, lastTimestamp: 4_000, ...row },
            ],
          },
          { partitionIndex: 1, errorCode: 0, errorMessage: null, activeProducers: [] },
        ],
      },
    ],
  });
});

it.each([
  ['an unknown topic', 'nope', 0, 3],
  ['an unknown partition', 't', 9, 3],
  ['a negative partition', 't', -1, 3],
  ['no name', '', 0, 17],
  ['not a name', 'a b', 0, 17],
])('v0 %s', async (_label, name, partition, errorCode) => {
  const answer = await (await agentWithProducers()).connect().call(apis.describeProducers, 0, ask(name, partition));
  expect(answer.topics[0]!.partitions).toMatchObject([{ partitionIndex: partition, errorCode, activeProducers: [] }]);
});

it('waits for a fresh read; without one: 6', async () => {
  const agent = await agentWithProducers();
  const { freshReads } = agent.metadata;
  await agent.connect().call(apis.describeProducers, 0, ask('t', 0));
  expect(agent.metadata.freshReads).toBe(freshReads + 1);
  await agent.metadata.close();
  const answer = await agent.connect().call(apis.describeProducers, 0, ask('t', 0));
  expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: 6, activeProducers: [] });
});
