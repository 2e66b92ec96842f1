import { describe, expect, it } from 'vitest';
import { topicConfigs } from '../../src/config/topic-configs.js';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

async function agentWithTopic(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  const configs = [{ name: 'retention.ms', value: '1000' }];
  const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs }];
  await agent.connect().call(apis.createTopics, 5, { topics });
  return agent;
}

const resource = (resourceType: number, resourceName: string, configurationKeys: readonly string[] | null = null) => ({
  resourceType,
  resourceName,
  configurationKeys,
});

describe('every version', () => {
  for (let version = apis.describeConfigs.min; version <= apis.describeConfigs.max; version += 1) {
    it(`v${version} of a topic`, async () => {
      const agent = await agentWithTopic();
      const request = { resources: [resource(2, 't')], includeSynonyms: true, includeDocumentation: true };
      const answer = await agent.connect().call(apis.describeConfigs, version, request);
      const [result] = answer.results;
      expect(result).toMatchObject({ errorCode: 0, resourceType: 2, resourceName: 't' });
      expect(result!.configs.map(({ name }) => name)).toEqual(Object.keys(topicConfigs));
      const retention = result!.configs.find(({ name }) => name === 'retention.ms')!;
      expect(retention).toMatchObject({
        value: '1000',
        configSource: 1,
        isSensitive: false,
        configType: version >= 3 ? 5 : 0,
      });
      expect(retention.synonyms).toEqual([
        { name: 'retention.ms', value: '1000', source: 1 },
        { name: 'retention.ms', value: '604800000', source: 5 },
      ]);
      expect(retention.documentation !== '').toBe(version >= 3);
    });

    it(`v${version} of a broker`, async () => {
      const agent = await agentWithTopic();
      const name = `${agent.metadata.self.nodeId}`;
      const answer = await agent.connect().call(apis.describeConfigs, version, { resources: [resource(4, name)] });
      const configs = new Map(answer.results[0]!.configs.map((config) => [config.name, config]));
      expect(configs.get('num.partitions')).toMatchObject({
        value: '2',
        readOnly: true,
        configSource: 4,
        synonyms: [],
      });
    });
  }
});

it('only the keys asked for', async () => {
  const agent = await agentWithTopic();
  const resources = [resource(2, 't', ['cleanup.policy', 'no.such.config'])];
  const answer = await agent.connect().call(apis.describeConfigs, 4, { resources });
  expect(answer.results[0]!.configs.map(({ name }) => name)).toEqual(['cleanup.policy']);
});

describe('errors', () => {
  for (const [name, type, resourceName, error] of [
    ['unknown topic', 2, 'nope', 3],
    ['no topic name', 2, 'a b', 17],
    ['unknown broker', 4, '999', 42],
    ['broker logger', 8, '1', 42],
    ['nonsense', 99, 'x', 42],
  ] as const) {
    it(`${name}: ${error}`, async () => {
      const resources = [resource(type, resourceName)];
      const answer = await (await agentWithTopic()).connect().call(apis.describeConfigs, 4, { resources });
      expect(answer.results).toMatchObject([{ errorCode: error, resourceName, configs: [] }]);
    });
  }
});
