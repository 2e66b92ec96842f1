import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3];
type Change = readonly [name: string, operation: number, value?: string | null];
interface Resource {
  readonly type?: number;
  readonly name?: string;
  readonly changes: readonly Change[];
}

const request = (resources: readonly Resource[], validateOnly = false) => ({
  resources: resources.map(({ type = 2, name = 't', changes }) => ({
    resourceType: type,
    resourceName: name,
    configs: changes.map(([key, configOperation, value = null]) => ({ name: key, configOperation, value })),
  })),
  validateOnly,
});

/** With a topic whose cleanup.policy is compact. */
async function started() {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  const configs = [{ name: 'cleanup.policy', value: 'compact' }];
  const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs }];
  await client.call(apis.createTopics, 5, { topics });
  const alter = async (type: number, name: string, changes: readonly Change[], validateOnly = false) =>
    (await client.call(apis.incrementalAlterConfigs, 1, request([{ type, name, changes }], validateOnly)))
      .responses[0]!;
  return { agent, client, alter, topic: () => [...agent.metadata.view.topicByName('t')!.configs] };
}

describe('every version', () => {
  for (let version = apis.incrementalAlterConfigs.min; version <= apis.incrementalAlterConfigs.max; version += 1) {
    it(`v${version}`, async () => {
      const { client, topic } = await started();
      const changes: Change[] = [
        ['retention.ms', SET, ' 5 '],
        ['cleanup.policy', APPEND, 'delete'],
      ];
      const answer = await client.call(apis.incrementalAlterConfigs, version, request([{ changes }]));
      expect(answer).toEqual({
        throttleTimeMs: 0,
        responses: [{ errorCode: 0, errorMessage: null, resourceType: 2, resourceName: 't' }],
      });
      expect(topic()).toEqual([
        ['cleanup.policy', 'compact,delete'],
        ['retention.ms', ' 5 '],
      ]);
    });
  }
});

describe('operations', () => {
  for (const [name, changes, policy] of [
    ['set', [['cleanup.policy', SET, 'delete']], 'delete'],
    ['set to nothing', [['cleanup.policy', SET, '']], ''],
    ['delete', [['cleanup.policy', DELETE]], undefined],
    ['delete with a value', [['cleanup.policy', DELETE, 'x']], undefined],
    ['append what is there', [['cleanup.policy', APPEND, 'compact']], 'compact'],
    ['append some', [['cleanup.policy', APPEND, 'compact,delete,']], 'compact,delete'],
    ['append some twice', [['cleanup.policy', APPEND, 'delete,compact,delete,,,']], 'compact,delete'],
    ['append only commas', [['cleanup.policy', APPEND, ',,']], 'compact'],
    ['subtract only commas', [['cleanup.policy', SUBTRACT, ',']], 'compact'],
    ['subtract twice what is there once', [['cleanup.policy', SUBTRACT, 'compact,compact']], ''],
    ['subtract', [['cleanup.policy', SUBTRACT, 'compact']], ''],
    ['subtract what is not there', [['cleanup.policy', SUBTRACT, 'delete']], 'compact'],
  ] as const) {
    it(name, async () => {
      const { alter, agent } = await started();
      expect((await alter(2, 't', changes)).errorCode).toBe(0);
      expect(agent.metadata.view.topicByName('t')!.configs.get('cleanup.policy')).toBe(policy);
    });
  }

  it('to a list that is not set, append starts from the default', async () => {
    const { alter, topic } = await started();
    await alter(2, 't', [['cleanup.policy', DELETE]]);
    await alter(2, 't', [['cleanup.policy', APPEND, 'compact']]);
    expect(topic()).toEqual([['cleanup.policy', 'delete,compact']]);
  });

  it('subtract takes away an element that is there twice once each time that it is named, the first one first', async () => {
    const { alter, topic } = await started();
    const list = 'leader.replication.throttled.replicas';
    await alter(2, 't', [[list, SET, '1:1,2:2,1:1,3:3,1:1']]);
    await alter(2, 't', [[list, SUBTRACT, '1:1,4:4,1:1']]);
    expect(new Map(topic()).get(list)).toBe('2:2,3:3,1:1');
    await alter(2, 't', [[list, APPEND, '1:1,5:5']]);
    expect(new Map(topic()).get(list)).toBe('2:2,3:3,1:1,5:5');
  });

  it('many resources: each is judged, in their order', async () => {
    const { client } = await started();
    const resources = Array.from({ length: 100 }, (_, n): Resource => {
      const value = n % 2 === 0 ? '50000' : '1';
      return { type: 32, name: `g${n}`, changes: [['consumer.session.timeout.ms', SET, value]] };
    });
    const { responses } = await client.call(apis.incrementalAlterConfigs, 1, request(resources));
    expect(responses.map(({ resourceName, errorCode }) => [resourceName, errorCode])).toEqual(
      resources.map(({ name }, n) => [name, n % 2 === 0 ? 0 : 40]),
    );
  });

  it('deleting what is not set, an unknown name too, is no error and no change', async () => {
    const { agent, alter } = await started();
    const { revision } = agent.metadata.view;
    expect(
      (
        await alter(2, 't', [
          ['nope', DELETE],
          ['retention.ms', DELETE],
        ])
      ).errorCode,
    ).toBe(0);
    expect(agent.metadata.view.revision).toBe(revision);
  });
});

it("of an agent's own loggers nothing may be altered", async () => {
  const { agent, alter } = await started();
  expect((await alter(8, `${agent.metadata.self.nodeId}`, [])).errorCode).toBe(0);
});

describe('refused, also when only validated', () => {
  const cases: readonly (readonly [string, number, string, readonly Change[], number])[] = [
    ['bad value', 2, 't', [['retention.ms', SET, '-2']], 40],
    ['unknown config', 2, 't', [['nope', SET, '1']], 40],
    ['append to no list', 2, 't', [['retention.ms', APPEND, '1']], 40],
    ['subtract from an unknown config', 2, 't', [['nope', SUBTRACT, '1']], 40],
    ['a list that becomes bad', 2, 't', [['cleanup.policy', APPEND, 'nope']], 40],
    ['no value', 2, 't', [['retention.ms', SET, null]], 42],
    ['nothing to append', 2, 't', [['cleanup.policy', APPEND, null]], 42],
    [
      'a config twice',
      2,
      't',
      [
        ['retention.ms', SET, '1'],
        ['retention.ms', DELETE],
      ],
      42,
    ],
    ['unknown operation', 2, 't', [['retention.ms', 4, '1']], 42],
    ['negative operation', 2, 't', [['retention.ms', -1, '1']], 42],
    ['unknown topic', 2, 'nope', [['retention.ms', SET, '1']], 3],
    ['unknown topic, no changes', 2, 'nope', [], 3],
    ['unknown topic and bad value', 2, 'nope', [['retention.ms', SET, 'x']], 40],
    ['no topic', 2, '', [], 42],
    ['no topic name', 2, 'a b', [], 17],
    ['unknown type', 1, 'x', [], 42],
    ['loggers', 8, '1', [['root', SET, 'DEBUG']], 42],
    ['a logger that there is not', 8, '1', [['kafka', SET, 'DEBUG']], 40],
    ["another agent's loggers", 8, '999', [], 42],
    ['another broker', 4, '999', [['message.max.bytes', SET, '1']], 42],
    ['no broker id', 4, 'x', [], 42],
    ['a fixed config of brokers', 4, '', [['num.partitions', SET, '3']], 42],
    ['bad value of a broker', 4, '', [['message.max.bytes', SET, 'x']], 42],
    ['append to an unknown config of brokers', 4, '', [['foo.bar', APPEND, 'x']], 40],
    ['append to no list of brokers', 4, '', [['message.max.bytes', APPEND, '1']], 40],
    ['no group', 32, '', [], 42],
    ['unknown config of groups', 32, 'g', [['nope', SET, '1']], 40],
    ['bad value of a group', 32, 'g', [['consumer.session.timeout.ms', SET, '1000']], 40],
    ['append to a group', 32, 'g', [['consumer.session.timeout.ms', APPEND, '1']], 40],
    ['no subscription', 16, '', [], 42],
    ['unknown config of client metrics', 16, 'm', [['nope', SET, '1']], 42],
    ['bad interval of client metrics', 16, 'm', [['interval.ms', SET, '99']], 42],
    ['bad match of client metrics', 16, 'm', [['match', SET, 'nope=a']], 40],
    ['append to client metrics', 16, 'm', [['metrics', APPEND, 'a']], 40],
  ];
  for (const [name, type, resourceName, changes, error] of cases) {
    for (const validateOnly of [false, true]) {
      it(`${name}${validateOnly ? ', validated' : ''}: ${error}`, async () => {
        const { agent, alter } = await started();
        const { revision } = agent.metadata.view;
        const answer = await alter(type, resourceName, changes, validateOnly);
        expect(answer).toMatchObject({ errorCode: error, resourceType: type, resourceName });
        expect(answer.errorMessage).toMatch(/\w/);
        expect(agent.metadata.view.revision).toBe(revision);
      });
    }
  }

  it('a list that grows beyond what a value may be: 40', async () => {
    const { alter, topic } = await started();
    const replicas = (first: number) => Array.from({ length: 3_000 }, (_, at) => `${first + at}:1`).join(',');
    const list = 'leader.replication.throttled.replicas';
    expect(await alter(2, 't', [[list, APPEND, replicas(10_000)]])).toMatchObject({ errorCode: 0 });
    expect(await alter(2, 't', [[list, APPEND, replicas(20_000)]])).toMatchObject({ errorCode: 40 });
    expect(new Map(topic()).get(list)).toBe(replicas(10_000));
  });

  it('a broker given twice is refused each time, however its id is written', async () => {
    const { client, agent } = await started();
    const id = `${agent.metadata.self.nodeId}`;
    const { revision } = agent.metadata.view;
    const changes: Change[] = [['message.max.bytes', SET, '5000']];
    const resources = [id, `0${id}`, `+${id}`].map((name) => ({ type: 4, name, changes }));
    const { responses } = await client.call(apis.incrementalAlterConfigs, 1, request(resources));
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([42, 42, 42]);
    expect(agent.metadata.view.revision).toBe(revision);
  });

  it('a resource given twice is refused each time; its neighbour is served', async () => {
    const { client, agent } = await started();
    const changes: Change[] = [['retention.ms', SET, '1']];
    const group: Change[] = [['consumer.session.timeout.ms', SET, '50000']];
    const resources = [{ changes }, { type: 32, name: 't', changes: group }, { changes }];
    const answer = await client.call(apis.incrementalAlterConfigs, 1, request(resources));
    expect(answer.responses.map(({ resourceType, errorCode }) => [resourceType, errorCode])).toEqual([
      [2, 42],
      [32, 0],
      [2, 42],
    ]);
    expect([...agent.metadata.view.groupConfigs('t')]).toEqual([['consumer.session.timeout.ms', '50000']]);
  });
});

it('validateOnly changes nothing', async () => {
  const { alter, topic } = await started();
  expect((await alter(2, 't', [['cleanup.policy', SET, 'delete']], true)).errorCode).toBe(0);
  expect(topic()).toEqual([['cleanup.policy', 'compact']]);
});

it('configs of all agents, of one, of groups and subscriptions are kept until they are deleted', async () => {
  const { agent, alter } = await started();
  const { view, self } = agent.metadata;
  const id = `${self.nodeId}`;
  for (const [type, name, key, value] of [
    [4, '', 'message.max.bytes', '5'],
    [4, id, 'message.max.bytes', '6'],
    [4, '', 'foo.bar', 'x'],
    [16, 'm', 'interval.ms', '1000'],
    [32, 'g', 'consumer.heartbeat.interval.ms', '6000'],
  ] as const) {
    expect((await alter(type, name, [[key, SET, value]])).errorCode).toBe(0);
    expect(view.configsOf(type, name).configs.get(key)).toBe(value);
  }
  await alter(4, '', [['log.cleanup.policy', APPEND, 'compact']]);
  expect(view.brokerConfigs('').configs.get('log.cleanup.policy')).toBe('delete,compact');
  await alter(4, `+${id}`, [['message.max.bytes', DELETE]]);
  expect([...view.resourcesWithConfigs(4)]).toEqual(['']);
});

it('changes at once of different configs all hold, and appends to one list too', async () => {
  const { agent, topic } = await started();
  const clients = Array.from({ length: 8 }, () => agent.connect());
  const answers = await Promise.all(
    clients.map((client, at) => {
      const changes: Change[] = [['leader.replication.throttled.replicas', APPEND, `${at}:1`]];
      return client.call(
        apis.incrementalAlterConfigs,
        1,
        request([
          {
            changes: at % 2 === 0 ? changes : [...changes, [`segment.${at === 1 ? 'ms' : 'jitter.ms'}`, SET, `${at}`]],
          },
        ]),
      );
    }),
  );
  expect(answers.map(({ responses }) => responses[0]!.errorCode)).toEqual(Array.from(clients, () => 0));
  const configs = new Map(topic());
  expect(configs.get('leader.replication.throttled.replicas')!.split(',').sort()).toEqual(
    clients.map((_, at) => `${at}:1`),
  );
  expect(configs.get('segment.ms')).toBe('1');
  expect(configs.has('segment.jitter.ms')).toBe(true);
});

it('of two changes that exclude each other, the later one is refused', async () => {
  const { agent } = await started();
  const answers = await Promise.all(
    (['min', 'max'] as const).map((bound) => {
      const changes: Change[] = [[`${bound}.compaction.lag.ms`, SET, bound === 'min' ? '20' : '10']];
      return agent.connect().call(apis.incrementalAlterConfigs, 1, request([{ changes }]));
    }),
  );
  expect(answers.map(({ responses }) => responses[0]!.errorCode).sort()).toEqual([0, 40]);
});

it('an outcome that does not come within 30 s: 7; an agent that stops: 41', async () => {
  const { agent, alter } = await started();
  const submit = agent.metadata.submit.bind(agent.metadata);
  agent.metadata.submit = () => new Promise(() => {});
  expect((await alter(2, 't', [['retention.ms', SET, '1']])).errorCode).toBe(7);
  agent.metadata.submit = submit;
  await agent.metadata.close();
  expect((await alter(2, 't', [['retention.ms', SET, '1']])).errorCode).toBe(41);
});
