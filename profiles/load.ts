import kafkajsPackage from 'kafkajs';
import { RECORD_BYTES } from '../bench/generators/generator.js';
import {
  CONSUMER_DEFAULTS,
  givenAs,
  PRODUCER_DEFAULTS,
  produceWithLibrdkafka,
} from '../bench/generators/librdkafka.js';
import { rdkafkaPerformance } from '../bench/parts.js';
import { kafkaJsClient } from '../test/clients/kafkajs.js';
import { type Server, startServer, stopServer } from '../test/servers/processes.js';
import type { GeneratorName, LoadName } from './options.js';

/** Makes load flat out until it is stopped. */
export interface RunningLoad {
  stop(): Promise<void>;
}

interface Generator {
  readonly name: GeneratorName;
  produce(kafka: string): Promise<RunningLoad>;
  /** A group of one consumer reads from the start and goes on at the end, or with `again` reads all of it once more. */
  consume(kafka: string, again: boolean): Promise<RunningLoad>;
  /** Ends when `records` are acknowledged. */
  fill(kafka: string, records: number): Promise<void>;
}

const TOPIC = 'profile';
const FILL_RECORDS = { librdkafka: 400_000, kafkajs: 50_000 };

/** The one that is asked for; else librdkafka, else kafkajs, which is always there. */
export function chooseGenerator(name: GeneratorName | undefined): Generator {
  const program = name === 'kafkajs' ? undefined : rdkafkaPerformance();
  if (program !== undefined) return librdkafka(program);
  if (name === 'librdkafka') throw new Error('librdkafka is not there: npm run setup');
  return kafkajs();
}

export async function startLoad(load: LoadName, generator: Generator, kafka: string): Promise<RunningLoad> {
  if (load === 'fetch') {
    await generator.fill(kafka, FILL_RECORDS[generator.name]);
    return generator.consume(kafka, true);
  }
  const producing = await generator.produce(kafka);
  if (load === 'produce') return producing;
  const consuming = await generator.consume(kafka, false);
  return {
    async stop() {
      await consuming.stop();
      await producing.stop();
    },
  };
}

function librdkafka(program: string): Generator {
  const connection = (kafka: string): string[] => ['-b', kafka, '-t', TOPIC];
  return {
    name: 'librdkafka',
    async produce(kafka) {
      const own = givenAs(PRODUCER_DEFAULTS);
      const producer = startServer(program, ['-P', ...own, ...connection(kafka), '-s', `${RECORD_BYTES}`]);
      return { stop: () => stopServer(producer) };
    },
    async consume(kafka, again) {
      const start = [...givenAs([...CONSUMER_DEFAULTS, 'auto.offset.reset=earliest']), ...(again ? ['-e'] : [])];
      const begin = (round: number): Server =>
        startServer(program, ['-G', `profile-${round}`, ...start, ...connection(kafka), '-B', '1000']);
      let stopped = false;
      let consumer = begin(1);
      const running = (async () => {
        for (let round = 2; again && !stopped; round += 1) {
          // It ends at the end of all partitions; a group of another name begins at their start.
          await consumer.exited;
          if (!stopped) consumer = begin(round);
        }
      })();
      return {
        async stop() {
          stopped = true;
          await stopServer(consumer);
          await running;
        },
      };
    },
    async fill(kafka, records) {
      await produceWithLibrdkafka(program, kafka, TOPIC, records);
    },
  };
}

function kafkajs(): Generator {
  const value = Buffer.alloc(RECORD_BYTES, 'weft');
  const messages = Array.from({ length: 500 }, () => ({ value }));
  const SENDERS = 4;
  /** Sends until `enough`, told how many records are acknowledged. */
  const sendUntil = async (kafka: string, enough: (sent: number) => boolean): Promise<void> => {
    const producer = kafkaJsClient(kafka).producer({
      createPartitioner: kafkajsPackage.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    let sent = 0;
    const send = async (): Promise<void> => {
      while (!enough(sent)) {
        await producer.send({ topic: TOPIC, messages });
        sent += messages.length;
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, send));
    await producer.disconnect();
  };
  return {
    name: 'kafkajs',
    async produce(kafka) {
      let stopped = false;
      const running = sendUntil(kafka, () => stopped);
      return {
        async stop() {
          stopped = true;
          await running;
        },
      };
    },
    async consume(kafka, again) {
      const consumer = kafkaJsClient(kafka).consumer({ groupId: 'profile' });
      await consumer.connect();
      await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
      await consumer.run({
        eachBatch: async ({ batch }) => {
          const atEnd = BigInt(batch.lastOffset()) + 1n >= BigInt(batch.highWatermark);
          if (again && atEnd) consumer.seek({ topic: TOPIC, partition: batch.partition, offset: '0' });
        },
      });
      return { stop: () => consumer.disconnect() };
    },
    fill: (kafka, records) => sendUntil(kafka, (sent) => sent >= records),
  };
}
