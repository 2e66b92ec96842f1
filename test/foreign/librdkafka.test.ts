import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { librdkafkaTests, RUNNER_MINUTES_MAX, type RunnerTest, runLibrdkafka, type Scenario } from './librdkafka.js';
import { type Entry, passing, wrongInLists } from './lists.js';

vi.setConfig({ maxConcurrency: 6 });
const long = process.env['WEFT_TEST_LIBRDKAFKA'] === 'all';
/** What the words of the list mean, the list says. */
const entries = passing('librdkafka').filter(({ words }) => long || !words.includes('long'));

const folders = { default: scratchFolder('librdkafka'), noautocreate: scratchFolder('librdkafka') };
const agents = new Map<Scenario, AgentProcess>();

beforeAll(async () => {
  // As librdkafka's own test clusters are configured.
  const flags = ['--default-partitions', '4', '--group-initial-rebalance-delay', '100ms'];
  agents.set('default', await startAgent(['--bucket', `file:${folders.default.path}`, ...flags]));
  const bucket = ['--bucket', `file:${folders.noautocreate.path}`, '--no-auto-create-topics'];
  agents.set('noautocreate', await startAgent([...bucket, ...flags]));
});
afterAll(async () => {
  for (const agent of agents.values()) expect(await agent.stop()).toBe(0);
  for (const folder of Object.values(folders)) folder.remove();
});

/** The runner chooses tests by the number that their names begin with, and by whether they need a broker; they run together. */
const runs = new Map<string, Promise<ReadonlyMap<string, RunnerTest>>>();
function run({ name, words }: Entry): Promise<ReadonlyMap<string, RunnerTest>> {
  const number = name.slice(0, 4);
  const scenario = words.includes('noautocreate') ? 'noautocreate' : 'default';
  const flags = words.includes('local') ? ['-l'] : ['-L'];
  const key = [scenario, number, ...flags].join(' ');
  const started = runs.get(key) ?? runLibrdkafka(agents.get(scenario)!.kafka, number, scenario, flags);
  runs.set(key, started);
  return started;
}

test('every test of librdkafka passes or stands in docs/FOREIGN-TESTS.md with its reason', async () => {
  expect(wrongInLists('librdkafka', await librdkafkaTests())).toEqual([]);
});

const limit = { timeout: (RUNNER_MINUTES_MAX + 1) * 60_000 };
const passes = async (entry: Entry): Promise<void> => {
  const { state, output } = (await run(entry)).get(entry.name)!;
  expect(state, output).toBe('PASSED');
};
const isAlone = ({ words }: Entry): boolean => words.includes('alone');
test.concurrent.each(entries.filter((entry) => !isAlone(entry)))('$name', limit, passes);
test.each(entries.filter(isAlone))('$name', limit, passes);
