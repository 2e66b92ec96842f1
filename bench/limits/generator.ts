import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram, type Server, startServer } from '../../test/servers/processes.js';
import type { Report } from '../load/report.js';
import { root } from '../parts.js';

const main = join(root, 'dist/bench/load/main.js');

/** Runs the load generator to its end; rejects when something that was due was not acknowledged. */
export async function runGenerator(folder: string, flags: readonly string[]): Promise<Report> {
  const json = join(folder, 'load.json');
  await runProgram(process.execPath, [main, '--json', json, ...flags]);
  return JSON.parse(readFileSync(json, 'utf8')) as Report;
}

/** The load generator as a process of its own, for a load that is ended from outside. */
export function startGenerator(flags: readonly string[]): Server {
  return startServer(process.execPath, [main, ...flags]);
}
