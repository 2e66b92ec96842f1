import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/processes/ports.js';
import { root } from '../parts.js';
import { startServer, stopServer, untilReady } from '../../test/servers/processes.js';
import { type CertificateFiles, writeCertificates } from '../../test/servers/certificates.js';
import type { StartStore } from './store.js';
import { PARTITIONS, type RunningSystem, type System } from './system.js';

export interface WeftOptions {
  /** For Node, such as --cpu-prof. */
  readonly nodeFlags: readonly string[];
  /** For `weft agent`. */
  readonly flags: readonly string[];
  /** Of a built checkout; without it this one. */
  readonly root?: string;
}

interface Naming {
  readonly name: string;
  readonly setup: string;
}

export function weftOnDisk({ name, setup }: Naming, folder: string, options: WeftOptions): System {
  return {
    name,
    setup,
    async start(agentFlags = []) {
      const base = emptied(join(folder, name));
      const bucketUrl = `file:${join(base, 'bucket')}`;
      const start = { bucketUrl, environment: {}, options: withFlags(options, agentFlags), storePid: undefined };
      return run({ ...start, ...(await freePorts()) }, async () => rmSync(base, { recursive: true, force: true }));
    },
  };
}

/** The same by TLS; for loads by librdkafka, which is told to trust its certificate. */
export function weftOnDiskByTls({ name, setup }: Naming, folder: string, options: WeftOptions): System {
  return {
    name,
    setup,
    async start(agentFlags = []) {
      const base = emptied(join(folder, name));
      const bucketUrl = `file:${join(base, 'bucket')}`;
      const tls = writeCertificates(join(base, 'certificates'), ['127.0.0.1']);
      const start = { bucketUrl, environment: {}, options: withFlags(options, agentFlags), storePid: undefined, tls };
      return run({ ...start, ...(await freePorts()) }, async () => rmSync(base, { recursive: true, force: true }));
    },
  };
}

export function weftOnS3(
  { name, setup }: Naming,
  startStore: StartStore,
  folder: string,
  options: WeftOptions,
): System {
  return {
    name,
    setup,
    async start(agentFlags = []) {
      const base = emptied(join(folder, name));
      const store = await startStore(base);
      const keys = { AWS_ACCESS_KEY_ID: store.accessKey, AWS_SECRET_ACCESS_KEY: store.secretKey };
      const start = {
        bucketUrl: `s3://${store.bucket}?region=us-east-1&endpoint=${store.endpoint}&path-style=true`,
        environment: { ...keys, ...store.environment },
        options: withFlags(options, agentFlags),
        storePid: store.pid,
        prices: name.includes('express') ? ('express' as const) : ('standard' as const),
      };
      return run({ ...start, ...(await freePorts()) }, async () => {
        await store.stop();
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
  readonly tls?: CertificateFiles;
  readonly prices?: 'standard' | 'express';
}

function emptied(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

function withFlags(options: WeftOptions, flags: readonly string[]): WeftOptions {
  return { ...options, flags: [...flags, ...options.flags] };
}

async function freePorts(): Promise<{ port: number; httpPort: number }> {
  return { port: await freePort(), httpPort: await freePort() };
}

async function run(start: AgentStart, clear: () => Promise<void>): Promise<RunningSystem> {
  const { port, httpPort, bucketUrl, environment, options, storePid, tls } = start;
  const kafka = `127.0.0.1:${port}`;
  const http = `127.0.0.1:${httpPort}`;
  // Whether it is ready is asked in plaintext.
  const askedPort = tls === undefined ? port : await freePort();
  const listener =
    tls === undefined
      ? ['--kafka', kafka]
      : [
          ...['--kafka', `safe=tls://${kafka}`, '--kafka', `plain=tcp://127.0.0.1:${askedPort}`],
          ...['--tls-certificate', tls.serverCertificate, '--tls-key', tls.serverKey],
        ];
  const settings = [...listener, '--http', http, '--bucket', bucketUrl, '--log-level', 'error'];
  const groups = ['--default-partitions', String(PARTITIONS), '--group-initial-rebalance-delay', '0ms'];
  const main = join(options.root ?? root, 'dist/src/main.js');
  const startedMs = performance.now();
  const agent = startServer(
    process.execPath,
    [...options.nodeFlags, main, 'agent', ...settings, ...groups, ...options.flags],
    { env: { ...process.env, ...environment } },
  );
  await untilReady(agent, askedPort);
  return {
    kafka: tls === undefined ? kafka : `${kafka}?security.protocol=ssl&ssl.ca.location=${tls.ca}`,
    pid: agent.process.pid!,
    storePid,
    http,
    ...(start.prices && { prices: start.prices }),
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
