import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

describe('every version names an agent by the address of the listener', () => {
  for (let version = apis.findCoordinator.min; version <= apis.findCoordinator.max; version += 1) {
    it(`v${version}`, async () => {
      const agent = await LocalAgent.start();
      const { nodeId } = agent.metadata.self;
      for (const [port, host, told] of [
        [9092, 'agent.test', 9092],
        [9093, 'outside.test', 443],
      ] as const) {
        const request = { key: 'g', keyType: 0, coordinatorKeys: ['g', 'h'] };
        const answer = await agent.connect(port).call(apis.findCoordinator, version, request);
        if (version >= 4) {
          expect(answer.coordinators).toMatchObject([
            { key: 'g', errorCode: 0, nodeId, host, port: told },
            { key: 'h', errorCode: 0, nodeId, host, port: told },
          ]);
        } else {
          expect(answer).toMatchObject({ errorCode: 0, nodeId, host, port: told });
        }
      }
    });
  }
});

describe('other types', () => {
  for (const [name, keyType, error] of [
    ['transactions', 1, 35],
    ['share groups', 2, 42],
    ['nonsense', 99, 42],
  ] as const) {
    it(`${name}: ${error}`, async () => {
      const client = (await LocalAgent.start()).connect();
      const old = await client.call(apis.findCoordinator, 3, { key: 'k', keyType });
      expect(old).toMatchObject({ errorCode: error, nodeId: -1 });
      const answer = await client.call(apis.findCoordinator, 6, { keyType, coordinatorKeys: ['k'] });
      expect(answer.coordinators).toMatchObject([{ key: 'k', errorCode: error, nodeId: -1 }]);
    });
  }
});

it('no open agent: 15', async () => {
  const agent = await LocalAgent.start();
  agent.metadata.lead({
    kind: { $case: 'closeAgentEpoch', value: { agentEpoch: agent.metadata.self.agentEpoch } },
  });
  expect(await agent.connect().call(apis.findCoordinator, 0, { key: 'g' })).toMatchObject({ errorCode: 15 });
});
