import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

const plain = { transactionalId: null, transactionTimeoutMs: 60_000 };

describe('every version', () => {
  for (let version = apis.initProducerId.min; version <= apis.initProducerId.max; version += 1) {
    it(`v${version}`, async () => {
      const client = (await LocalAgent.start()).connect();
      const first = await client.call(apis.initProducerId, version, plain);
      const second = await client.call(apis.initProducerId, version, plain);
      expect([first.errorCode, first.producerEpoch, second.errorCode]).toEqual([0, 0, 0]);
      expect(second.producerId).not.toBe(first.producerId);
    });
  }
});

it('ids are unique, also over several blocks and asked for at once; a block is one command', async () => {
  const agent = await LocalAgent.start();
  const clients = Array.from({ length: 25 }, () => agent.connect());
  const { revision } = agent.metadata.view;
  const seen = new Set<number>();
  for (let round = 0; round < 100; round += 1) {
    const asked = clients.map((client) => client.send(apis.initProducerId, 4, plain));
    await agent.pass(1);
    for (const [index, client] of clients.entries()) {
      const { errorCode, producerId } = client.take(apis.initProducerId, 4, asked[index]!)!;
      expect(errorCode).toBe(0);
      seen.add(producerId);
    }
  }
  expect(seen.size).toBe(2_500);
  expect(agent.metadata.view.revision - revision).toBe(3);
});

describe('errors', () => {
  for (const [transactionalId, error] of [
    ['payments', 35],
    ['', 42],
  ] as const) {
    it(`transactional id '${transactionalId}': ${error}`, async () => {
      const client = (await LocalAgent.start()).connect();
      const answer = await client.call(apis.initProducerId, 5, { ...plain, transactionalId });
      expect(answer).toMatchObject({ errorCode: error, producerId: -1 });
    });
  }

  for (const [producerId, producerEpoch] of [
    [-1, 0],
    [7, -1],
  ] as const) {
    it(`an id without its epoch, or the reverse: ${producerId}, ${producerEpoch}`, async () => {
      const client = (await LocalAgent.start()).connect();
      const answer = await client.call(apis.initProducerId, 3, { ...plain, producerId, producerEpoch });
      expect(answer).toMatchObject({ errorCode: 42, producerId: -1, producerEpoch: -1 });
      const both = await client.call(apis.initProducerId, 3, { ...plain, producerId: 7, producerEpoch: 0 });
      expect(both).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    });
  }

  it('without a metadata leader: 14, until there is one again', async () => {
    const agent = await LocalAgent.start();
    agent.metadata.leaderKnown = false;
    expect(await agent.connect().call(apis.initProducerId, 4, plain)).toMatchObject({ errorCode: 14 });
    agent.metadata.leaderKnown = true;
    expect(await agent.connect().call(apis.initProducerId, 4, plain)).toMatchObject({ errorCode: 0 });
  });

  it('when the agent stops: 14, which producers repeat', async () => {
    const agent = await LocalAgent.start();
    await agent.metadata.close();
    expect(await agent.connect().call(apis.initProducerId, 4, plain)).toMatchObject({ errorCode: 14 });
  });
});
