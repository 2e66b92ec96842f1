import { expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

async function started() {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
  await client.call(apis.createTopics, 5, { topics });
  const resources = [
    { resourceType: 16, resourceName: 'm', configs: [{ name: 'metrics', value: 'a' }] },
    { resourceType: 32, resourceName: 'g', configs: [{ name: 'share.isolation.level', value: 'read_committed' }] },
  ];
  await client.call(apis.alterConfigs, 2, { resources, validateOnly: false });
  const id = `${agent.metadata.self.nodeId}`;
  const list = async (version: number, resourceTypes: readonly number[] = []) => {
    const answer = await client.call(apis.listConfigResources, version, { resourceTypes: [...resourceTypes] });
    const named = answer.configResources.map(({ resourceType, resourceName }) => `${resourceType} ${resourceName}`);
    return { errorCode: answer.errorCode, named };
  };
  return { id, list };
}

it('v0: client metrics subscriptions', async () => {
  const { list } = await started();
  expect(await list(0)).toEqual({ errorCode: 0, named: ['16 m'] });
});

it('v1: everything, in the order of Kafka', async () => {
  const { id, list } = await started();
  expect(await list(1)).toEqual({ errorCode: 0, named: ['32 g', '16 m', `8 ${id}`, `4 ${id}`, '2 t'] });
});

it('v1: the types asked for, each once', async () => {
  const { id, list } = await started();
  expect(await list(1, [2, 4, 2])).toEqual({ errorCode: 0, named: [`4 ${id}`, '2 t'] });
});

it('v1: a type that Kafka does not know: 35 and nothing', async () => {
  const { list } = await started();
  expect(await list(1, [2, 5])).toEqual({ errorCode: 35, named: [] });
});
