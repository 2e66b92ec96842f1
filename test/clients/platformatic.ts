import { randomUUID } from 'node:crypto';
import { Admin, Consumer, type GroupAssignment, type Message, Producer } from '@platformatic/kafka';
import { joinGroup } from './command-client.js';
import type { ClientDriver, ConsumedRecord } from './driver.js';
import { type MemberProgram, memberWords } from './member-program.js';

function groupConsumer(bootstrap: string, groupId: string): Consumer {
  return new Consumer({
    groupId,
    clientId: 'platformatic',
    bootstrapBrokers: [bootstrap],
    sessionTimeout: 6000,
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
  from?: number,
): Promise<readonly ConsumedRecord[]> {
  const consumer = groupConsumer(bootstrap, group);
  const stream = await consumer.consume({
    topics: [topic],
    ...(from === undefined
      ? { mode: 'committed', fallbackMode: 'earliest' }
      : { mode: 'manual', offsets: [{ topic, partition: 0, offset: BigInt(from) }] }),
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
  idempotence: true,
  shapes: 'every',

  async createTopic(bootstrap, topic, partitions) {
    const admin = new Admin({ clientId: 'platformatic', bootstrapBrokers: [bootstrap] });
    await admin.createTopics({ topics: [topic], partitions });
    await admin.close();
  },

  async produce(bootstrap, topic, records, { compression, idempotent }) {
    const producer = new Producer({ clientId: 'platformatic', bootstrapBrokers: [bootstrap] });
    for (const { key, value, headers } of records) {
      const pairs = headers.map(([name, bytes]): [Buffer, Buffer] => [Buffer.from(name), bytes]);
      const message = { topic, partition: 0, headers: new Map(pairs), ...(key && { key }), ...(value && { value }) };
      await producer.send({ messages: [message], compression, idempotent, acks: -1 });
    }
    await producer.close();
  },

  consume: (bootstrap, topic, count, from) => read(bootstrap, topic, `platformatic-${randomUUID()}`, count, from),

  groupRead: read,

  join: (...words) => joinGroup(memberWords('platformatic', words)),

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

/** Runs in a process of its own: member.ts. */
export const platformaticMember: MemberProgram = async (bootstrap, topic, group, say) => {
  const consumer = groupConsumer(bootstrap, group);
  consumer.on('consumer:group:join', ({ assignments }) => {
    const partitions = (assignments ?? []).flatMap((each: GroupAssignment) => each.partitions);
    say(`assigned ${partitions.join(',')}`);
  });
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'committed',
    fallbackMode: 'earliest',
    autocommit: false,
  });
  const reading = (async (): Promise<void> => {
    for await (const { partition, offset } of stream) {
      // What a fetch begun before a rebalance brings comes through, though another member has the partition by now.
      if (!consumer.assignments?.some(({ partitions }) => partitions.includes(partition))) continue;
      say(`read ${partition} ${offset}`);
      await consumer.commit({ offsets: [{ topic, partition, offset: offset + 1n, leaderEpoch: -1 }] });
    }
  })();
  return async () => {
    await consumer.close(true);
    await reading;
  };
};
