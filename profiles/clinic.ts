import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bench/parts.js';
import { PARTITIONS } from '../bench/systems/system.js';
import { freePort } from '../test/processes/ports.js';
import { type Server, startServer, untilReady } from '../test/servers/processes.js';
import type { ClinicTool } from './options.js';

const clinicProgram = join(root, '.cache/setup/clinic/node_modules/clinic/bin.js');

export interface ClinicRun {
  readonly tool: ClinicTool;
  /** For the page and for the agent's data. */
  readonly output: string;
  readonly agentFlags: readonly string[];
}

/**
 * One agent under one of clinic's tools, on a folder as its bucket, while `work` runs against its address. Resolves with the
 * path of clinic's page. The agent's data is removed.
 */
export async function underClinic(run: ClinicRun, work: (kafka: string) => Promise<void>): Promise<string> {
  const folder = join(run.output, `clinic-${run.tool}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const kafka = `127.0.0.1:${port}`;
  const data = join(folder, 'data');
  const agent = ['agent', '--kafka', kafka, '--http', '127.0.0.1:0', '--bucket', `file:${data}`];
  const settings = ['--log-level', 'error', '--default-partitions', `${PARTITIONS}`];
  const profiled = [process.execPath, join(root, 'dist/src/main.js'), ...agent, ...settings, ...run.agentFlags];
  const clinic = startServer(process.execPath, [clinicProgram, run.tool, '--open=false', '--', ...profiled], {
    cwd: folder,
    // Without NO_INSIGHT it asks at the terminal, and ends where there is none.
    env: { ...process.env, NO_INSIGHT: '1' },
    // A process group of its own, so that both get the interrupt that clinic's page begins with.
    detached: true,
  });
  const endGroup = (): void => interrupt(clinic, 'SIGKILL');
  process.once('exit', endGroup);
  try {
    await untilReady(clinic, port);
    await work(kafka);
    interrupt(clinic, 'SIGINT');
    await clinic.exited;
  } finally {
    endGroup();
    process.off('exit', endGroup);
    rmSync(data, { recursive: true, force: true });
  }
  const pages = join(folder, '.clinic');
  const page = readdirSync(folder).includes('.clinic') && readdirSync(pages).find((name) => name.endsWith('.html'));
  if (typeof page !== 'string') throw new Error(`clinic ${run.tool} wrote no page:\n${clinic.output()}`);
  return join(pages, page);
}

function interrupt(clinic: Server, signal: NodeJS.Signals): void {
  try {
    process.kill(-clinic.process.pid!, signal);
  } catch (error) {
    // The group is gone.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
