import { join } from 'node:path';
import { type KafkaNode, startKafka } from '../../test/servers/kafka.js';
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

/** One KRaft node, broker and controller in one process, with these broker settings beside the defaults. */
export function kafkaSystem(
  name: string,
  setup: string,
  classPath: string,
  folder: string,
  settings: Readonly<Record<string, string | number>>,
): System {
  return {
    name,
    setup,
    async start() {
      const properties = { 'num.partitions': PARTITIONS, 'group.initial.rebalance.delay.ms': 0, ...settings };
      return running(await startKafka({ classPath, folder: join(folder, name), jvmFlags: JVM_FLAGS, properties }));
    },
  };
}

function running(node: KafkaNode): RunningSystem {
  return {
    kafka: `127.0.0.1:${node.port}`,
    pid: node.server.process.pid!,
    storePid: undefined,
    http: undefined,
    secondsToReady: node.secondsToReady,
    restart: async () => running(await node.restart()),
    stop: () => node.stop(),
  };
}
