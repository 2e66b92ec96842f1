import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import type { Options } from './options.js';
import { root } from './parts.js';
import type { Result } from './run.js';
import { startTableOf, tableOf } from './table.js';

/** The text of bench/RESULTS.md. */
export function report(results: readonly Result[], options: Options, missing: readonly string[]): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'src', 'workers', 'native-bindings') === '' ? '' : ' with changes';
  const loads = [...new Set(results.map(({ load }) => load))];
  const systems = [...new Set(results.map(({ system }) => system))];
  const fileSystem = execFileSync('df', ['--output=fstype', options.folder], { encoding: 'utf8' })
    .trim()
    .split('\n')[1];
  const processor = cpus()[0]?.model ?? 'unknown';
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
  return `# Results of the bench

Written by \`${command}\`; every number comes from that one run. Do not edit.

- date ${new Date().toISOString().slice(0, 10)}, commit ${git('rev-parse', '--short', 'HEAD')}${changed}, Node ${process.version}
- machine: ${cpus().length} × ${processor}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${process.platform}; generators and servers share it
- all folders on one ${fileSystem} file system; its fsync (a file of 128 KiB, median of 50) is beside each disk figure
- records of 1 KiB, 64 partitions, acks=all; ${options.rounds} rounds of each load on each system in turns, after warming up;
  medians, in brackets least and greatest; a ratio is the median over Kafka's
- MB and GB are 10^6 and 10^9 bytes of record values; CPU is user and system time of the server's process alone
${systems.map(({ name, setup }) => `- ${name}: ${setup}`).join('\n')}
${missing.map((line) => `- ${line}\n`).join('')}
${tableOf(results, 'kafka')}

${startTableOf(results)}

![Processor time per GB](results.svg)

Loads:
${loads.map(({ name, what }) => `- ${name}: ${what}`).join('\n')}
`;
}
