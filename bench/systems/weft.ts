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
    async start(agentFlags = []) {
      const base = join(folder, 'weft-disk');
      rmSync(base, { recursive: true, force: true });
      mkdirSync(base, { recursive: true });
      const bucketUrl = `file:${join(base, 'bucket')}`;
      const start = { bucketUrl, environment: {}, options: withFlags(options, agentFlags), storePid: undefined };
      return run({ ...start, ...(await freePorts()) }, async () => rmSync(base, { recursive: true, force: true }));
    },
  };
}

export function weftOnS3(versitygw: string, folder: string, options: WeftOptions): System {
  return {
    name: 'weft-s3',
    setup: 'Weft on versitygw 1.8.0 over a folder of the same file system (which never fsyncs), window 250 ms',
    async start(agentFlags = []) {
      const base = join(folder, 'weft-s3');
      rmSync(base, { recursive: true, force: true });
      const store = await startVersitygw(versitygw, base);
      const { bucketUrl, environment, server } = store;
      const start = {
        bucketUrl,
        environment,
        options: withFlags(options, agentFlags),
        storePid: server.process.pid,
      };
      return run({ ...start, ...(await freePorts()) }, async () => {
        await stopServer(store.server);
        rmSync(base, { recursive: true, force: true });
      });
    },
  };
}

interface AgentStart {
  readonly port: number;
  readonly httpPort: number;
  readonly bucketUrl: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly options: WeftOptions;
  readonly storePid: number | undefined;
}

function withFlags(options: WeftOptions, flags: readonly string[]): WeftOptions {
  return { ...options, flags: [...flags, ...options.flags] };
}

async function freePorts(): Promise<{ port: number; httpPort: number }> {
  return { port: await freePort(), httpPort: await freePort() };
}

async function run(start: AgentStart, clear: () => Promise<void>): Promise<RunningSystem> {
  const { port, httpPort, bucketUrl, environment, options, storePid } = start;
  const kafka = `127.0.0.1:${port}`;
  const http = `127.0.0.1:${httpPort}`;
  const settings = ['--kafka', kafka, '--http', http, '--bucket', bucketUrl, '--log-level', 'error'];
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
    http,
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
