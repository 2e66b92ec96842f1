import kafkajs from 'kafkajs';
import { kafkaJsClient } from '../clients/kafkajs.js';
import { type AgentProcess, startAgent } from '../processes/agent.js';
import { freePort } from '../processes/ports.js';
import { type History, type ReadRecord, type SentRecord, violations } from './history.js';

/** Of a producer whose send failed. */
const REST_MS = 50;

export interface KillCycles {
  readonly bucket: string;
  readonly cycles: number;
  readonly partitions: number;
  readonly producers: number;
  /** Uniform between kills, ms. */
  readonly aliveMsMin: number;
  readonly aliveMsMax: number;
  readonly flags?: readonly string[];
  readonly onCycle?: (cycle: number, acknowledged: number) => void;
}

/** Kills the agent under load again and again, then reads everything back. */
export async function killCycles(
  plan: KillCycles,
): Promise<{ readonly history: History; readonly violations: string[] }> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const flags = ['--kafka', address, '--bucket', plan.bucket, ...(plan.flags ?? [])];
  const topic = 'kill-cycles';
  let agent: AgentProcess = await startAgent(flags);
  const admin = kafkaJsClient(address).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: plan.partitions }] });
  await admin.disconnect();

  let stopping = false;
  const sent = new Map<string, SentRecord[]>();
  // Before the first kill: kafkajs tries a send again for as long as it takes, a first connection only so often.
  const producers = await Promise.all(
    Array.from({ length: plan.producers }, (_, i) => connectProducer(address, `p${i}`)),
  );
  const load = producers.map((producer, i) =>
    produceUntil(producer, topic, `p${i}`, i % plan.partitions, sent, () => stopping),
  );
  for (let cycle = 1; cycle <= plan.cycles; cycle += 1) {
    await sleep(plan.aliveMsMin + Math.random() * (plan.aliveMsMax - plan.aliveMsMin));
    await agent.kill();
    agent = await startAgent(flags);
    plan.onCycle?.(cycle, acknowledgedCount(sent));
  }
  await sleep(500);
  stopping = true;
  await Promise.all(load);
  const read = await readAll(address, topic, plan.partitions);
  await agent.stop();
  const history: History = { sent, read };
  return { history, violations: violations(history) };
}

async function connectProducer(address: string, clientId: string): Promise<kafkajs.Producer> {
  const client = new kafkajs.Kafka({
    clientId,
    brokers: [address],
    logLevel: kafkajs.logLevel.NOTHING,
    requestTimeout: 5000,
    retry: { retries: 1000, initialRetryTime: 50, maxRetryTime: 300 },
  });
  const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  return producer;
}

/** One idempotent producer to one partition: kafkajs retries the same batch with the same sequence until it is told an outcome. */
async function produceUntil(
  producer: kafkajs.Producer,
  topic: string,
  name: string,
  partition: number,
  sent: Map<string, SentRecord[]>,
  stopping: () => boolean,
): Promise<void> {
  const records: SentRecord[] = [];
  sent.set(name, records);
  for (let n = 0; !stopping(); n += 5) {
    const values = Array.from({ length: 5 }, (_, k) => `${name}-${n + k}`);
    try {
      await producer.send({ topic, acks: -1, messages: values.map((value) => ({ partition, value })) });
      for (const value of values) records.push({ partition, value, acknowledged: true });
    } catch {
      // The outcome is unknown: it may or may not be there, once, and its values are never sent again.
      for (const value of values) records.push({ partition, value, acknowledged: false });
      // kafkajs may refuse at once while it has no connection: without a turn in between it would never get one.
      await sleep(REST_MS);
      await producer.connect().catch(() => {});
    }
  }
  await producer.disconnect();
}

export async function readAll(address: string, topic: string, partitions: number): Promise<Map<number, ReadRecord[]>> {
  const client = kafkaJsClient(address);
  const admin = client.admin();
  await admin.connect();
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
  await admin.disconnect();
  const read = new Map<number, ReadRecord[]>(Array.from({ length: partitions }, (_, partition) => [partition, []]));
  let left = [...ends.values()].reduce((sum, end) => sum + end, 0);
  if (left === 0) return read;
  const consumer = client.consumer({ groupId: `check-${Date.now()}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    const eachMessage: NonNullable<Parameters<typeof consumer.run>[0]>['eachMessage'] = async ({
      partition,
      message,
    }) => {
      read.get(partition)?.push({ offset: Number(message.offset), value: message.value?.toString() ?? '' });
      left -= 1;
      if (left === 0) resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return read;
}

function acknowledgedCount(sent: ReadonlyMap<string, readonly SentRecord[]>): number {
  let count = 0;
  for (const records of sent.values()) for (const { acknowledged } of records) if (acknowledged) count += 1;
  return count;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
