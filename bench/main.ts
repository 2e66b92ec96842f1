/** `npm run bench`: Weft's agent next to its peers, as tables of ratios. The options: `npm run bench -- --help`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaClassPath } from '../test/servers/kafka.js';
import { type Generators, type Load, loads } from './loads.js';
import { type Options, readOptions, usage } from './options.js';
import { rdkafkaPerformance, root } from './parts.js';
import { ackPlotOf, processorPlotOf } from './plot.js';
import { report } from './report.js';
import { runLoad, say } from './run.js';
import { commitNow, isStill, savedSections, saveSection, type Section, sectionOf } from './sections.js';
import { catalogOf } from './systems/catalog.js';
import type { System } from './systems/system.js';
import { startTableOf, tableOf } from './table.js';

/** An older one hands `weft agent` over to a process of its own, which would be measured by nobody. */
const NODE_MIN = 24;

if (Number.parseInt(process.versions.node, 10) < NODE_MIN)
  throw new Error('Node 24: npm run bench, or node_modules/.bin first in PATH');
if (process.argv.includes('--help')) process.stdout.write(usage);
else process.exitCode = await bench(readOptions(process.argv.slice(2)));

async function bench(options: Options): Promise<number> {
  const generators: Generators = { java: kafkaClassPath(), librdkafka: rdkafkaPerformance() };
  const { nodeFlags, agentFlags } = options;
  const { systems, missing } = catalogOf({ ...options, weft: { nodeFlags, flags: agentFlags } });
  const notRun = [...missing];
  mkdirSync(options.folder, { recursive: true });
  const sections: Section[] = [];
  const commit = commitNow();
  for (const load of chooseLoads(options, generators, notRun)) {
    const chosen = systemsOf(load, systems, options.systems);
    if (chosen.length === 0) continue;
    const results = await runLoad(load, chosen, options.rounds, options.folder, (system) => ({
      system,
      // Loads whose generators are missing were left out.
      generators: { java: generators.java ?? '', librdkafka: generators.librdkafka ?? '' },
      roundBytes: options.roundBytes,
      quick: options.quick,
    }));
    const section = sectionOf(load, results, commit, options.folder, missing);
    sections.push(section);
    process.stdout.write(`\n${load.name}: ${load.what}\n${tableOf(section)}\n\n`);
    if (!isStill(commit))
      notRun.push(`NOT RECORDED: ${load.name} (the sources were those of ${commit}, and are no more)`);
    else if (options.record) saveSection(section);
  }
  for (const line of notRun) say(line);
  if (sections.length === 0) return 1;
  process.stdout.write(`${startTableOf(sections)}\n`);
  if (options.record) writeReport();
  return 0;
}

/** In the load's own order; none when the command line names only others. */
function systemsOf(load: Load, systems: readonly System[], names: readonly string[]): System[] {
  return load.systems
    .filter((name) => names.length === 0 || names.includes(name))
    .flatMap((name) => systems.find((system) => system.name === name) ?? []);
}

function chooseLoads({ only }: Options, generators: Generators, notRun: string[]): Load[] {
  const unknown = only.filter((name) => !loads.some((load) => load.name === name));
  if (unknown.length > 0) throw new Error(`no load ${unknown.join(', ')}: ${loads.map(({ name }) => name).join(', ')}`);
  return loads
    .filter(({ name }) => only.length === 0 || only.includes(name))
    .filter(({ name, needs }) => {
      const absent = needs.filter((generator) => generators[generator] === undefined);
      if (absent.length > 0) notRun.push(`NOT RUN: ${name} (needs ${absent.join(' and ')}; npm run setup)`);
      return absent.length === 0;
    });
}

function writeReport(): void {
  const saved = savedSections(loads.map(({ name }) => name));
  writeFileSync(join(root, 'bench/results/processor.svg'), processorPlotOf(saved));
  writeFileSync(join(root, 'bench/results/ack.svg'), ackPlotOf(saved));
  writeFileSync(join(root, 'bench/RESULTS.md'), report(saved));
  say('written: bench/RESULTS.md, with plots, from bench/results');
}
