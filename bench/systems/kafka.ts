import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/processes/ports.js';
import { runProgram, startServer, stopServer, untilReady } from '../processes.js';
import { PARTITIONS, type RunningSystem, type System } from './system.js';

/** As bin/kafka-server-start.sh and kafka-run-class.sh of Kafka 4.3.1 start it. */
const JVM_FLAGS = [
  '-Xms1G',
  '-Xmx1G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-Djava.awt.headless=true',
];

/** One KRaft node, broker and controller in one process. */
export function kafkaSystem(classPath: string, folder: string): System {
  return {
    name: 'kafka',
    setup: 'Apache Kafka 4.3.1, one KRaft node, 1 GiB heap, default settings: it acknowledges before any fsync',
    async start() {
      const base = join(folder, 'kafka');
      rmSync(base, { recursive: true, force: true });
      mkdirSync(base, { recursive: true });
      const [port, controllerPort] = [await freePort(), await freePort()];
      const properties = join(base, 'server.properties');
      writeFileSync(properties, propertiesOf(port, controllerPort, join(base, 'log')));
      const format = ['format', '--standalone', '--cluster-id', 'd2VmdC1iZW5jaC1rYWZrYQ', '--config', properties];
      await runProgram('java', ['-cp', classPath, 'kafka.tools.StorageTool', ...format]);
      return run(classPath, base, properties, port);
    },
  };
}

async function run(classPath: string, base: string, properties: string, port: number): Promise<RunningSystem> {
  const startedMs = performance.now();
  const server = startServer('java', [...JVM_FLAGS, '-cp', classPath, 'kafka.Kafka', properties]);
  await untilReady(server, port);
  return {
    kafka: `127.0.0.1:${port}`,
    pid: server.process.pid!,
    storePid: undefined,
    secondsToReady: (performance.now() - startedMs) / 1000,
    async restart() {
      await stopServer(server);
      return run(classPath, base, properties, port);
    },
    async stop() {
      await stopServer(server);
      rmSync(base, { recursive: true, force: true });
    },
  };
}

function propertiesOf(port: number, controllerPort: number, logFolder: string): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names=CONTROLLER',
    `log.dirs=${logFolder}`,
    `num.partitions=${PARTITIONS}`,
    'offsets.topic.replication.factor=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    '',
  ].join('\n');
}
