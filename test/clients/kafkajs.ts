import { randomUUID } from 'node:crypto';
import kafkajs, { type Message } from 'kafkajs';
import type { ClientDriver, ConsumedRecord, ProduceOptions } from './driver.js';
import type { PlainRecord } from './records.js';

const { CompressionTypes, Kafka, logLevel } = kafkajs;

export function kafkaJsClient(bootstrap: string): InstanceType<typeof Kafka> {
  return new Kafka({
    clientId: 'kafkajs',
    brokers: [bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 100 },
  });
}

/** kafkajs brings gzip only; the other codecs are plug-ins of third parties. */
export const kafkaJs: ClientDriver = {
  name: 'kafkajs',
  compressions: ['none', 'gzip'],

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

  async consume(bootstrap: string, topic: string, count: number): Promise<readonly ConsumedRecord[]> {
    const consumer = kafkaJsClient(bootstrap).consumer({
      groupId: `kafkajs-${randomUUID()}`,
      maxBytesPerPartition: 4 << 20,
    });
    const consumed: ConsumedRecord[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({
        partition,
        message: got,
      }: Parameters<NonNullable<Parameters<typeof consumer.run>[0]>['eachMessage'] & {}>[0]): Promise<void> => {
        consumed.push({
          partition,
          offset: Number(got.offset),
          key: got.key,
          value: got.value,
          headers: headersOf(got.headers),
        });
        if (consumed.length === count) resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
    await consumer.disconnect();
    return consumed;
  },
};

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
