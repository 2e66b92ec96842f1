/** What was recorded, load by load: bench/results/LOAD.json. A later run replaces only the sections that it ran. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Load } from './loads.js';
import { root } from './parts.js';
import type { Result, Sample } from './run.js';

const folder = join(root, 'bench/results');

/** One load on its systems, taken in one run. */
export interface Section {
  readonly load: string;
  readonly what: string;
  readonly rate: Load['rate'];
  /** YYYY-MM-DD, of the run. */
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  /** What makes these figures again. */
  readonly command: string;
  /** For `weft agent` in this load; undefined in what was recorded before they were kept. */
  readonly agentFlags?: readonly string[];
  /** Of the folder with everybody's data. */
  readonly fileSystem: string;
  readonly fsyncMs: number;
  readonly rows: readonly Row[];
  readonly missing: readonly string[];
}

export interface Row {
  readonly system: string;
  /** Of the load, on the same server. */
  readonly variant?: string;
  /** Its ratios are to the fastest of these variants; in loads without variants they are to Kafka. */
  readonly against?: readonly string[] | string;
  readonly setup: string;
  readonly samples: readonly Sample[];
  readonly secondsToReady: number;
  readonly idleBytes: number;
  readonly peakBytes: number;
}

/** `commit` is what ran; `dataFolder` where the systems kept their data; `missing` what could not be run beside them. */
export function sectionOf(
  load: Load,
  results: readonly Result[],
  commit: string,
  dataFolder: string,
  missing: readonly string[],
): Section {
  const processor = cpus()[0]?.model ?? 'unknown';
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return {
    load: load.name,
    what: load.what,
    rate: load.rate,
    date: new Date().toISOString().slice(0, 10),
    commit,
    machine: `${cpus().length} × ${processor}, ${memory} GiB, ${process.platform}, Node ${process.version}`,
    command: commandOf(load.name),
    agentFlags: load.agentFlags ?? [],
    fileSystem: execFileSync('df', ['--output=fstype', dataFolder], { encoding: 'utf8' }).trim().split('\n')[1]!,
    fsyncMs: results[0]!.fsyncMs,
    rows: results.map(({ system, variant, samples, secondsToReady, idleBytes, peakBytes }) => ({
      system: system.name,
      ...(variant && { variant: variant.name }),
      ...(variant && { against: variant.against }),
      setup: system.setup,
      samples,
      secondsToReady,
      idleBytes,
      peakBytes,
    })),
    missing,
  };
}

/** The options of this run, but of its loads only this one, and programs of peers without where they lie here. */
function commandOf(load: string): string {
  const kept: string[] = [];
  const given = process.argv
    .slice(2)
    .flatMap((argument) => /^(--(?:klite|kafscale|only))=(.*)/.exec(argument)?.slice(1) ?? argument);
  for (const [i, flag] of given.entries()) {
    const before = given[i - 1];
    if (before === '--klite' || before === '--kafscale') kept.push('PATH');
    else if (before !== '--only' && flag !== '--only' && flag !== '--record') kept.push(flag);
  }
  return ['npm run bench -- --only', load, ...kept, '--record'].join(' ');
}

/** What figures depend on. */
const sources = [
  'src',
  'workers',
  'native-bindings',
  'bench/*.ts',
  'bench/*/*.ts',
  'test/servers',
  'package-lock.json',
];

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}

function hasChanges(): boolean {
  return git('status', '--porcelain', '--', ...sources) !== '';
}

/** What was built of them is prepared anew before each run. */
export function commitNow(): string {
  return `${git('rev-parse', '--short', 'HEAD')}${hasChanges() ? ' with changes' : ''}`;
}

/** Whether the sources are still those of `commit`, as `commitNow` told it. */
export function isStill(commit: string): boolean {
  const [hash = '', ...changes] = commit.split(' ');
  return git('diff', '--name-only', hash, 'HEAD', '--', ...sources) === '' && hasChanges() === changes.length > 0;
}

export function saveSection(section: Section): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${section.load}.json`), `${JSON.stringify(section, undefined, 1)}\n`);
}

/** In the order of `names`; sections of loads that are no more are left out. */
export function savedSections(names: readonly string[]): Section[] {
  mkdirSync(folder, { recursive: true });
  const saved = new Set(readdirSync(folder));
  return names
    .filter((name) => saved.has(`${name}.json`))
    .map((name) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Section);
}
