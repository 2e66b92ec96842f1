/** `npm run bench:check`: does this checkout take more processor time than a commit before it? `-- --help` tells how. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kafkaClassPath } from '../../test/servers/kafka.js';
import { loads } from '../loads.js';
import { rdkafkaPerformance, root } from '../parts.js';
import { type Result, runLoad, say } from '../run.js';
import { weftOnDisk } from '../systems/weft.js';
import { buildBaseline, usualBaseline } from './baseline.js';
import { verdictOf } from './verdict.js';

const FIRST_LOAD = 'produce-librdkafka';

const usage = `npm run bench:check -- [options]: this checkout and a baseline in turns, on disk; median CPU-s/GB of each load.
Exit code 1 when one is worse by more than the margin.
  --baseline REF     a git ref (the commit of the recorded ${FIRST_LOAD}, else HEAD~1)
  --only NAME        a load; may be given several times (${FIRST_LOAD})
  --rounds N         of each (5)
  --round-bytes N    what a flat-out round moves (400000000)
  --margin PERCENT   (10)
`;

const { values } = parseArgs({
  options: {
    baseline: { type: 'string' },
    only: { type: 'string', multiple: true, default: [FIRST_LOAD] },
    rounds: { type: 'string', default: '5' },
    'round-bytes': { type: 'string', default: '400000000' },
    margin: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(usage);
else process.exitCode = await check();

async function check(): Promise<number> {
  const generators = { java: kafkaClassPath(), librdkafka: rdkafkaPerformance() };
  const chosen = values.only.map((name) => {
    const load = loads.find((each) => each.name === name);
    if (load === undefined) throw new Error(`no load ${name}: ${loads.map((each) => each.name).join(', ')}`);
    const missing = load.needs.filter((generator) => generators[generator] === undefined);
    if (missing.length > 0) throw new Error(`${name} needs ${missing.join(' and ')}; npm run setup`);
    return load;
  });
  const folder = join(root, '.cache/bench/data');
  mkdirSync(folder, { recursive: true });
  const baseline = await buildBaseline(values.baseline ?? usualBaseline(FIRST_LOAD));
  say(`baseline ${baseline.commit} is built`);
  try {
    const options = { nodeFlags: [], flags: [] };
    const systems = [
      weftOnDisk({ name: 'baseline', setup: baseline.commit }, folder, { ...options, root: baseline.folder }),
      weftOnDisk({ name: 'now', setup: 'this checkout' }, folder, options),
    ];
    const verdicts = [];
    for (const load of chosen) {
      const results = await runLoad(load, systems, Number(values.rounds), folder, (system) => ({
        system,
        generators: { java: generators.java ?? '', librdkafka: generators.librdkafka ?? '' },
        roundBytes: Number(values['round-bytes']),
        quick: false,
      }));
      const seconds = (name: string): number[] =>
        results.filter(({ system }) => system.name === name).flatMap(processorSeconds);
      verdicts.push(verdictOf(load.name, seconds('now'), seconds('baseline'), Number(values.margin) / 100));
    }
    for (const { text } of verdicts) say(text);
    return verdicts.some(({ worse }) => worse) ? 1 : 0;
  } finally {
    baseline.remove();
  }
}

function processorSeconds({ samples }: Result): number[] {
  return samples.map(({ cpuSecondsPerGigabyte }) => cpuSecondsPerGigabyte);
}
