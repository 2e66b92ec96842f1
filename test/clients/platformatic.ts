import { randomUUID } from 'node:crypto';
import { Consumer, type GroupAssignment, type Message, Producer } from '@platformatic/kafka';
import type { ClientDriver, ConsumedRecord } from './driver.js';

function groupConsumer(bootstrap: string, groupId: string): Consumer {
  return new Consumer({
    groupId,
    clientId: 'platformatic',
    bootstrapBrokers: [bootstrap],
    sessionTimeout: 10_000,
    rebalanceTimeout: 15_000,
    heartbeatInterval: 500,
    maxBytes: 8 << 20,
  });
}

async function read(
  bootstrap: string,
  topic: string,
  group: string,
  count: number,
): Promise<readonly ConsumedRecord[]> {
  const consumer = groupConsumer(bootstrap, group);
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'committed',
    fallbackMode: 'earliest',
    autocommit: false,
  });
  const consumed: ConsumedRecord[] = [];
  for await (const message of stream) {
    consumed.push(recordOf(message));
    if (consumed.length < count) continue;
    await consumer.commit({ offsets: [{ topic, partition: 0, offset: message.offset + 1n, leaderEpoch: -1 }] });
    break;
  }
  await consumer.close(true);
  return consumed;
}

function recordOf(message: Message): ConsumedRecord {
  const headers = message.headerEntries.map(([name, value]) => [name.toString(), value] as const);
  const { partition, offset, key, value } = message;
  return { partition, offset: Number(offset), key: key ?? null, value: value ?? null, headers };
}

export const platformatic: ClientDriver = {
  name: 'platformatic',
  compressions: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  shapes: 'every',

  async produce(bootstrap, topic, records, { compression, idempotent }) {
    const producer = new Producer({ clientId: 'platformatic', bootstrapBrokers: [bootstrap] });
    for (const { key, value, headers } of records) {
      const pairs = headers.map(([name, bytes]): [Buffer, Buffer] => [Buffer.from(name), bytes]);
      const message = { topic, partition: 0, headers: new Map(pairs), ...(key && { key }), ...(value && { value }) };
      await producer.send({ messages: [message], compression, idempotent, acks: -1 });
    }
    await producer.close();
  },

  consume: (bootstrap, topic, count) => read(bootstrap, topic, `platformatic-${randomUUID()}`, count),

  groupRead: read,

  async join(bootstrap, topic, group) {
    const consumer = groupConsumer(bootstrap, group);
    const stream = await consumer.consume({ topics: [topic], mode: 'latest' });
    stream.on('data', () => {});
    const leave = (): Promise<void> => consumer.close(true);
    const partitionsOf = (assignments: GroupAssignment[] | null): number[] =>
      (assignments ?? []).flatMap(({ partitions }) => partitions).sort((a, b) => a - b);
    return { assigned: () => partitionsOf(consumer.assignments), leave, vanish: leave };
  },

  async offsetAt(bootstrap, topic, timestampMs) {
    const consumer = groupConsumer(bootstrap, 'platformatic-times');
    const offsets = await consumer.listOffsets({
      topics: [topic],
      partitions: { [topic]: [0] },
      timestamp: BigInt(timestampMs),
    });
    await consumer.close(true);
    return Number(offsets.get(topic)?.[0]);
  },
};
