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
      expect(retention.synonyms).toEqual([{ name: 'retention.ms', value: '1000', source: 1 }]);
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

const altered = async (agent: LocalAgent, type: number, name: string, configs: Readonly<Record<string, string>>) => {
  const entries = Object.entries(configs).map(([key, value]) => ({ name: key, configOperation: 0, value }));
  const resources = [{ resourceType: type, resourceName: name, configs: entries }];
  const answer = await agent.connect().call(apis.incrementalAlterConfigs, 1, { resources, validateOnly: false });
  expect(answer.responses).toMatchObject([{ errorCode: 0 }]);
};

const described = async (agent: LocalAgent, type: number, name: string, keys: readonly string[] | null = null) => {
  const request = { resources: [resource(type, name, keys)], includeSynonyms: true, includeDocumentation: true };
  const [result] = (await agent.connect().call(apis.describeConfigs, 4, request)).results;
  expect(result).toMatchObject({ errorCode: 0, errorMessage: null });
  return new Map(result!.configs.map((config) => [config.name, config]));
};

const chain = (synonyms: readonly { name: string; value: string | null; source: number }[]) =>
  synonyms.map(({ name, value, source }) => [name, value, source]);

describe('keys', () => {
  it('only those asked for; unknown ones are left out', async () => {
    const configs = await described(await agentWithTopic(), 2, 't', ['cleanup.policy', 'no.such.config']);
    expect([...configs.keys()]).toEqual(['cleanup.policy']);
  });

  it('none asked for means all', async () => {
    const configs = await described(await agentWithTopic(), 2, 't', []);
    expect([...configs.keys()]).toEqual(Object.keys(topicConfigs));
  });
});

it('a value is shown as its type writes it', async () => {
  const agent = await agentWithTopic();
  await altered(agent, 2, 't', { preallocate: ' TRUE', 'cleanup.policy': 'delete , compact', 'segment.ms': '+5' });
  const configs = await described(agent, 2, 't');
  expect(['preallocate', 'cleanup.policy', 'segment.ms'].map((name) => configs.get(name)!.value)).toEqual([
    'true',
    'delete,compact',
    '5',
  ]);
});

it('a topic takes what it does not set from its agent, then from what all agents have', async () => {
  const agent = await agentWithTopic();
  const id = `${agent.metadata.self.nodeId}`;
  await altered(agent, 4, '', { 'message.max.bytes': '3000', 'log.roll.ms': '60000' });
  await altered(agent, 4, id, { 'message.max.bytes': '2000' });
  const configs = await described(agent, 2, 't');
  expect(configs.get('max.message.bytes')).toMatchObject({ value: '2000', configSource: 2, readOnly: false });
  expect(chain(configs.get('max.message.bytes')!.synonyms)).toEqual([
    ['message.max.bytes', '2000', 2],
    ['message.max.bytes', '3000', 3],
    ['message.max.bytes', '1048588', 5],
  ]);
  expect(configs.get('segment.ms')).toMatchObject({ value: '60000', configSource: 3 });
  expect(chain(configs.get('segment.ms')!.synonyms)).toEqual([
    ['log.roll.ms', '60000', 3],
    ['log.roll.hours', '168', 5],
  ]);
  // A topic that is created now tells the same.
  const topics = [{ name: 'u', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
  const created = await agent.connect().call(apis.createTopics, 7, { topics });
  const told = created.topics[0]!.configs!.find(({ name }) => name === 'max.message.bytes');
  expect(told).toMatchObject({ value: '2000', configSource: 2 });
});

it('a resource named twice is answered twice, as in Kafka, each time with what is asked for', async () => {
  const agent = await agentWithTopic();
  const id = `${agent.metadata.self.nodeId}`;
  const resources = [
    resource(2, 't'),
    resource(4, id, ['num.partitions']),
    resource(2, 't', ['retention.ms', 'segment.ms']),
    resource(4, `0${id}`, ['listeners', 'num.partitions']),
    ...Array.from({ length: 20 }, () => resource(2, 't', ['retention.ms'])),
  ];
  const { results } = await agent.connect().call(apis.describeConfigs, 4, { resources });
  expect(results.map(({ resourceName, configs }) => [resourceName, configs.length])).toEqual([
    ['t', Object.keys(topicConfigs).length],
    [id, 1],
    ['t', 2],
    [`0${id}`, 2],
    ...Array.from({ length: 20 }, () => ['t', 1]),
  ]);
  expect(results.at(-1)!.configs).toMatchObject([{ name: 'retention.ms', value: '1000', synonyms: [] }]);
});

describe('brokers', () => {
  it('this agent: settings that are not the default are static ones, others have the default', async () => {
    const agent = await agentWithTopic();
    const id = `${agent.metadata.self.nodeId}`;
    const configs = await described(agent, 4, id);
    expect(configs.get('node.id')).toMatchObject({ value: id, readOnly: true, configSource: 4, configType: 3 });
    expect(configs.get('listeners')!.value).toBe('inside://agent.test:9092,outside://agent.test:9093');
    expect(configs.get('advertised.listeners')!.value).toBe('inside://agent.test:9092,outside://outside.test:443');
    expect(chain(configs.get('num.partitions')!.synonyms)).toEqual([
      ['num.partitions', '2', 4],
      ['num.partitions', '1', 5],
    ]);
    expect(configs.get('delete.topic.enable')).toMatchObject({ value: 'true', configSource: 5, readOnly: true });
    expect(configs.get('message.max.bytes')).toMatchObject({ readOnly: false, configSource: 5 });
    expect(configs.get('log.retention.ms')).toMatchObject({ value: null, configSource: 5, synonyms: [] });
    for (const { documentation } of configs.values()) {
      expect(documentation).toMatch(/\w/);
    }
  });

  it('all agents: what was set for them, and nothing else', async () => {
    const agent = await agentWithTopic();
    expect((await described(agent, 4, '')).size).toBe(0);
    await altered(agent, 4, '', { 'message.max.bytes': '3000' });
    await altered(agent, 4, `${agent.metadata.self.nodeId}`, { 'message.max.bytes': '2000' });
    const configs = await described(agent, 4, '');
    expect([...configs.keys()]).toEqual(['message.max.bytes']);
    expect(configs.get('message.max.bytes')).toMatchObject({ value: '3000', configSource: 3, readOnly: false });
    expect(chain(configs.get('message.max.bytes')!.synonyms)).toEqual([['message.max.bytes', '3000', 3]]);
  });

  it("an administrator's own config is not shown, as in Kafka: nobody knows whether it is a secret", async () => {
    const agent = await agentWithTopic();
    const id = `${agent.metadata.self.nodeId}`;
    await altered(agent, 4, id, { 'my.secret': 'x' });
    const own = (await described(agent, 4, id)).get('my.secret');
    expect(own).toMatchObject({ value: null, isSensitive: true, readOnly: true, configSource: 2, configType: 0 });
    expect(chain(own!.synonyms)).toEqual([['my.secret', null, 2]]);
  });

  it('the logger of this agent', async () => {
    const agent = await agentWithTopic();
    const configs = await described(agent, 8, `${agent.metadata.self.nodeId}`);
    expect([...configs.values()]).toMatchObject([{ name: 'root', value: 'INFO', configSource: 6, readOnly: true }]);
  });
});

it('groups and client metrics have configs before anything is set, and show what is', async () => {
  const agent = await agentWithTopic();
  expect((await described(agent, 16, 'm')).get('interval.ms')).toMatchObject({ value: '300000', configSource: 5 });
  await altered(agent, 16, 'm', { 'interval.ms': '1000' });
  const interval = (await described(agent, 16, 'm')).get('interval.ms')!;
  expect(interval).toMatchObject({ value: '1000', configSource: 7 });
  expect(chain(interval.synonyms)).toEqual([['interval.ms', '1000', 7]]);
  await altered(agent, 32, 'g', { 'consumer.session.timeout.ms': '50000' });
  const group = await described(agent, 32, 'g');
  expect(group.size).toBe(17);
  expect(chain(group.get('consumer.session.timeout.ms')!.synonyms)).toEqual([
    ['consumer.session.timeout.ms', '50000', 8],
    ['group.consumer.session.timeout.ms', '45000', 5],
  ]);
  expect(group.get('share.delivery.count.limit')).toMatchObject({ value: '5', configSource: 5 });
});

describe('errors', () => {
  for (const [name, type, resourceName, error] of [
    ['unknown topic', 2, 'nope', 3],
    ['no topic name', 2, 'a b', 17],
    ['no topic', 2, '', 17],
    ['unknown broker', 4, '999', 42],
    ['no broker id', 4, 'x', 42],
    ['loggers of all brokers', 8, '', 42],
    ['loggers of an unknown broker', 8, '999', 42],
    ['no subscription', 16, '', 42],
    ['no group', 32, '', 42],
    ['nonsense', 99, 'x', 42],
  ] as const) {
    it(`${name}: ${error}`, async () => {
      const resources = [resource(type, resourceName)];
      const answer = await (await agentWithTopic()).connect().call(apis.describeConfigs, 4, { resources });
      expect(answer.results).toMatchObject([{ errorCode: error, resourceName, configs: [] }]);
    });
  }

  it('a type that Kafka does not know spoils its neighbours, as in Kafka', async () => {
    const resources = [resource(2, 't'), resource(3, 'x')];
    const answer = await (await agentWithTopic()).connect().call(apis.describeConfigs, 4, { resources });
    expect(answer.results.map(({ errorCode, configs }) => [errorCode, configs.length])).toEqual([
      [42, 0],
      [42, 0],
    ]);
  });
});
