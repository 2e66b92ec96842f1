import { randomUUID } from 'node:crypto';
import kafkajs, { type Consumer, type EachMessagePayload, type Message } from 'kafkajs';
import { joinGroup } from './command-client.js';
import type { ClientDriver, ConsumedRecord, ProduceOptions } from './driver.js';
import { type MemberProgram, memberWords } from './member-program.js';
import type { PlainRecord } from './records.js';
import { tlsOptions } from './tls-options.js';

const { CompressionTypes, Kafka, logLevel } = kafkajs;

export function kafkaJsClient(bootstrap: string): InstanceType<typeof Kafka> {
  const ssl = tlsOptions();
  return new Kafka({
    clientId: 'kafkajs',
    brokers: [bootstrap],
    ...(ssl === undefined ? {} : { ssl }),
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 100 },
  });
}

/** kafkajs brings gzip only; the other codecs are plug-ins of third parties. */
export const kafkaJs: ClientDriver = {
  name: 'kafkajs',
  compressions: ['none', 'gzip'],
  idempotence: true,
  shapes: 'every',

  async createTopic(bootstrap, topic, numPartitions) {
    const admin = kafkaJsClient(bootstrap).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions }] });
    await admin.disconnect();
  },

  async produce(
    bootstrap: string,
    topic: string,
    records: readonly PlainRecord[],
    options: ProduceOptions,
  ): Promise<void> {
    const producer = kafkaJsClient(bootstrap).producer({
      idempotent: options.idempotent,
      maxInFlightRequests: options.idempotent ? 5 : 1,
    });
    await producer.connect();
    const compression = options.compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None;
    for (const record of records) {
      await producer.send({ topic, acks: -1, compression, messages: [message(record)] });
    }
    await producer.disconnect();
  },

  consume: (bootstrap, topic, count, from) => read(bootstrap, topic, `kafkajs-${randomUUID()}`, count, from),

  groupRead: read,

  join: (...words) => joinGroup(memberWords('kafkajs', words)),

  async offsetAt(bootstrap, topic, timestampMs) {
    const admin = kafkaJsClient(bootstrap).admin();
    await admin.connect();
    const [found] = await admin.fetchTopicOffsetsByTimestamp(topic, timestampMs);
    await admin.disconnect();
    return Number(found?.offset);
  },
};

/** Runs in a process of its own: member.ts. */
export const kafkaJsMember: MemberProgram = async (bootstrap, topic, group, say) => {
  const consumer = groupConsumer(bootstrap, group);
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    say(`assigned ${(payload.memberAssignment[topic] ?? []).join(',')}`);
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message: { offset } }) => {
      say(`read ${partition} ${offset}`);
      await consumer.commitOffsets([{ topic, partition, offset: String(Number(offset) + 1) }]);
    },
  });
  return () => consumer.disconnect();
};

function groupConsumer(bootstrap: string, groupId: string): Consumer {
  const settings = {
    groupId,
    maxBytesPerPartition: 4 << 20,
    heartbeatInterval: 500,
    sessionTimeout: 6000,
    maxWaitTimeInMs: 200,
  };
  return kafkaJsClient(bootstrap).consumer(settings);
}

/** Reads `count` records, commits behind them and leaves. */
async function read(
  bootstrap: string,
  topic: string,
  group: string,
  count: number,
  from?: number,
): Promise<readonly ConsumedRecord[]> {
  const consumer = groupConsumer(bootstrap, group);
  const consumed: ConsumedRecord[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const eachMessage = async ({ partition, message: got }: EachMessagePayload): Promise<void> => {
      if (consumed.length === count) return;
      consumed.push({
        partition,
        offset: Number(got.offset),
        key: got.key,
        value: got.value,
        headers: headersOf(got.headers),
      });
      if (consumed.length === count) resolve();
    };
    consumer.run({ autoCommit: false, eachMessage }).catch(reject);
    if (from !== undefined) consumer.seek({ topic, partition: 0, offset: String(from) });
  });
  const offset = String(consumed.at(-1)!.offset + 1);
  await consumer.commitOffsets([{ topic, partition: 0, offset }]);
  await consumer.disconnect();
  return consumed;
}

function message(record: PlainRecord): Message {
  const headers: Record<string, Buffer | Buffer[]> = {};
  for (const [name, value] of record.headers) {
    const former = headers[name];
    if (former === undefined) headers[name] = value;
    else headers[name] = Array.isArray(former) ? [...former, value] : [former, value];
  }
  return { partition: 0, key: record.key, value: record.value, headers };
}

function headersOf(headers: object | undefined): [string, Buffer][] {
  const pairs = Object.entries((headers ?? {}) as Record<string, Buffer | Buffer[]>);
  return pairs.flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values]).map((value): [string, Buffer] => [name, value]),
  );
}
