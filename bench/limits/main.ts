/** `npm run bench:limits -- hostile|overload [--rounds N] [--memory BYTES]… [--folder DIR]`: what an agent withstands. Ends with 1 beyond a bound. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fsyncMs } from '../measure.js';
import { root, versitygwProgram } from '../parts.js';
import { say } from '../run.js';
import { hostile } from './hostile.js';
import { overload } from './overload.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    memory: { type: 'string', multiple: true, default: ['512MiB', '2GiB'] },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: join(root, '.cache/bench/limits') },
  },
});
mkdirSync(values.folder, { recursive: true });
// A neighbour waits for it, too: 99th percentiles beside a disk that is busy otherwise say little.
say(`fsync in ${values.folder}: ${fsyncMs(values.folder).toFixed(2)} ms (a file of 128 KiB, median of 50)`);
process.exitCode = (await run(positionals[0])) ? 0 : 1;

async function run(what: string | undefined): Promise<boolean> {
  if (what === 'hostile') return hostile(values.folder, Number(values.rounds), values.memory, say);
  if (what !== 'overload') throw new Error('hostile or overload?');
  const versitygw = versitygwProgram();
  if (versitygw === undefined) throw new Error('overload needs versitygw 1.8.0; npm run setup');
  return overload(versitygw, values.folder, say);
}
