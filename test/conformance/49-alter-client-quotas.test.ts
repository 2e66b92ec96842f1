import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import type { RequestIn } from '../../src/protocol/codec.js';
import { LocalAgent } from './local-agent.js';

type Entry = RequestIn<typeof apis.alterClientQuotas>['entries'][number];
type Names = Readonly<Record<string, string | null>>;

function entry(names: Names, values: Readonly<Record<string, number | undefined>>): Entry {
  return {
    entity: Object.entries(names).map(([entityType, entityName]) => ({ entityType, entityName })),
    ops: Object.entries(values).map(([key, value]) => ({ key, value: value ?? 0, remove: value === undefined })),
  };
}

async function started(version = 1) {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  return {
    agent,
    alter: (entries: readonly Entry[], validateOnly = false) =>
      client.call(apis.alterClientQuotas, version, { entries, validateOnly }),
    quotas: () =>
      Array.from(agent.metadata.view.clientQuotas(), ({ entity, values }) => ({
        ...Object.fromEntries(Object.entries(entity).filter(([, name]) => name !== undefined)),
        ...Object.fromEntries(values),
      })),
  };
}

describe('every version', () => {
  for (let version = apis.alterClientQuotas.min; version <= apis.alterClientQuotas.max; version += 1) {
    it(`v${version}: sets, changes and removes values of every kind of entity`, async () => {
      const { alter, quotas } = await started(version);
      const all = [
        entry({ user: 'u' }, { producer_byte_rate: 1024, consumer_byte_rate: 2048.0000001 }),
        entry({ user: null }, { request_percentage: 12.5 }),
        entry({ 'client-id': 'c' }, { controller_mutation_rate: 0.5 }),
        entry({ 'client-id': null }, { producer_byte_rate: 2 ** 62 }),
        entry({ user: 'u', 'client-id': null }, { producer_byte_rate: 5 }),
        entry({ ip: '10.1.2.3' }, { connection_creation_rate: 7 }),
        entry({ ip: null }, { connection_creation_rate: 2 ** 31 - 1 }),
      ];
      const answer = await alter(all);
      expect(answer.throttleTimeMs).toBe(0);
      expect(answer.entries).toEqual(all.map(({ entity }) => ({ errorCode: 0, errorMessage: null, entity })));
      expect(quotas()).toEqual([
        { user: 'u', producer_byte_rate: 1024, consumer_byte_rate: 2048.0000001 },
        { user: null, request_percentage: 12.5 },
        { clientId: 'c', controller_mutation_rate: 0.5 },
        { clientId: null, producer_byte_rate: 2 ** 62 },
        { user: 'u', clientId: null, producer_byte_rate: 5 },
        { ip: '10.1.2.3', connection_creation_rate: 7 },
        { ip: null, connection_creation_rate: 2 ** 31 - 1 },
      ]);
      const changes = [
        entry({ user: 'u' }, { producer_byte_rate: 9, consumer_byte_rate: undefined }),
        ...all.slice(1).map(({ entity, ops }) => ({ entity, ops: ops.map((op) => ({ ...op, remove: true })) })),
      ];
      expect((await alter(changes)).entries.map(({ errorCode }) => errorCode)).toEqual(changes.map(() => 0));
      expect(quotas()).toEqual([{ user: 'u', producer_byte_rate: 9 }]);
    });
  }
});

describe('what Kafka refuses with 42, and its words', () => {
  const rate = { producer_byte_rate: 1 };
  const cases: readonly (readonly [
    names: Names,
    values: Readonly<Record<string, number | undefined>>,
    message: string,
  ])[] = [
    [{}, rate, 'Invalid empty client quota entity'],
    [{ group: 'g' }, rate, 'Unhandled client quota entity type: group'],
    [{ user: '' }, rate, 'Empty user not supported'],
    [{ 'client-id': '' }, rate, 'Empty client-id not supported'],
    [
      { ip: '10.0.0.1', user: 'u' },
      { connection_creation_rate: 1 },
      'Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId',
    ],
    [{ ip: '10.0.0.256' }, { connection_creation_rate: 1 }, '10.0.0.256 is not a valid IP or resolvable host.'],
    [{ ip: '10.0.0.1' }, rate, 'Invalid configuration key producer_byte_rate'],
    [{ user: 'u' }, { connection_creation_rate: 1 }, 'Invalid configuration key connection_creation_rate'],
    [{ user: 'u' }, { toString: 1 }, 'Invalid configuration key toString'],
    [{ user: 'u' }, { producer_byte_rate: 0 }, 'Quota producer_byte_rate must be greater than 0'],
    [{ user: 'u' }, { request_percentage: -1 }, 'Quota request_percentage must be greater than 0'],
    [{ user: 'u' }, { request_percentage: Number.NaN }, 'Quota request_percentage must be greater than 0'],
    [{ user: 'u' }, { producer_byte_rate: 1.5 }, 'producer_byte_rate cannot be a fractional value.'],
    [{ user: 'u' }, { consumer_byte_rate: 2 ** 64 }, 'Proposed value for consumer_byte_rate is too large for a LONG.'],
    [
      { ip: null },
      { connection_creation_rate: 2 ** 31 },
      'Proposed value for connection_creation_rate is too large for an INT.',
    ],
  ];
  for (const [names, values, message] of cases) {
    it(message, async () => {
      const { alter, quotas } = await started();
      const good = entry({ user: 'good' }, rate);
      const { entries } = await alter([entry(names, values), good]);
      expect(entries.map(({ errorCode, errorMessage }) => [errorCode, errorMessage])).toEqual([
        [42, message],
        [0, null],
      ]);
      expect(quotas()).toEqual([{ user: 'good', ...rate }]);
    });
  }
});

it('an entity that is given twice is answered once, with 42, and set as the first says', async () => {
  const { alter, quotas } = await started();
  const { entries } = await alter([
    entry({ user: 'u', 'client-id': 'c' }, { producer_byte_rate: 1 }),
    entry({ 'client-id': 'c', user: 'u' }, { producer_byte_rate: 2 }),
  ]);
  expect(entries).toHaveLength(1);
  expect(entries[0]).toMatchObject({
    errorCode: 42,
    errorMessage: expect.stringContaining('Ignoring duplicate entity'),
  });
  expect(quotas()).toEqual([{ user: 'u', clientId: 'c', producer_byte_rate: 1 }]);
});

it('a key that is given twice sets nothing', async () => {
  const { alter, quotas } = await started();
  const once = entry({ user: 'u' }, { producer_byte_rate: 1 });
  const { entries } = await alter([{ ...once, ops: [...once.ops, ...once.ops] }]);
  expect(entries).toMatchObject([{ errorCode: 42 }]);
  expect(quotas()).toEqual([]);
});

it('removing what is not there is no error, whatever its name', async () => {
  const { alter, quotas } = await started();
  const { entries } = await alter([entry({ user: 'u' }, { nonsense: undefined, producer_byte_rate: undefined })]);
  expect(entries).toMatchObject([{ errorCode: 0 }]);
  expect(quotas()).toEqual([]);
});

it('validateOnly judges and changes nothing', async () => {
  const { agent, alter, quotas } = await started();
  const before = agent.metadata.view.revision;
  const { entries } = await alter(
    [entry({ user: 'u' }, { producer_byte_rate: 1 }), entry({ user: 'v' }, { producer_byte_rate: 0 })],
    true,
  );
  expect(entries.map(({ errorCode }) => errorCode)).toEqual([0, 42]);
  expect(quotas()).toEqual([]);
  expect(agent.metadata.view.revision).toBe(before);
});

it('too many values at once: 44; a full metadata: 7, but removing goes', async () => {
  const { agent, alter, quotas } = await started();
  const many = Array.from({ length: 4_097 }, (_, i) => entry({ user: `u${i}` }, { producer_byte_rate: 1 }));
  const refused = await alter(many);
  expect(new Set(refused.entries.map(({ errorCode }) => errorCode))).toEqual(new Set([44]));
  await alter([entry({ user: 'u' }, { producer_byte_rate: 1 })]);
  agent.metadata.lead({ kind: { $case: 'setLimits', value: { metadataBytesMax: 1, producerRowsMax: 0 } } });
  expect((await alter([entry({ user: 'v' }, { producer_byte_rate: 1 })])).entries).toMatchObject([{ errorCode: 7 }]);
  expect((await alter([entry({ user: 'u' }, { producer_byte_rate: 2 })])).entries).toMatchObject([{ errorCode: 0 }]);
  expect((await alter([entry({ user: 'u' }, { producer_byte_rate: undefined })])).entries).toMatchObject([
    { errorCode: 0 },
  ]);
  expect(quotas()).toEqual([]);
});
