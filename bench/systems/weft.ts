import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/processes/ports.js';
import { root } from '../parts.js';
import { startServer, stopServer, untilReady } from '../../test/servers/processes.js';
import { PARTITIONS, type RunningSystem, type System } from './system.js';
import { startVersitygw } from './versitygw.js';

export interface WeftOptions {
  /** For Node, such as --cpu-prof. */
  readonly nodeFlags: readonly string[];
  /** For `weft agent`. */
  readonly flags: readonly string[];
}

export function weftOnDisk(folder: string, options: WeftOptions): System {
  return {
    name: 'weft-disk',
    setup: 'Weft, a folder as the bucket, default settings: it acknowledges after fsync of data and journal',
    async start() {
      const base = join(folder, 'weft-disk');
      rmSync(base, { recursive: true, force: true });
      mkdirSync(base, { recursive: true });
      const port = await freePort();
      return run(
        { port, bucketUrl: `file:${join(base, 'bucket')}`, environment: {}, options, storePid: undefined },
        async () => rmSync(base, { recursive: true, force: true }),
      );
    },
  };
}

export function weftOnS3(versitygw: string, folder: string, options: WeftOptions): System {
  return {
    name: 'weft-s3',
    setup: 'Weft on versitygw 1.8.0 over a folder of the same file system (which never fsyncs), window 250 ms',
    async start() {
      const base = join(folder, 'weft-s3');
      rmSync(base, { recursive: true, force: true });
      const store = await startVersitygw(versitygw, base);
      const port = await freePort();
      const { bucketUrl, environment } = store;
      return run({ port, bucketUrl, environment, options, storePid: store.server.process.pid }, async () => {
        await stopServer(store.server);
        rmSync(base, { recursive: true, force: true });
      });
    },
  };
}

interface AgentStart {
  readonly port: number;
  readonly bucketUrl: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly options: WeftOptions;
  readonly storePid: number | undefined;
}

async function run(start: AgentStart, clear: () => Promise<void>): Promise<RunningSystem> {
  const { port, bucketUrl, environment, options, storePid } = start;
  const kafka = `127.0.0.1:${port}`;
  const settings = ['--kafka', kafka, '--http', '127.0.0.1:0', '--bucket', bucketUrl, '--log-level', 'error'];
  const groups = ['--default-partitions', String(PARTITIONS), '--group-initial-rebalance-delay', '0ms'];
  const main = join(root, 'dist/src/main.js');
  const startedMs = performance.now();
  const agent = startServer(
    process.execPath,
    [...options.nodeFlags, main, 'agent', ...settings, ...groups, ...options.flags],
    { env: { ...process.env, ...environment } },
  );
  await untilReady(agent, port);
  return {
    kafka,
    pid: agent.process.pid!,
    storePid,
    secondsToReady: (performance.now() - startedMs) / 1000,
    async restart() {
      await stopServer(agent);
      return run(start, clear);
    },
    async stop() {
      await stopServer(agent);
      await clear();
    },
  };
}
