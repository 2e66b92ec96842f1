import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

describe('every version', () => {
  for (let version = apis.describeCluster.min; version <= apis.describeCluster.max; version += 1) {
    it(`v${version}`, async () => {
      const agent = await LocalAgent.start();
      const { nodeId } = agent.metadata.self;
      const request = { includeClusterAuthorizedOperations: true };
      const answer = await agent.connect(9093).call(apis.describeCluster, version, request);
      expect(answer).toMatchObject({
        errorCode: 0,
        clusterId: 'test-cluster',
        controllerId: nodeId,
        brokers: [{ brokerId: nodeId, host: 'outside.test', port: 443, rack: 'zone-a', isFenced: false }],
        clusterAuthorizedOperations: 0b1_1111_1010_0000,
      });
    });
  }
});

describe('endpoints that an agent does not have', () => {
  for (const version of [1, 2]) {
    it.each([
      [2, 114],
      [0, 115],
      [9, 115],
      [-1, 115],
    ])(`v${version} type %i: %i`, async (endpointType, errorCode) => {
      const request = { includeClusterAuthorizedOperations: true, endpointType };
      const answer = await (await LocalAgent.start()).connect().call(apis.describeCluster, version, request);
      expect(answer).toMatchObject({
        errorCode,
        endpointType: 1,
        clusterId: '',
        controllerId: -1,
        brokers: [],
        clusterAuthorizedOperations: -0x8000_0000,
      });
      expect(answer.errorMessage).toMatch(/endpoint/);
    });
  }
});

it('operations that were not asked for: the least int32', async () => {
  const request = { includeClusterAuthorizedOperations: false };
  const answer = await (await LocalAgent.start()).connect().call(apis.describeCluster, 2, request);
  expect(answer).toMatchObject({ errorCode: 0, errorMessage: null, clusterAuthorizedOperations: -0x8000_0000 });
});

it('names only the agent that leads: one that is gone for good, under another name, is open for ever', async () => {
  const agent = await LocalAgent.start();
  const { nodeId, incarnation } = agent.metadata.self;
  const listeners = ['inside', 'outside'].map((name) => ({ name, host: 'gone.test', port: 1 }));
  const gone = { name: 'gone', incarnation: new Uint8Array(16).fill(7), zone: '', listeners };
  agent.metadata.lead({ kind: { $case: 'registerAgent', value: gone } });
  const process = { host: '', bootId: '', processId: 1, processStart: 1, leaseMs: 10_000 };
  agent.metadata.lead({ kind: { $case: 'becomeLeader', value: { candidate: incarnation, ...process } } });
  const request = { includeClusterAuthorizedOperations: false };
  const answer = await agent.connect(9093).call(apis.describeCluster, 1, request);
  expect(answer.brokers).toMatchObject([{ brokerId: nodeId, host: 'outside.test' }]);
  const all = { ...request, includeFencedBrokers: true };
  const fenced = await agent.connect(9093).call(apis.describeCluster, 2, all);
  expect(fenced.brokers).toMatchObject([
    { brokerId: nodeId, isFenced: false },
    { host: 'gone.test', isFenced: true },
  ]);
  expect((await agent.connect(9093).call(apis.describeCluster, 1, all)).brokers).toHaveLength(1);
});
