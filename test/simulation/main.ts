// node dist/test/simulation/main.js --seed N [--seeds COUNT] [--plant NAME] [--trace]: plays seeds and says what they broke.
import { parseArgs } from 'node:util';
import { plantedBugs } from './plants.js';
import { runScenario } from './run.js';
import { drawScenario } from './scenario.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    plant: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});
const plant = plantedBugs.find(({ name }) => name === values.plant);
if (values.plant !== undefined && plant === undefined) {
  throw new Error(`no such planted bug; there are ${plantedBugs.map(({ name }) => name).join(', ')}`);
}
const first = Number(values.seed);
const count = Number(values.seeds);
const startedMs = performance.now();
let failed = 0;
const totals = new Map<string, number>();
for (let seed = first; seed < first + count; seed += 1) {
  const scenario = drawScenario(seed);
  const print = values.trace ? (line: string) => console.log(line) : undefined;
  const inMode = plant?.mode === undefined ? scenario : { ...scenario, mode: plant.mode };
  const result = await runScenario(inMode, plant?.make(), print);
  for (const [what, times] of Object.entries(result.counts)) totals.set(what, (totals.get(what) ?? 0) + times);
  if (count === 1) {
    const { sizes, ...rest } = scenario;
    const { settings, ...others } = sizes;
    const { batchWindowMs, batchBytes, journalLeaseMs, workers } = settings;
    console.log(JSON.stringify({ ...rest, ...others, batchWindowMs, batchBytes, journalLeaseMs, workers }, null, 1));
    console.log(result);
  }
  if (result.violations.length > 0) {
    failed += 1;
    console.log(`seed ${seed} (${scenario.mode}, ${scenario.bucket}) ${result.violations.slice(0, 3).join('\n  ')}`);
  }
}
console.log(Object.fromEntries(totals));
const seconds = (performance.now() - startedMs) / 1000;
console.log(`${count} seeds, ${failed} failed, ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(1)} seeds/s`);
process.exitCode = failed > 0 ? 1 : 0;
