import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { runScenario } from './run.js';
import { drawScenario } from './scenario.js';

const FIRST = Number(process.env['WEFT_TEST_FIRST_SEED'] ?? 1);
const COUNT = Number(process.env['WEFT_TEST_SIMULATION_SEEDS'] ?? 200);
/** Seeds of one test: few enough to name what failed, many enough to keep the report short. */
const GROUP = 10;
/** Virtual time takes what the machine gives: on a busy one a group must not fail for want of processors. */
const GROUP_MS_MAX = 600_000;

/** Undefined: everything held. */
async function verdict(seed: number): Promise<string | undefined> {
  const { violations } = await runScenario(drawScenario(seed));
  if (violations.length === 0) return undefined;
  const replay = `node dist/test/simulation/main.js --seed ${seed} --trace`;
  return `seed ${seed} at commit ${commit()}; replay: ${replay}\n${violations.join('\n')}`;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '(not in a git checkout)';
  }
}

describe('the whole agent keeps its promises', () => {
  const groups = Array.from({ length: Math.ceil(COUNT / GROUP) }, (_, i) => FIRST + i * GROUP);
  test.each(groups)(`from seed %i on, ${GROUP} seeds`, { timeout: GROUP_MS_MAX }, async (first) => {
    for (let seed = first; seed < Math.min(first + GROUP, FIRST + COUNT); seed += 1) {
      expect(await verdict(seed)).toBeUndefined();
    }
  });
});

describe('a seed is all there is to chance', () => {
  test.each([3, 14, 15, 92])('seed %i twice gives the same trace', async (seed) => {
    const one = await runScenario(drawScenario(seed));
    const two = await runScenario(drawScenario(seed));
    expect(two).toEqual(one);
    expect(one.events).toBeGreaterThan(100);
  });

  test('other seeds give other traces', async () => {
    const digests = new Set<string>();
    for (let seed = 1; seed <= 5; seed += 1) digests.add((await runScenario(drawScenario(seed))).traceDigest);
    expect(digests.size).toBe(5);
  });
});
