import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

type Names = Readonly<Record<string, string | null>>;
type Component = readonly [entityType: string, matchType: number, match: string | null];

const EXACT = 0;
const DEFAULT = 1;
const ANY = 2;

const ENTITIES: readonly Names[] = [
  { user: 'a' },
  { user: null },
  { 'client-id': 'c' },
  { user: 'a', 'client-id': 'c' },
  { user: 'a', 'client-id': null },
  { user: null, 'client-id': null },
  { ip: '10.0.0.1' },
  { ip: null },
];

async function started() {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  const entries = ENTITIES.map((names, i) => ({
    entity: Object.entries(names).map(([entityType, entityName]) => ({ entityType, entityName })),
    ops: [{ key: 'ip' in names ? 'connection_creation_rate' : 'producer_byte_rate', value: i + 1, remove: false }],
  }));
  await client.call(apis.alterClientQuotas, 1, { entries, validateOnly: false });
  const ask = (version: number, components: readonly Component[], strict = false) =>
    client.call(apis.describeClientQuotas, version, {
      components: components.map(([entityType, matchType, match]) => ({ entityType, matchType, match })),
      strict,
    });
  /** The numbers of the entities found, from 1. */
  const found = async (components: readonly Component[], strict = false) =>
    (await ask(1, components, strict)).entries!.map(({ values }) => values[0]!.value);
  return { agent, ask, found };
}

describe('every version', () => {
  for (let version = apis.describeClientQuotas.min; version <= apis.describeClientQuotas.max; version += 1) {
    it(`v${version}: an empty filter finds everything`, async () => {
      const { ask } = await started();
      const { entries, ...rest } = await ask(version, []);
      expect(rest).toEqual({ throttleTimeMs: 0, errorCode: 0, errorMessage: null });
      expect(
        entries!.map(({ entity }) => Object.fromEntries(entity.map((part) => [part.entityType, part.entityName]))),
      ).toEqual(ENTITIES);
      expect(entries![7]!.values).toEqual([{ key: 'connection_creation_rate', value: 8 }]);
    });
  }
});

describe('filters', () => {
  const cases: readonly (readonly [name: string, components: readonly Component[], any: number[], strict: number[]])[] =
    [
      ['nothing', [], [1, 2, 3, 4, 5, 6, 7, 8], []],
      ['a user', [['user', EXACT, 'a']], [1, 4, 5], [1]],
      ['the default user', [['user', DEFAULT, null]], [2, 6], [2]],
      ['any user', [['user', ANY, null]], [1, 2, 4, 5, 6], [1, 2]],
      ['any client', [['client-id', ANY, null]], [3, 4, 5, 6], [3]],
      [
        'a user and any client',
        [
          ['user', EXACT, 'a'],
          ['client-id', ANY, null],
        ],
        [4, 5],
        [4, 5],
      ],
      [
        'both defaults',
        [
          ['user', DEFAULT, null],
          ['client-id', DEFAULT, null],
        ],
        [6],
        [6],
      ],
      ['any ip', [['ip', ANY, null]], [7, 8], [7, 8]],
      ['an ip', [['ip', EXACT, '10.0.0.1']], [7], [7]],
      ['nobody', [['user', EXACT, 'z']], [], []],
    ];
  for (const [name, components, any, strict] of cases) {
    it(name, async () => {
      const { found } = await started();
      expect(await found(components)).toEqual(any);
      expect(await found(components, true)).toEqual(strict);
    });
  }
});

describe('errors', () => {
  const cases: readonly (readonly [components: readonly Component[], error: number, message: string])[] = [
    [[['', EXACT, 'a']], 42, 'Invalid empty entity type.'],
    [
      [
        ['user', EXACT, 'a'],
        ['user', ANY, null],
      ],
      42,
      'Entity type user cannot appear more than once in the filter.',
    ],
    [[['group', EXACT, 'a']], 35, 'Unsupported entity type group'],
    [[['user', EXACT, null]], 42, 'Request specified MATCH_TYPE_EXACT, but set match string to null.'],
    [[['user', DEFAULT, 'a']], 42, 'Request specified MATCH_TYPE_DEFAULT, but also specified a match string.'],
    [[['user', ANY, 'a']], 42, 'Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.'],
    [[['user', 3, 'a']], 42, 'Unknown match type 3'],
    [
      [
        ['ip', ANY, null],
        ['client-id', ANY, null],
      ],
      42,
      'Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.',
    ],
  ];
  for (const [components, errorCode, errorMessage] of cases) {
    it(errorMessage, async () => {
      const { ask } = await started();
      expect(await ask(1, components)).toEqual({ throttleTimeMs: 0, errorCode, errorMessage, entries: null });
    });
  }
});

it('is read fresh', async () => {
  const { agent, found } = await started();
  const { freshReads } = agent.metadata;
  await found([]);
  expect(agent.metadata.freshReads).toBe(freshReads + 1);
});
