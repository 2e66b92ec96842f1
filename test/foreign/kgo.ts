import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../processes/agent.js';

/** franz-go's tests of its client, compiled by `npm run setup`. */
const folder = join(root, '.cache/setup/kgo');
const program = join(folder, 'kgo-tests');

export interface GoTest {
  readonly outcome: 'PASS' | 'FAIL' | 'SKIP' | 'did not end';
  /** What the test and its subtests said, the last of it. */
  readonly output: string;
}

/** Names of all its tests; fuzz targets among them, which run their seeds. */
export function kgoTests(): readonly string[] {
  return execFileSync(program, ['-test.list', '^(Test|Fuzz)'], { encoding: 'utf8' }).trim().split('\n');
}

/**
 * Runs tests in one process: those that say so beside one another, the others one by one. Subtests have their own entries,
 * named TEST/SUBTEST. What was not begun, because another ended the process or the time was over, has no entry.
 */
export async function runKgo(
  kafka: string,
  names: readonly string[],
  records: number,
  minutes: number,
): Promise<ReadonlyMap<string, GoTest>> {
  const flags = [
    '-test.v',
    '-test.parallel',
    '8',
    '-test.timeout',
    `${minutes}m`,
    '-test.run',
    `^(${names.join('|')})$`,
  ];
  const child = spawn(program, flags, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      KGO_SEEDS: kafka,
      KGO_TEST_RF: '1',
      KGO_TEST_RECORDS: `${records}`,
      KGO_LOG_LEVEL: 'none',
    },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
  });
  await new Promise((ended) => child.once('close', ended));
  return outcomes(output);
}

/** Reads what `go test -v` prints: a line `=== … NAME` says whose the following lines are, `--- OUTCOME: NAME (1.23s)` is a result. */
export function outcomes(printed: string): ReadonlyMap<string, GoTest> {
  const found = new Map<string, GoTest['outcome']>();
  const said = new Map<string, string>();
  let speaker = '';
  for (const line of printed.split('\n')) {
    const [, action, turn] = /^=== (RUN|NAME|CONT|PAUSE)\s+(\S+)/.exec(line) ?? [];
    const [, outcome, name] = /^\s*--- (PASS|FAIL|SKIP): (\S+) \(/.exec(line) ?? [];
    speaker = turn ?? name ?? speaker;
    if (action === 'RUN') found.set(speaker, 'did not end');
    else if (outcome !== undefined) found.set(speaker, outcome as GoTest['outcome']);
    else if (action === undefined) {
      // A test fails for what its subtests say.
      const test = speaker.replace(/\/.*/, '');
      said.set(test, `${said.get(test) ?? ''}${line}\n`.slice(-10_000));
    }
  }
  return new Map([...found].map(([name, outcome]) => [name, { outcome, output: said.get(name) ?? '' }]));
}
