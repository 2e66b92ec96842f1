import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../processes/agent.js';

/** librdkafka with its own tests, built by `npm run setup`. */
const sources = join(root, '.cache/setup/librdkafka-tests');
const libraries = join(root, '.cache/setup/java/lib');

/** A run that takes longer is ended. */
export const RUNNER_MINUTES_MAX = 14;

/** How groups work: by the classic protocol or by KIP-848, in the words of `group.protocol`. */
export type GroupProtocol = 'classic' | 'consumer';

/** A cluster's configuration in the words of the runner: each test belongs to one, most to the first. */
export type Scenario = 'default' | 'noautocreate';

export interface RunnerTest {
  readonly state: 'PASSED' | 'FAILED' | 'SKIPPED' | 'RUNNING' | 'DNS';
  /** The last of what the runner said. */
  readonly output: string;
}

/** Names of all tests that the runner has: what it reports when it is told to run none. */
export async function librdkafkaTests(): Promise<readonly string[]> {
  return [...(await runLibrdkafka('127.0.0.1:1', 'none', 'default', 'classic', [])).keys()];
}

/**
 * Runs the tests of one number, one by one, in a process and a folder of their own. Names are those of the runner's report.
 * Rejects when the runner wrote no report.
 */
export async function runLibrdkafka(
  kafka: string,
  number: string,
  scenario: Scenario,
  groups: GroupProtocol,
  flags: readonly string[],
): Promise<ReadonlyMap<string, RunnerTest>> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-librdkafka-'));
  try {
    const output = await runRunner(kafka, number, groups, ['-p1', '-s', scenario, ...flags], folder);
    return readReport(join(folder, 'tests/report.json'), output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runRunner(
  kafka: string,
  number: string,
  groups: GroupProtocol,
  flags: readonly string[],
  folder: string,
): Promise<string> {
  // Tests look for files of the source tree beside them, and leave some of their own.
  const cwd = join(folder, 'tests');
  mkdirSync(cwd);
  for (const name of ['src', 'tests/interceptor_test', 'tests/fixtures'])
    symlinkSync(join(sources, name), join(folder, name));
  kafkaTools(join(folder, 'kafka/bin'));
  // Times are written for an idle machine.
  const conf = `bootstrap.servers=${kafka}\ntest.topic.random=true\ntest.timeout.multiplier=3\n`;
  writeFileSync(join(cwd, 'test.conf'), conf);
  const child = spawn(join(sources, 'tests/test-runner'), flags, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUNNER_MINUTES_MAX * 60_000,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      // Would leave some tests out.
      CI: undefined,
      LD_LIBRARY_PATH: `${join(sources, 'src')}:${join(sources, 'src-cpp')}`,
      RDKAFKA_TEST_CONF: 'test.conf',
      TESTS: number,
      TEST_CONSUMER_GROUP_PROTOCOL: groups,
      TEST_KAFKA_VERSION: '4.3.1',
      TEST_REPORT: 'report.json',
      KAFKA_PATH: join(folder, 'kafka'),
      BROKERS: kafka,
    },
  });
  let output = '';
  const keep = (part: string): void => {
    output = (output + part).slice(-20_000);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  await new Promise((ended, failed) => child.once('close', ended).once('error', failed));
  return output;
}

/** Some tests call kafka-topics.sh: Kafka's own tool, from its jars. */
function kafkaTools(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const java = `exec java -Xmx128m -XX:TieredStopAtLevel=1 -cp '${join(libraries, '*')}'`;
  const script = `#!/bin/sh\n${java} org.apache.kafka.tools.TopicCommand "$@"\n`;
  writeFileSync(join(folder, 'kafka-topics.sh'), script, { mode: 0o755 });
}

function readReport(path: string, output: string): ReadonlyMap<string, RunnerTest> {
  let report: { readonly tests: Readonly<Record<string, { readonly state: RunnerTest['state'] }>> };
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`librdkafka's runner wrote no report; it said:\n${output}`, { cause: error });
  }
  const tests = Object.entries(report.tests).filter(([name]) => name !== '<MAIN>');
  return new Map(tests.map(([name, { state }]) => [name, { state, output }]));
}
