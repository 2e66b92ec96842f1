/**
 * A kafkajs producer, flat out: `node kafkajs-main.js HOST:PORT TOPIC RECORDS SENDS RECORDS-A-SEND`. kafkajs does not gather:
 * a call of send is a request, so what a program tunes is how many records it gives to one and how many it has under way.
 * Prints a Transfer.
 */
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { RECORD_BYTES } from './generator.js';

const [kafka, topic, records, sends, recordsOfSend] = process.argv.slice(2);
if (recordsOfSend === undefined) throw new Error('HOST:PORT TOPIC RECORDS SENDS RECORDS-A-SEND');
const client = new Kafka({ brokers: [kafka!], logLevel: logLevel.ERROR });
const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
await producer.connect();
const messages = Array.from({ length: Number(recordsOfSend) }, () => ({ value: Buffer.alloc(RECORD_BYTES, 'x') }));
let left = Number(records);
const startedMs = performance.now();
const sendOn = async (): Promise<void> => {
  while (left > 0) {
    left -= messages.length;
    await producer.send({ topic: topic!, messages });
  }
};
await Promise.all(Array.from({ length: Number(sends) }, sendOn));
const seconds = (performance.now() - startedMs) / 1000;
await producer.disconnect();
process.stdout.write(JSON.stringify({ bytes: (Number(records) - left) * RECORD_BYTES, seconds }));
