import { apis } from '../../src/protocol/apis.js';
import { errorByCode, errors } from '../../src/protocol/errors.js';
import type { TopicSize } from './scenario.js';
import type { SimulatedNet } from './simulated-net.js';
import type { VirtualTime } from './virtual-time.js';
import { Disconnected, WireClient } from './wire-client.js';

const RETRY_MS = 60;
const LATEST = -1;
const EARLIEST = -2;

/** Creates the topics; tries until they are there. */
export async function createTopics(
  net: SimulatedNet,
  host: string,
  port: number,
  time: VirtualTime,
  topics: readonly TopicSize[],
): Promise<void> {
  await insist(net, host, port, time, async (client) => {
    const { response } = await client.call(apis.createTopics, 6, {
      topics: topics.map(({ name, partitions, compression }) => ({
        name,
        numPartitions: partitions,
        replicationFactor: -1,
        assignments: [],
        configs: compression === undefined ? [] : [{ name: 'compression.type', value: compression }],
      })),
      timeoutMs: 30_000,
      validateOnly: false,
    });
    const codes = response.topics.map(({ errorCode }) => errorCode);
    return codes.every((code) => code === 0 || code === errors.TOPIC_ALREADY_EXISTS.code) ? true : demand(codes);
  });
}

/** The end of every partition, by topic, as fresh as ListOffsets promises. */
export function latestOffsets(
  net: SimulatedNet,
  host: string,
  port: number,
  time: VirtualTime,
  topics: readonly TopicSize[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  return insist(net, host, port, time, (client) => askLatest(client, topics));
}

/** Asks once; undefined: to be tried again. */
export function askLatest(client: WireClient, topics: readonly TopicSize[]): Promise<Offsets | undefined> {
  return askOffsets(client, topics, LATEST);
}

/** Where every partition begins; asks once. */
export function askEarliest(client: WireClient, topics: readonly TopicSize[]): Promise<Offsets | undefined> {
  return askOffsets(client, topics, EARLIEST);
}

/** By topic, one a partition. */
type Offsets = ReadonlyMap<string, readonly number[]>;

async function askOffsets(
  client: WireClient,
  topics: readonly TopicSize[],
  timestamp: number,
): Promise<Offsets | undefined> {
  const { response } = await client.call(apis.listOffsets, 5, {
    replicaId: -1,
    isolationLevel: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({
        partitionIndex,
        currentLeaderEpoch: -1,
        timestamp,
      })),
    })),
    timeoutMs: 0,
  });
  const codes = response.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
  if (codes.some((code) => code !== 0)) return demand(codes);
  return new Map(response.topics.map(({ name, partitions }) => [name, partitions.map(({ offset }) => offset)]));
}

/** Undefined: to be tried again. Throws when a code says that trying again is in vain. */
function demand(codes: readonly number[]): undefined {
  for (const code of codes) {
    const error = errorByCode(code);
    if (code !== 0 && error?.retriable !== true) throw new Error(`a client was told ${error?.name ?? code}`);
  }
  return undefined;
}

/** Asks, on new connections, until there is an answer. */
export async function insist<T>(
  net: SimulatedNet,
  host: string,
  port: number,
  time: VirtualTime,
  ask: (client: WireClient) => Promise<T | undefined>,
): Promise<T> {
  for (;;) {
    const client = await WireClient.connect(net, host, port, 'admin');
    try {
      const answer = client === undefined ? undefined : await ask(client);
      if (answer !== undefined) return answer;
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error;
    } finally {
      client?.close();
    }
    await new Promise<void>((resume) => void time.after(RETRY_MS, resume));
  }
}
