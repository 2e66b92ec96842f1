import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import {
  type GroupProtocol,
  librdkafkaTests,
  RUNNER_MINUTES_MAX,
  type RunnerTest,
  runLibrdkafka,
  type Scenario,
} from './librdkafka.js';
import { passing, wrongInLists } from './lists.js';

vi.setConfig({ maxConcurrency: 6 });
const long = process.env['WEFT_TEST_LIBRDKAFKA'] === 'all';

/** What the words of the list mean, the list says. */
interface Case {
  readonly title: string;
  readonly name: string;
  readonly scenario: Scenario;
  readonly groups: GroupProtocol;
  readonly flag: '-l' | '-L';
  readonly alone: boolean;
}

const cases = passing('librdkafka')
  .filter(({ words }) => long || !words.includes('long'))
  .flatMap(({ name, words }): Case[] => {
    const has = (word: string): boolean => words.includes(word);
    const protocols: GroupProtocol[] = has('both')
      ? ['classic', 'consumer']
      : [has('consumer') ? 'consumer' : 'classic'];
    return protocols.map((groups) => ({
      title: groups === 'classic' ? name : `${name}, group.protocol=consumer`,
      name,
      scenario: has('noautocreate') ? 'noautocreate' : 'default',
      groups,
      flag: has('local') ? '-l' : '-L',
      alone: has('alone'),
    }));
  });

/** Each kind of cluster has an agent of its own: tests that subscribe by regular expression find what others create. */
const agents = new Map<string, AgentProcess>();
const folders = [scratchFolder('librdkafka'), scratchFolder('librdkafka'), scratchFolder('librdkafka')] as const;

beforeAll(async () => {
  // As librdkafka's own test clusters are configured.
  const flags = ['--default-partitions', '4', '--group-initial-rebalance-delay', '100ms'];
  const start = (at: number, more: readonly string[] = []): Promise<AgentProcess> =>
    startAgent(['--bucket', `file:${folders[at]!.path}`, ...flags, ...more]);
  agents.set('default classic', await start(0));
  agents.set('default consumer', await start(1));
  agents.set('noautocreate classic', await start(2, ['--no-auto-create-topics']));
});
afterAll(async () => {
  for (const agent of agents.values()) expect(await agent.stop()).toBe(0);
  for (const folder of folders) folder.remove();
});

/** The runner chooses tests by the number that their names begin with, and by whether they need a broker; they run together. */
const runs = new Map<string, Promise<ReadonlyMap<string, RunnerTest>>>();
const keyOf = ({ name, scenario, groups, flag }: Case): string => [name.slice(0, 4), scenario, groups, flag].join(' ');
function run(one: Case): Promise<ReadonlyMap<string, RunnerTest>> {
  const { name, scenario, groups, flag } = one;
  const number = name.slice(0, 4);
  const key = keyOf(one);
  const { kafka } = agents.get(`${scenario} ${groups}`)!;
  const started = runs.get(key) ?? runLibrdkafka(kafka, number, scenario, groups, [flag]);
  runs.set(key, started);
  return started;
}

test('every test of librdkafka passes or stands in docs/FOREIGN-TESTS.md with its reason', async () => {
  expect(wrongInLists('librdkafka', await librdkafkaTests())).toEqual([]);
});

/** Many of them hold a shared machine's clock against limits of their own: docs/FOREIGN-TESTS.md. */
const limit = { timeout: (RUNNER_MINUTES_MAX + 1) * 60_000, retry: 2 };
const passes = async (one: Case): Promise<void> => {
  const { state, output } = (await run(one)).get(one.name)!;
  if (state !== 'PASSED') {
    runs.delete(keyOf(one));
    process.stdout.write(`${one.title}: ${state}; it has three tries\n`);
  }
  expect(state, output).toBe('PASSED');
};
test.concurrent.each(cases.filter(({ alone }) => !alone))('$title', limit, passes);
test.each(cases.filter(({ alone }) => alone))('$title', limit, passes);
