/**
 * `npm run bench:micro`: what the parts of the hot path take, one table. `-- --only NAME` (again and again) for some subjects,
 * `-- --record` writes bench/MICRO.md.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Bench } from 'tinybench';
import { root } from '../parts.js';
import { batch } from './batch.js';
import { block } from './block.js';
import { crc } from './crc.js';
import { examined } from './examine.js';
import { metadata } from './metadata.js';
import { protocol } from './protocol.js';
import { ring } from './ring.js';
import { segment } from './segment.js';
import type { Subject, Task } from './subject.js';

const subjects: readonly Subject[] = [crc, batch, examined, protocol, ring, segment, metadata, block];

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    'time-ms': { type: 'string', default: '200' },
    record: { type: 'boolean', default: false },
  },
});
const unknown = values.only.filter((name) => subjects.every((subject) => subject.name !== name));
if (unknown.length > 0) {
  throw new Error(`no subject ${unknown.join(', ')}; there are ${subjects.map(({ name }) => name).join(', ')}`);
}

const HEAD = ['subject', 'what', 'µs, median', 'p99', 'MB/s', 'of records'];
const rows: string[][] = [HEAD, HEAD.map((_, column) => (column < 2 ? '---' : '---:'))];
for (const { name, tasks } of subjects) {
  if (values.only.length > 0 && !values.only.includes(name)) continue;
  rows.push(...(await measured(name, tasks())));
}
const table = rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
process.stdout.write(`${table}\n`);
if (values.record) writeFileSync(join(root, 'bench/MICRO.md'), page());

async function measured(subject: string, tasks: readonly Task[]): Promise<string[][]> {
  const time = Number(values['time-ms']);
  const bench = new Bench({ time, warmupTime: time / 4 });
  for (const { name, run } of tasks) bench.add(name, run);
  await bench.run();
  return bench.tasks.map(({ name, result }, at) => {
    if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
    const { bytes, heldBytes, count = 1 } = tasks[at]!;
    const { p50, p99 } = result.latency;
    const rate = (moved: number | undefined): string => (moved === undefined ? '' : (moved / p50 / 1e3).toFixed(0));
    return [subject, name, micros(p50 / count), micros(p99 / count), rate(bytes), rate(heldBytes)];
  });
}

/** Three digits, or all before the point. */
function micros(ms: number): string {
  const value = ms * 1000;
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function page(): string {
  return `# Micro benchmarks

Made by \`npm run bench:micro -- --record\` on ${cpus().length} × ${cpus()[0]!.model}, Node ${process.version}; load average ${loadavg()[0]!.toFixed(0)}
(above the number of processors, p99 and what moves whole MiB tell of others' work). One thread, data as near as it can be: what a
step costs at best. MB are 1e6 bytes as they are stored, "of records" uncompressed. \`script\` and
\`node-rs\` are the fallbacks of the native part. What a million extents and a group of thousands cost:
\`node dist/bench/micro/metadata-large.js\`, \`node dist/bench/micro/groups.js\`.

${table}
`;
}
