import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

type Configs = readonly (readonly [name: string, value: string | null])[];

const resource = (configs: Configs, resourceType = 2, resourceName = 't') => ({
  resourceType,
  resourceName,
  configs: configs.map(([name, value]) => ({ name, value })),
});

/** With a topic that has two configs. */
async function started() {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  const configs = [
    { name: 'cleanup.policy', value: 'compact' },
    { name: 'retention.ms', value: '5' },
  ];
  const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs }];
  await client.call(apis.createTopics, 5, { topics });
  return { agent, client, topic: () => [...agent.metadata.view.topicByName('t')!.configs] };
}

describe('every version', () => {
  for (let version = apis.alterConfigs.min; version <= apis.alterConfigs.max; version += 1) {
    it(`v${version}: what is not named is taken away`, async () => {
      const { client, topic } = await started();
      const resources = [resource([['retention.ms', '7']])];
      const answer = await client.call(apis.alterConfigs, version, { resources, validateOnly: false });
      expect(answer).toEqual({
        throttleTimeMs: 0,
        responses: [{ errorCode: 0, errorMessage: null, resourceType: 2, resourceName: 't' }],
      });
      expect(topic()).toEqual([['retention.ms', '7']]);
      await client.call(apis.alterConfigs, version, { resources: [resource([])], validateOnly: false });
      expect(topic()).toEqual([]);
    });
  }
});

describe('refused, also when only validated', () => {
  const cases: readonly (readonly [string, number, string, Configs, number])[] = [
    ['bad value', 2, 't', [['retention.ms', 'x']], 40],
    ['unknown config', 2, 't', [['nope', '1']], 40],
    ['no value', 2, 't', [['retention.ms', null]], 42],
    [
      'a config twice',
      2,
      't',
      [
        ['retention.ms', '1'],
        ['retention.ms', '2'],
      ],
      42,
    ],
    ['unknown topic', 2, 'nope', [], 3],
    ['loggers', 8, '1', [], 42],
    ['unknown type', 0, 'x', [], 42],
    ['a fixed config of brokers', 4, '', [['num.partitions', '3']], 42],
  ];
  for (const [name, type, resourceName, configs, error] of cases) {
    for (const validateOnly of [false, true]) {
      it(`${name}${validateOnly ? ', validated' : ''}: ${error}`, async () => {
        const { agent, client } = await started();
        const { revision } = agent.metadata.view;
        const resources = [resource(configs, type, resourceName)];
        const answer = await client.call(apis.alterConfigs, 2, { resources, validateOnly });
        expect(answer.responses).toMatchObject([{ errorCode: error, resourceType: type, resourceName }]);
        expect(agent.metadata.view.revision).toBe(revision);
      });
    }
  }

  it('a resource given twice is refused each time', async () => {
    const { client, topic } = await started();
    const resources = [resource([]), resource([])];
    const answer = await client.call(apis.alterConfigs, 2, { resources, validateOnly: false });
    expect(answer.responses.map(({ errorCode }) => errorCode)).toEqual([42, 42]);
    expect(topic()).toHaveLength(2);
  });
});

it('validateOnly changes nothing', async () => {
  const { client, topic } = await started();
  const answer = await client.call(apis.alterConfigs, 2, { resources: [resource([])], validateOnly: true });
  expect(answer.responses).toMatchObject([{ errorCode: 0 }]);
  expect(topic()).toHaveLength(2);
});

it('brokers, groups and client metrics as topics', async () => {
  const { agent, client } = await started();
  const { view } = agent.metadata;
  const all = [
    resource([['message.max.bytes', '5']], 4, '1'),
    resource([['consumer.session.timeout.ms', '50000']], 32, 'g'),
    resource([['metrics', 'a']], 16, 'm'),
  ];
  const answer = await client.call(apis.alterConfigs, 2, { resources: all, validateOnly: false });
  expect(answer.responses.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0]);
  expect([...view.brokerConfigs(1).configs, ...view.groupConfigs('g')]).toEqual([
    ['message.max.bytes', '5'],
    ['consumer.session.timeout.ms', '50000'],
  ]);
  const none = all.map(({ resourceType, resourceName }) => resource([], resourceType, resourceName));
  await client.call(apis.alterConfigs, 2, { resources: none, validateOnly: false });
  expect([4, 16, 32].flatMap((type) => [...view.resourcesWithConfigs(type)])).toEqual([]);
});

describe('min.insync.replicas: all brokers have one, none has another (KIP-966)', () => {
  const cases: readonly (readonly [string, string, Configs, number])[] = [
    ['all brokers, not named', '', [['log.retention.ms', '5']], 40],
    ['all brokers, nothing named', '', [], 40],
    ['all brokers, not named, nor known', '', [['no.such.config', '5']], 40],
    ['all brokers, not named, another of a wrong value', '', [['log.retention.ms', 'x']], 42],
    ['all brokers, named', '', [['min.insync.replicas', '2']], 0],
    ['one broker, named', '1', [['min.insync.replicas', '2']], 40],
    ['one broker, not named', '1', [['log.retention.ms', '5']], 0],
  ];
  it.each(cases)('%s', async (_what, name, configs, errorCode) => {
    const { client } = await started();
    for (const validateOnly of [true, false]) {
      const { responses } = await client.call(apis.alterConfigs, 2, {
        resources: [resource(configs, 4, name)],
        validateOnly,
      });
      expect(responses).toMatchObject([{ errorCode }]);
    }
  });

  it.each([
    ['all brokers, set', '', 0, '2', 0],
    ['all brokers, deleted', '', 1, null, 40],
    ['one broker, set', '1', 0, '2', 40],
    ['one broker, deleted', '1', 1, null, 0],
  ] as const)('incrementally: %s', async (_what, resourceName, configOperation, value, errorCode) => {
    const { client } = await started();
    const configs = [{ name: 'min.insync.replicas', configOperation, value }];
    const resources = [{ resourceType: 4, resourceName, configs }];
    const { responses } = await client.call(apis.incrementalAlterConfigs, 1, { resources, validateOnly: false });
    expect(responses).toMatchObject([{ errorCode }]);
  });
});
