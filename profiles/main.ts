/** `npm run profile`: a flame graph of each of an agent's threads under load. Options: `npm run profile -- --help`. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root, versitygwProgram } from '../bench/parts.js';
import { say } from '../bench/run.js';
import type { System } from '../bench/systems/system.js';
import { startVersitygw } from '../bench/systems/versitygw.js';
import { weftOnDisk, weftOnS3, type WeftOptions } from '../bench/systems/weft.js';
import { type CapturedThread, capture, inspected } from './capture.js';
import { underClinic } from './clinic.js';
import type { Frame } from './cpu-profile.js';
import { chooseGenerator, startLoad } from './load.js';
import { type Options, readOptions, usage } from './options.js';

if (process.argv.includes('--help')) process.stdout.write(usage);
else await run(readOptions(process.argv.slice(2)));

async function run(options: Options): Promise<void> {
  const generator = chooseGenerator(options.generator);
  say(`load: ${options.load}, made by ${generator.name}`);
  if (options.clinic.length === 0) return flames(options, generator);
  // Does nothing where clinic is there; says what it does where it is not.
  const setup = spawnSync(process.execPath, ['scripts/setup.js', '--only', 'clinic'], { cwd: root, stdio: 'inherit' });
  if (setup.status !== 0) throw new Error('clinic could not be brought');
  for (const tool of options.clinic) {
    const { output, agentFlags } = options;
    const page = await underClinic({ tool, output, agentFlags }, async (kafka) => {
      const load = await startLoad(options.load, generator, kafka);
      await pause(1000 * (options.warmUpSeconds + options.seconds));
      await load.stop();
      say(`clinic ${tool}: analysing`);
    });
    say(`clinic ${tool}: ${relative(process.cwd(), page)}`);
  }
}

async function flames(options: Options, generator: ReturnType<typeof chooseGenerator>): Promise<void> {
  const { intervalUs, output } = options;
  const { port, nodeFlags } = await inspected();
  const data = join(output, 'data');
  const system = systemOf(options, data, { nodeFlags, flags: options.agentFlags });
  const agent = await system.start();
  let threads: CapturedThread[];
  try {
    const load = await startLoad(options.load, generator, agent.kafka);
    await pause(1000 * options.warmUpSeconds);
    say(`profiling for ${options.seconds} s`);
    const name = `${options.load}-${options.bucket}`;
    threads = await capture(port, { name, output, intervalUs }, () => pause(1000 * options.seconds));
    await load.stop();
  } finally {
    await agent.stop();
    rmSync(data, { recursive: true, force: true });
  }
  for (const { thread, svg, time } of threads) {
    const busy = ((100 * time.busy.totalUs) / time.wallUs).toFixed(1).padStart(5);
    say(`${thread.padEnd(12)} busy ${busy} %  ${relative(process.cwd(), svg)}`);
    for (const line of busiest(time.busy, 4)) say(`${' '.repeat(14)}${line}`);
  }
}

function systemOf({ bucket }: Options, data: string, weft: WeftOptions): System {
  const naming = { name: 'weft', setup: '' };
  if (bucket === 'disk') return weftOnDisk(naming, data, weft);
  const program = versitygwProgram();
  if (program === undefined) throw new Error('versitygw is not there: npm run setup');
  return weftOnS3(naming, (folder) => startVersitygw(program, folder, 'http'), data, weft);
}

/** The functions that ran longest themselves, wherever they were called from. */
function busiest(busy: Frame, count: number): string[] {
  const self = new Map<string, number>();
  const visit = (frame: Frame): void => {
    const key = `${frame.name} ${frame.place}`;
    self.set(key, (self.get(key) ?? 0) + frame.selfUs);
    for (const child of frame.children.values()) visit(child);
  };
  visit(busy);
  const longest = [...self].sort(([, a], [, b]) => b - a).slice(0, count);
  return longest.map(([name, us]) => `${((100 * us) / Math.max(busy.totalUs, 1)).toFixed(1).padStart(5)} % ${name}`);
}
