import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../processes/agent.js';
import { freePort } from '../processes/ports.js';
import { runProgram, type Server, startServer, stopServer, untilReady } from './processes.js';

const libraries = join(root, '.cache/setup/java/lib');

/** The class path of Kafka's server and tools; undefined when `npm run setup` has not brought it. */
export function kafkaClassPath(): string | undefined {
  return existsSync(join(libraries, 'kafka_2.13-4.3.1.jar')) ? join(libraries, '*') : undefined;
}

/** One node of Apache Kafka 4.3.1, broker and controller in one process, on 127.0.0.1. */
export interface KafkaNode {
  readonly port: number;
  readonly server: Server;
  readonly secondsToReady: number;
  /** Stops and starts again on what is there. */
  restart(): Promise<KafkaNode>;
  /** Stops and removes its folder. */
  stop(): Promise<void>;
}

export interface KafkaOptions {
  readonly classPath: string;
  /** Made afresh: what is there is removed. */
  readonly folder: string;
  readonly jvmFlags: readonly string[];
  /** Broker settings beside those that a single node needs. */
  readonly properties: Readonly<Record<string, string | number>>;
}

/** Formats a folder and starts a KRaft node on free ports; resolves when it answers Kafka requests. */
export async function startKafka(options: KafkaOptions): Promise<KafkaNode> {
  const { classPath, folder } = options;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const [port, controllerPort] = [await freePort(), await freePort()];
  const properties = join(folder, 'server.properties');
  writeFileSync(properties, propertiesOf(options, port, controllerPort));
  const format = ['format', '--standalone', '--cluster-id', 'd2VmdC1iZW5jaC1rYWZrYQ', '--config', properties];
  await runProgram('java', ['-cp', classPath, 'kafka.tools.StorageTool', ...format]);
  return run(options, properties, port);
}

async function run(options: KafkaOptions, properties: string, port: number): Promise<KafkaNode> {
  const startedMs = performance.now();
  const server = startServer('java', [...options.jvmFlags, '-cp', options.classPath, 'kafka.Kafka', properties]);
  await untilReady(server, port);
  return {
    port,
    server,
    secondsToReady: (performance.now() - startedMs) / 1000,
    async restart() {
      await stopServer(server);
      return run(options, properties, port);
    },
    async stop() {
      await stopServer(server);
      rmSync(options.folder, { recursive: true, force: true });
    },
  };
}

function propertiesOf({ folder, properties }: KafkaOptions, port: number, controllerPort: number): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names=CONTROLLER',
    `log.dirs=${join(folder, 'log')}`,
    'offsets.topic.replication.factor=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    ...Object.entries(properties).map(([name, value]) => `${name}=${value}`),
    '',
  ].join('\n');
}
