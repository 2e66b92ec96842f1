import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { type GoTest, kgoTests, runKgo } from './kgo.js';
import { notPassing, passing, wrongInLists } from './lists.js';

/** What its tests of groups send and read; its own default is 500,000, which is the long run's. */
const records = Number(process.env['WEFT_TEST_KGO_RECORDS'] ?? 20_000);
const MINUTES = records > 20_000 ? 40 : 12;

const folder = scratchFolder('kgo');
const names = passing('kgo').map(({ name }) => name);
let agent: AgentProcess;
let results: ReadonlyMap<string, GoTest>;

beforeAll(
  async () => {
    agent = await startAgent(['--bucket', `file:${folder.path}`, '--group-initial-rebalance-delay', '100ms']);
    results = await runKgo(agent.kafka, names, records, MINUTES);
  },
  (MINUTES + 1) * 60_000,
);
afterAll(async () => {
  expect(await agent.stop()).toBe(0);
  folder.remove();
});

test('every test of kgo passes or stands in docs/FOREIGN-TESTS.md with its reason', () => {
  const parts = [...notPassing('kgo').keys()].filter((name) => name.includes('/'));
  expect(wrongInLists('kgo', [...kgoTests(), ...parts])).toEqual([]);
});

test('what passing tests skip stands there too', () => {
  const skipped = [...results].filter(([, { outcome }]) => outcome === 'SKIP').map(([name]) => name);
  const parts = [...notPassing('kgo').keys()].filter((name) => names.includes(name.replace(/\/.*/, '')));
  expect(skipped.sort()).toEqual(parts.sort());
});

test.each(names)('%s', (name) => {
  const { outcome, output } = results.get(name) ?? { outcome: 'was not begun', output: '' };
  expect(outcome, output).toBe('PASS');
});
