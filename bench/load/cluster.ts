import { apis } from '../../src/protocol/apis.js';
import { errorByCode, errors } from '../../src/protocol/errors.js';
import { Connection, type Security } from './connection.js';
import type { ProducerId } from './producer.js';

/** Versions that name topics and that brokers from Kafka 2.4 on have. */
export const versions = {
  metadata: 9,
  fetch: 11,
  listOffsets: 5,
  createTopics: 5,
  deleteTopics: 4,
  initProducerId: 2,
  findCoordinator: 3,
  offsetCommit: 7,
  offsetFetch: 5,
  joinGroup: 5,
  syncGroup: 3,
  heartbeat: 3,
  leaveGroup: 3,
} as const;

/** A topic as the cluster describes it. */
export interface Topic {
  readonly name: string;
  readonly partitions: number;
  /** Address of the node that leads each partition. */
  readonly leaders: readonly string[];
}

export function check(what: string, code: number): void {
  if (code !== 0) throw new Error(`${what}: ${errorByCode(code)?.name ?? `error ${code}`}`);
}

/** Opens a connection to the first bootstrap address that answers. */
export async function bootstrap(addresses: readonly string[], security: Security): Promise<Connection> {
  const failures: string[] = [];
  for (const address of addresses) {
    try {
      return await Connection.open(address, security);
    } catch (error) {
      failures.push(`${address}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`no broker answers (${failures.join('; ')})`);
}

/** The topic, made with so many partitions if it does not exist yet. */
export async function openTopic(connection: Connection, name: string, partitions: number): Promise<Topic> {
  const created = await connection.call(apis.createTopics, versions.createTopics, {
    topics: [{ name, numPartitions: partitions, replicationFactor: -1, assignments: [], configs: [] }],
    timeoutMs: 30_000,
  });
  const { errorCode } = created.topics[0]!;
  if (errorCode !== errors.TOPIC_ALREADY_EXISTS.code) check(`CreateTopics of ${name}`, errorCode);
  for (;;) {
    const topic = await describeTopic(connection, name);
    if (topic !== undefined) return topic;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Undefined while a partition has no leader yet. */
async function describeTopic(connection: Connection, name: string): Promise<Topic | undefined> {
  const { brokers, topics } = await connection.call(apis.metadata, versions.metadata, {
    topics: [{ name }],
    allowAutoTopicCreation: false,
  });
  const address = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, `${host}:${port}`]));
  const [topic] = topics;
  const partitions = [...(topic?.partitions ?? [])].sort((a, b) => a.partitionIndex - b.partitionIndex);
  const leaders = partitions.map(({ leaderId }) => address.get(leaderId));
  if (leaders.length === 0 || leaders.includes(undefined)) return undefined;
  return { name, partitions: leaders.length, leaders: leaders as string[] };
}

const TRIES = 100;
const RETRY_MS = 100;

/** Asks again while the answer has an error that passes by itself: of a topic just made, say, that its leader does not know yet. */
async function patiently<T>(
  what: string,
  ask: () => Promise<{ readonly errorCode: number; readonly answer: T }>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const { errorCode, answer } = await ask();
    if (errorCode === 0) return answer;
    if (tries === TRIES || errorByCode(errorCode)?.retriable !== true) check(what, errorCode);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Offsets of all partitions: -1 for the next to be written, -2 for the first. */
export async function offsetsAt(topic: Topic, timestamp: -1 | -2, security: Security): Promise<number[]> {
  const offsets: number[] = new Array(topic.partitions).fill(0);
  for (const address of new Set(topic.leaders)) {
    const connection = await Connection.open(address, security);
    const partitions = topic.leaders.flatMap((leader, partitionIndex) =>
      leader === address ? [{ partitionIndex, timestamp }] : [],
    );
    const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic.name, partitions }] };
    const answered = await patiently(`ListOffsets of ${topic.name}`, async () => {
      const { topics } = await connection.call(apis.listOffsets, versions.listOffsets, request);
      const answer = topics[0]!.partitions;
      return { errorCode: answer.find(({ errorCode }) => errorCode !== 0)?.errorCode ?? 0, answer };
    });
    for (const { partitionIndex, offset } of answered) offsets[partitionIndex] = offset;
    connection.close();
  }
  return offsets;
}

/** A new producer id without a transactional id. */
export function newProducerId(connection: Connection): Promise<ProducerId> {
  const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
  return patiently('InitProducerId', async () => {
    const { errorCode, producerId, producerEpoch } = await connection.call(
      apis.initProducerId,
      versions.initProducerId,
      request,
    );
    return { errorCode, answer: { id: producerId, epoch: producerEpoch } };
  });
}
