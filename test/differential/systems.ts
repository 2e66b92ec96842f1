import { existsSync } from 'node:fs';
import { apis } from '../../src/protocol/apis.js';
import type { Api } from '../../src/protocol/codec.js';
import { startAgent } from '../processes/agent.js';
import { WireClient } from '../processes/wire.js';
import { startKafka } from '../servers/kafka.js';
import { Committer, OWN_GROUP } from './committer.js';
import { Publisher } from './publisher.js';

/** One of the two that are compared. */
export interface System {
  readonly name: 'weft' | 'kafka';
  /** HOST:PORT */
  readonly address: string;
  readonly nodeId: number;
  /** Resolves when what a request of this API changed shows in every answer; to be called when it has been answered. */
  settle(api: Api): Promise<void>;
  stop(): Promise<void>;
}

export interface Pair {
  readonly weft: System;
  readonly kafka: System;
}

/** Neither system is asked to survive anything here, so memory will do where there is some. */
export const scratchRoot = existsSync('/dev/shm') ? '/dev/shm' : undefined;

export async function weftSystem(folder: string, more: readonly string[] = []): Promise<System> {
  const agent = await startAgent([
    ...['--bucket', `file:${folder}`],
    ...['--group-initial-rebalance-delay', '0ms'],
    ...(more.includes('--default-partitions') ? [] : ['--default-partitions', '1']),
    ...['--log-level', 'error'],
    ...more,
  ]);
  return {
    name: 'weft',
    address: agent.kafka,
    nodeId: await nodeIdOf(agent.kafka),
    settle: async () => {},
    async stop() {
      await agent.stop();
    },
  };
}

const properties = {
  'num.partitions': 1,
  'group.initial.rebalance.delay.ms': 0,
  'offsets.topic.num.partitions': 1,
  'transaction.state.log.num.partitions': 1,
  // A broker that a busy machine kept from its heartbeat is not fenced: its partitions would begin another leader epoch.
  'broker.session.timeout.ms': 600_000,
  // Less waiting between commits of its metadata.
  'controller.quorum.append.linger.ms': 0,
  // Records have times long past: retention must not run meanwhile.
  'log.initial.task.delay.ms': 86_400_000,
  'log.cleaner.dedupe.buffer.size': 4_194_304,
};

/** Whose change of the cluster's metadata Kafka's broker shows only later. */
const publishedLater: ReadonlySet<Api> = new Set<Api>([
  apis.metadata,
  apis.createTopics,
  apis.deleteTopics,
  apis.deleteRecords,
  apis.alterConfigs,
  apis.createPartitions,
  apis.electLeaders,
  apis.incrementalAlterConfigs,
  apis.alterPartitionReassignments,
  apis.alterClientQuotas,
]);

/** Whose change of a group Kafka's coordinator shows only later. */
const committedLater: ReadonlySet<Api> = new Set<Api>([apis.joinGroup]);

export async function kafkaSystem(classPath: string, folder: string): Promise<System> {
  const jvmFlags = ['-Xms512m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const node = await startKafka({ classPath, folder, jvmFlags, properties });
  const address = `127.0.0.1:${node.port}`;
  const [publisher, committer] = [new Publisher(address), new Committer(address)];
  await coordinatorLoaded(address);
  return {
    name: 'kafka',
    address,
    nodeId: await nodeIdOf(address),
    async settle(api) {
      if (publishedLater.has(api)) await publisher.published();
      if (committedLater.has(api)) await committer.committed();
    },
    async stop() {
      publisher.close();
      committer.close();
      await node.stop();
    },
  };
}

async function nodeIdOf(address: string): Promise<number> {
  const client = await WireClient.connect(address);
  const { brokers } = await client.call(apis.metadata, 1, { topics: [] });
  client.reset();
  if (brokers.length !== 1) throw new Error(`${brokers.length} brokers at ${address}`);
  return brokers[0]!.nodeId;
}

const RETRY_MS = 20;
const TRIES_MAX = 1_500;

async function retried(what: string, once: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await once()); tries += 1) {
    if (tries === TRIES_MAX) throw new Error(`Kafka: ${what} took too long`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Kafka makes its topic of offsets when it is first asked for a coordinator. */
async function coordinatorLoaded(address: string): Promise<void> {
  const client = await WireClient.connect(address);
  for (const keyType of [0, 1]) {
    await retried('its coordinator', async () => {
      const { errorCode } = await client.call(apis.findCoordinator, 3, { key: OWN_GROUP, keyType });
      return errorCode === 0;
    });
  }
  await retried('loading groups', async () => {
    const { errorCode } = await client.call(apis.heartbeat, 3, { groupId: OWN_GROUP, generationId: 1, memberId: 'm' });
    return errorCode !== 14 && errorCode !== 16;
  });
  await retried('ids for producers', async () => {
    const { errorCode } = await client.call(apis.initProducerId, 1, { transactionalId: null, transactionTimeoutMs: 0 });
    return errorCode === 0;
  });
  client.reset();
}
