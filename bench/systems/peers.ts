/** Peers that are built elsewhere, from their own checkouts; the bench is given their programs. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/processes/ports.js';
import { type Server, startServer, stopServer, untilReady } from '../../test/servers/processes.js';
import type { StartStore } from './store.js';
import { PARTITIONS, type RunningSystem, type System } from './system.js';

/** klite, whose write-ahead log is on the same file system as everybody's data. Without S3, to which it flushes later. */
export function klite(program: string, folder: string): System {
  return {
    name: 'klite',
    setup: 'klite, write-ahead log in a folder of the same file system, fsync each 2 ms before it acknowledges, no S3',
    async start() {
      const base = emptied(join(folder, 'klite'));
      const port = await freePort();
      const listen = ['--listen', `127.0.0.1:${port}`, '--advertised-addr', `127.0.0.1:${port}`];
      const data = ['--data-dir', join(base, 'data'), '--default-partitions', String(PARTITIONS)];
      const start = (): Server => startServer(program, [...listen, ...data, '--log-level', 'error']);
      return running(start, port, undefined, async () => rmSync(base, { recursive: true, force: true }));
    },
  };
}

/** KafScale beside an etcd of its own, on a store like Weft's. */
export function kafscale(
  what: Pick<System, 'name' | 'setup'>,
  program: string,
  etcdProgram: string,
  startStore: StartStore,
  folder: string,
): System {
  return {
    ...what,
    async start() {
      const base = emptied(join(folder, what.name));
      const store = await startStore(join(base, 's3'));
      const etcd = await startEtcd(etcdProgram, base);
      const port = await freePort();
      const env = {
        ...process.env,
        KAFSCALE_BROKER_ADDR: `127.0.0.1:${port}`,
        KAFSCALE_METRICS_ADDR: `127.0.0.1:${await freePort()}`,
        KAFSCALE_CONTROL_ADDR: `127.0.0.1:${await freePort()}`,
        KAFSCALE_AUTO_CREATE_PARTITIONS: String(PARTITIONS),
        KAFSCALE_ETCD_ENDPOINTS: etcd.endpoint,
        KAFSCALE_S3_BUCKET: store.bucket,
        KAFSCALE_S3_REGION: 'us-east-1',
        KAFSCALE_S3_ENDPOINT: store.endpoint,
        KAFSCALE_S3_ACCESS_KEY: store.accessKey,
        KAFSCALE_S3_SECRET_KEY: store.secretKey,
        KAFSCALE_LOG_LEVEL: 'error',
      };
      return running(
        () => startServer(program, [], { env }),
        port,
        store.pid,
        async () => {
          await stopServer(etcd.server);
          await store.stop();
          rmSync(base, { recursive: true, force: true });
        },
      );
    },
  };
}

async function startEtcd(program: string, base: string): Promise<{ server: Server; endpoint: string }> {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const clients = ['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint];
  const peers = [
    '--listen-peer-urls',
    peer,
    '--initial-advertise-peer-urls',
    peer,
    '--initial-cluster',
    `default=${peer}`,
  ];
  const server = startServer(program, ['--data-dir', join(base, 'etcd'), ...clients, ...peers, '--log-level', 'error']);
  for (;;) {
    const healthy = await fetch(`${endpoint}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (healthy) return { server, endpoint };
    if (server.process.exitCode !== null) throw new Error(`etcd ended:\n${server.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function running(
  start: () => Server,
  port: number,
  storePid: number | undefined,
  clear: () => Promise<void>,
): Promise<RunningSystem> {
  const startedMs = performance.now();
  const server = start();
  await untilReady(server, port);
  return {
    kafka: `127.0.0.1:${port}`,
    pid: server.process.pid!,
    storePid,
    http: undefined,
    secondsToReady: (performance.now() - startedMs) / 1000,
    async restart() {
      await stopServer(server);
      return running(start, port, storePid, clear);
    },
    async stop() {
      await stopServer(server);
      await clear();
    },
  };
}

function emptied(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}
