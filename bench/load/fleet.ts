import { apis } from '../../src/protocol/apis.js';
import { Admin } from './admin.js';
import type { AfterAck } from './after-ack.js';
import type { Clock, Waker } from './clock.js';
import { bootstrap, newProducerId, type Topic, versions } from './cluster.js';
import { Commits, type Committer } from './commits.js';
import { Connection, type Security } from './connection.js';
import { Consumer, type FetchOptions } from './consumer.js';
import { Gathering, type Pace } from './gathering.js';
import { coordinatorOf, GroupMember } from './group-member.js';
import type { LoadOptions } from './options.js';
import { Producer } from './producer.js';
import { PRODUCE_VERSION, ProduceFrames } from './produce-frame.js';
import type { Counting } from './tally.js';
import { Templates } from './templates.js';

/** What everything in a run shares. */
export interface Surroundings {
  readonly options: LoadOptions;
  readonly security: Security;
  readonly topic: Topic;
  readonly clock: Clock;
  readonly waker: Waker;
  readonly counting: Counting;
  readonly runId: number;
  readonly runStartedMs: number;
  /** Undefined when nobody consumes. */
  readonly afterAck: AfterAck | undefined;
}

const REQUEST_TIMEOUT_MS = 30_000;
const RECONNECT_MS = 500;
/** Streams of the seed: the templates take the first few. */
const PRODUCER_STREAMS = 1_000;

/** Throws when the broker lacks a version that the generator speaks. */
export async function checkVersions(connection: Connection): Promise<void> {
  const { apiKeys } = await connection.call(apis.apiVersions, 0, {});
  const wanted = Object.entries({ ...versions, produce: PRODUCE_VERSION });
  for (const [name, version] of wanted) {
    const { key } = apis[name as keyof typeof apis];
    const range = apiKeys.find(({ apiKey }) => apiKey === key);
    if (range === undefined || version < range.minVersion || version > range.maxVersion) {
      throw new Error(`the broker does not serve ${name} v${version}, which the generator speaks`);
    }
  }
}

/** Runs `open` for 0 … count-1, some at a time: a thousand connections at once would overflow a listener's backlog. */
async function openEach<T>(count: number, open: (index: number) => Promise<T>): Promise<T[]> {
  const all: T[] = new Array(count);
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      all[index] = await open(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, 32) }, one));
  return all;
}

export function openIdle({ options, security, topic }: Surroundings): Promise<Connection[]> {
  return openEach(options.idle, async (index) => {
    const connection = await Connection.open(topic.leaders[index % topic.leaders.length]!, security);
    await connection.call(apis.apiVersions, 0, {});
    return connection;
  });
}

/** A producer ready to begin: its connection is open and its producer id known, so that the schedule finds all at once. */
export interface ReadyProducer {
  start(pace: Omit<Pace, 'intervalMs'>): Producer;
  close(): void;
}

/** Producers in turns over the nodes that lead; each writes to the partitions of its node. */
export async function openProducers(surroundings: Surroundings): Promise<ReadyProducer[]> {
  const { options, topic } = surroundings;
  if (options.producers === 0) return [];
  const templates = new Templates({ ...options, keys: options.keys }, topic.partitions, options.seed);
  const frames = new ProduceFrames(topic.name, options.acks, REQUEST_TIMEOUT_MS);
  const nodes = [...new Set(topic.leaders)];
  return openEach(options.producers, (index) =>
    openProducer(surroundings, templates, frames, index, nodes[index % nodes.length]!),
  );
}

async function openProducer(
  { options, security, topic, clock, waker, counting, runId, afterAck }: Surroundings,
  templates: Templates,
  frames: ProduceFrames,
  index: number,
  node: string,
): Promise<ReadyProducer> {
  let connection = await Connection.open(node, security);
  const producerId = options.idempotent ? await newProducerId(connection) : undefined;
  const partitions = topic.leaders.flatMap((leader, partition) => (leader === node ? [partition] : []));
  let closed = false;
  const begin = (producer: Producer): void => {
    connection.onLost = (reason) => {
      if (closed) return;
      counting.tally.reconnects += 1;
      counting.tally.countError('connection', reason);
      producer.detach();
      const again = (): void => {
        if (closed) return;
        Connection.open(node, security).then(
          (next) => {
            connection = next;
            begin(producer);
          },
          () => setTimeout(again, RECONNECT_MS),
        );
      };
      setTimeout(again, RECONNECT_MS);
    };
    producer.attach(connection);
  };
  return {
    start(pace) {
      const intervalMs = options.rate === 0 ? 0 : (1000 * options.producers) / options.rate;
      const phase = (index + 0.5) / options.producers;
      const stream = PRODUCER_STREAMS + index;
      const gathering = new Gathering(templates, partitions, { ...pace, intervalMs }, options.seed, stream, phase);
      const renew = options.idempotent ? () => newProducerId(connection) : undefined;
      const producer = new Producer(
        gathering,
        frames,
        {
          acks: options.acks,
          inFlightMax: options.inFlight,
          partitions: topic.partitions,
          runId,
          newProducerId: renew,
          afterAck,
        },
        producerId,
        clock,
        waker,
        counting,
      );
      begin(producer);
      return producer;
    },
    close() {
      closed = true;
      connection.close();
    },
  };
}

/** A consumer over all nodes. */
export interface Reader {
  /** Next offsets of its partitions. */
  offsets(): ReadonlyMap<number, number>;
  stop(): Promise<void>;
}

/** Consumers that read from `start` on: their shares, or what their group gives them; resolves when all have something to do. */
export function openReaders(surroundings: Surroundings, start: readonly number[]): Promise<Reader[]> {
  const { options, topic } = surroundings;
  const { group } = options;
  return openEach(options.consumers, async (index) => {
    const consumers = await openConsumers(surroundings);
    const assign = (offsets: ReadonlyMap<number, number>): void => {
      for (const { node, consumer } of consumers) {
        const own = [...offsets].filter(([partition]) => topic.leaders[partition] === node);
        consumer.assign(
          new Map(own.map(([partition, offset]) => [partition, offset < 0 ? start[partition]! : offset])),
        );
      }
    };
    const offsets = (): ReadonlyMap<number, number> =>
      new Map(consumers.flatMap(({ consumer }) => [...consumer.offsets]));
    const membership = group === undefined ? undefined : await join(surroundings, group, assign);
    if (membership === undefined) {
      assign(
        new Map(
          start.flatMap((offset, partition) =>
            partition % options.consumers === index ? [[partition, offset] as const] : [],
          ),
        ),
      );
    }
    const commits = await openCommits(surroundings, index, offsets, membership);
    return {
      offsets,
      async stop() {
        await commits.stop();
        for (const { consumer, connection } of consumers) {
          consumer.stop();
          connection.close();
        }
        await membership?.leave();
      },
    };
  });
}

async function openConsumers(surroundings: Surroundings) {
  const { options, security, topic, clock, waker, counting, runId, runStartedMs, afterAck } = surroundings;
  const fetch: FetchOptions = {
    topic: topic.name,
    bytesMax: options.fetchBytes,
    partitionBytesMax: options.fetchPartitionBytes,
    bytesMin: options.fetchMinBytes,
    waitMsMax: options.fetchWaitMs,
    runId,
    runStartedMs,
    afterAck,
  };
  return Promise.all(
    [...new Set(topic.leaders)].map(async (node) => {
      const connection = await Connection.open(node, security);
      connection.onLost = (reason) => counting.tally.countError('consumer connection', reason);
      return { node, connection, consumer: new Consumer(connection, fetch, clock, waker, counting) };
    }),
  );
}

interface Membership {
  readonly member: GroupMember;
  leave(): Promise<void>;
}

/** Resolves when the member has got partitions for the first time. */
async function join(
  { options, security, topic, counting }: Surroundings,
  group: string,
  assign: (offsets: ReadonlyMap<number, number>) => void,
): Promise<Membership> {
  const first = await bootstrap(options.bootstrap, security);
  const coordinator = await coordinatorOf(first, group);
  first.close();
  let assigned: () => void;
  const joined = new Promise<void>((resolve) => {
    assigned = resolve;
  });
  const member = await GroupMember.open(coordinator, security, group, topic, (offsets) => {
    assign(offsets);
    assigned();
  });
  let left = false;
  const running = member.run().catch((error: unknown) => {
    if (!left) counting.tally.countError('group', String(error));
  });
  await Promise.race([joined, running]);
  return {
    member,
    async leave() {
      left = true;
      await member.leave();
    },
  };
}

async function openCommits(
  { options, security, topic, clock, waker, counting, runId }: Surroundings,
  index: number,
  offsets: () => ReadonlyMap<number, number>,
  membership: Membership | undefined,
): Promise<{ stop(): Promise<void> }> {
  if (options.commitMs === 0) return { stop: async () => {} };
  const groupId = options.group ?? `${topic.name}-${runId}-${index}`;
  const alone: Committer = { groupId, generation: -1, memberId: '' };
  const first = await bootstrap(options.bootstrap, security);
  const connection = await Connection.open(await coordinatorOf(first, groupId), security);
  first.close();
  // Spread over the interval, so that they do not all come at once.
  const startMs = clock.nowMs() + (options.commitMs * (index + 0.5)) / options.consumers;
  const committer = (): Committer | undefined => (membership === undefined ? alone : membership.member.committer);
  const pace = { startMs, intervalMs: options.commitMs };
  const commits = new Commits(connection, topic.name, offsets, committer, pace, clock, waker, counting);
  return {
    async stop() {
      await commits.stop();
      connection.close();
    },
  };
}

export async function openAdmin(surroundings: Surroundings): Promise<Admin | undefined> {
  const { options, security, topic, runId, clock, waker, counting } = surroundings;
  if (options.adminMs === 0) return undefined;
  const connection = await Connection.open(topic.leaders[0]!, security);
  const pace = { startMs: clock.nowMs() + options.adminMs, intervalMs: options.adminMs };
  return new Admin(connection, topic, runId, pace, clock, waker, counting);
}
