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

/** One KRaft node, broker and controller in one process. */
export function kafkaSystem(classPath: string, folder: string): System {
  return {
    name: 'kafka',
    setup: 'Apache Kafka 4.3.1, one KRaft node, 1 GiB heap, default settings: it acknowledges before any fsync',
    async start() {
      const properties = { 'num.partitions': PARTITIONS, 'group.initial.rebalance.delay.ms': 0 };
      return running(await startKafka({ classPath, folder: join(folder, 'kafka'), jvmFlags: JVM_FLAGS, properties }));
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
