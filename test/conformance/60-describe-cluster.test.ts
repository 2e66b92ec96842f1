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

it("controllers' endpoints: 115", async () => {
  const answer = await (await LocalAgent.start()).connect().call(apis.describeCluster, 1, {
    includeClusterAuthorizedOperations: false,
    endpointType: 2,
  });
  expect(answer).toMatchObject({ errorCode: 115, brokers: [] });
});
