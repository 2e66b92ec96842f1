/** `npm run bench:limits -- NAME`: what an agent withstands. `-- --help` tells how. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fsyncMs } from '../measure.js';
import { root, versitygwProgram } from '../parts.js';
import { say } from '../run.js';
import { hostile } from './hostile.js';
import { idle } from './idle.js';
import { overload } from './overload.js';
import { start } from './start.js';

const usage = `npm run bench:limits -- hostile|overload|start|idle [options]: what an agent withstands. Exit code 1 beyond a bound.
  hostile            1,000 connections that declare 99 MiB, send 64 KiB and stall, beside a neighbour at 5 MB/s
  overload           four times as much as a slow S3 server takes, beside a quiet producer
  start              seconds until an agent answers, after a clean stop and after a crash
  idle               resident memory of an agent that nobody uses, and what 5,000 idle connections add
  --memory SIZE      of the agent, hostile only; may be given several times (512MiB and 2GiB)
  --rounds N         hostile only (3)
  --folder DIR       where the data lie (.cache/bench/limits)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    memory: { type: 'string', multiple: true, default: ['512MiB', '2GiB'] },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: join(root, '.cache/bench/limits') },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(usage);
else process.exitCode = (await run(positionals[0])) ? 0 : 1;

async function run(what: string | undefined): Promise<boolean> {
  mkdirSync(values.folder, { recursive: true });
  // A neighbour waits for it, too: 99th percentiles beside a disk that is busy otherwise say little.
  say(`fsync in ${values.folder}: ${fsyncMs(values.folder).toFixed(2)} ms (a file of 128 KiB, median of 50)`);
  if (what === 'hostile') return hostile(values.folder, Number(values.rounds), values.memory, say);
  const onStores = { overload, start, idle }[what ?? ''];
  if (onStores === undefined) throw new Error('hostile, overload, start or idle?');
  const versitygw = versitygwProgram();
  if (versitygw === undefined) throw new Error(`${what} needs versitygw 1.8.0; npm run setup`);
  return onStores(versitygw, values.folder, say);
}
