import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiList } from '../../src/protocol/apis.js';
import { scratchFolder } from '../processes/agent.js';
import { kafkaClassPath } from '../servers/kafka.js';
import { Comparison, compareAll, type Finding, signature } from './comparison.js';
import { coverageTable, reportOf } from './report.js';
import { scriptsOf } from './generate.js';
import { kafkaSystem, type Pair, scratchRoot, weftSystem } from './systems.js';

const MINUTE = 60_000;
const seeds = Number(process.env['WEFT_TEST_DIFFERENTIAL_SEEDS'] ?? 1);
const firstSeed = Number(process.env['WEFT_TEST_FIRST_SEED'] ?? 1);
const REQUESTS = 4_000;
/** Scripts at a time. */
const TOGETHER = 4;
/** Kinds of difference that are shown with their shortest scripts. */
const SHOWN_MAX = 20;

const folder = scratchFolder('differential', scratchRoot);
let pair: Pair;
let comparison: Comparison;
const answered = new Map<string, number>();

beforeAll(async () => {
  const [weft, kafka] = await Promise.all([
    weftSystem(join(folder.path, 'weft')),
    kafkaSystem(kafkaClassPath()!, join(folder.path, 'kafka')),
  ]);
  pair = { weft, kafka };
  comparison = new Comparison(pair);
}, 5 * MINUTE);

afterAll(async () => {
  await Promise.all([pair?.weft.stop(), pair?.kafka.stop()]);
  folder.remove();
}, 5 * MINUTE);

const list = Array.from({ length: seeds }, (_, index) => firstSeed + index);

test.each(list)(
  'Weft answers as Kafka does, but for what docs/DIFFERENCES.md lists: seed %i',
  {
    timeout: 10 * MINUTE,
  },
  async (seed) => {
    const scripts = scriptsOf(seed, REQUESTS);
    const results = await compareAll(comparison, scripts, TOGETHER);
    let count = 0;
    for (const label of results.flatMap((result) => result.answered)) {
      count += 1;
      answered.set(label, (answered.get(label) ?? 0) + 1);
    }
    const requests = scripts.reduce((sum, { steps }) => sum + steps.length, 0);
    process.stdout.write(
      `seed ${seed}: ${requests} requests in ${scripts.length} scripts, ${count} answered by both\n`,
    );
    const kinds = new Map<string, Finding>();
    for (const finding of results.flatMap(({ findings }) => findings.slice(0, 1)))
      kinds.set(signature(finding), finding);
    const reports: string[] = [];
    for (const finding of [...kinds.values()].slice(0, SHOWN_MAX)) {
      reports.push(reportOf(await comparison.shrunk(finding)));
    }
    expect(reports.join('\n\n'), `${kinds.size} kinds of difference`).toBe('');
  },
);

test('every version of every API that is served was asked of both and answered by both', () => {
  process.stdout.write(coverageTable(answered));
  const labels = apiList.flatMap(({ name, min, max }) =>
    Array.from({ length: max - min + 1 }, (_, index) => `${name} v${min + index}`),
  );
  expect(labels.filter((label) => !answered.has(label))).toEqual([]);
});

test('every difference of the table was met: what is mended leaves it', () => {
  expect(comparison.neverMet().map(({ api, what }) => `${api}: ${what}`)).toEqual([]);
});
