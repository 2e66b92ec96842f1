/** `npm run bench`: Weft's agent next to Apache Kafka, as a table of ratios. The options: `npm run bench -- --help`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaClassPath } from '../test/servers/kafka.js';
import { type Generators, type Load, loads } from './loads.js';
import { type Options, readOptions, usage } from './options.js';
import { rdkafkaPerformance, root, versitygwProgram } from './parts.js';
import { plotOf } from './plot.js';
import { report } from './report.js';
import { type Result, runLoad, say } from './run.js';
import { kafkaSystem } from './systems/kafka.js';
import type { System } from './systems/system.js';
import { weftOnDisk, weftOnS3 } from './systems/weft.js';
import { startTableOf, tableOf } from './table.js';

if (process.argv.includes('--help')) process.stdout.write(usage);
else process.exitCode = await bench(readOptions(process.argv.slice(2)));

async function bench(options: Options): Promise<number> {
  const generators: Generators = { java: kafkaClassPath(), librdkafka: rdkafkaPerformance() };
  const missing: string[] = [];
  const systems = systemsOf(options, generators.java, missing);
  const chosen = chooseLoads(options, generators, missing);
  mkdirSync(options.folder, { recursive: true });
  const results: Result[] = [];
  for (const load of chosen) {
    const runs = await runLoad(load, systems, options.rounds, options.folder, (system) => ({
      system,
      // Loads whose generators are missing were left out.
      generators: { java: generators.java ?? '', librdkafka: generators.librdkafka ?? '' },
      roundBytes: options.roundBytes,
    }));
    results.push(...runs);
  }
  for (const line of missing) say(line);
  if (results.length === 0) return 1;
  process.stdout.write(`\n${tableOf(results, 'kafka')}\n\n${startTableOf(results)}\n`);
  if (options.record) {
    writeFileSync(join(root, 'bench/results.svg'), plotOf(results));
    writeFileSync(join(root, 'bench/RESULTS.md'), report(results, options, missing));
    say('written: bench/RESULTS.md and bench/results.svg');
  }
  return 0;
}

function systemsOf(options: Options, java: string | undefined, missing: string[]): System[] {
  const { folder, nodeFlags, agentFlags } = options;
  const weft = { nodeFlags, flags: agentFlags };
  const versitygw = versitygwProgram();
  const systems: System[] = [weftOnDisk(folder, weft)];
  if (java === undefined) missing.push('NOT RUN: kafka (needs JDK 17 and the jars of Kafka 4.3.1; npm run setup)');
  else systems.unshift(kafkaSystem(java, folder));
  if (versitygw === undefined) missing.push('NOT RUN: weft-s3 (needs versitygw 1.8.0; npm run setup)');
  else systems.push(weftOnS3(versitygw, folder, weft));
  const { systems: names } = options;
  return systems.filter(({ name }) => names.length === 0 || names.includes(name));
}

function chooseLoads({ only }: Options, generators: Generators, missing: string[]): Load[] {
  const unknown = only.filter((name) => !loads.some((load) => load.name === name));
  if (unknown.length > 0) throw new Error(`no load ${unknown.join(', ')}: ${loads.map(({ name }) => name).join(', ')}`);
  return loads
    .filter(({ name }) => only.length === 0 || only.includes(name))
    .filter(({ name, needs }) => {
      const absent = needs.filter((generator) => generators[generator] === undefined);
      if (absent.length > 0) missing.push(`NOT RUN: ${name} (needs ${absent.join(' and ')}; npm run setup)`);
      return absent.length === 0;
    });
}
