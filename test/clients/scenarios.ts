import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import type { ClientDriver, GroupMember } from './driver.js';
import { kafkaJs, kafkaJsClient } from './kafkajs.js';
import { type PlainRecord, recordShapes, textRecords, toBrief } from './records.js';

const MINUTE = 60_000;
const patience = { timeout: MINUTE, interval: 100 };

/** What every client must be able to do with an agent that it takes for Kafka. */
export function clientScenarios(driver: ClientDriver): void {
  const folder = scratchFolder(driver.name);
  let agent: AgentProcess;
  const shapes = (seed: string): PlainRecord[] =>
    driver.shapes === 'text' ? textRecords(seed) : recordShapes(seed, driver.shapes !== 'text headers');
  const asRead = (record: PlainRecord): PlainRecord =>
    driver.shapes === 'empty is null'
      ? { ...record, key: nullIfEmpty(record.key), value: nullIfEmpty(record.value) }
      : record;

  beforeAll(async () => {
    agent = await startAgent(['--bucket', `file:${folder.path}`, '--group-initial-rebalance-delay', '500ms']);
  }, MINUTE);
  afterAll(async () => {
    expect(await agent.stop()).toBe(0);
    folder.remove();
  }, MINUTE);

  describe(driver.name, () => {
    const idempotences = driver.idempotence ? [true, false] : [false];
    const variants = driver.compressions.flatMap((compression) =>
      idempotences.map((idempotent) => ({ compression, idempotent })),
    );
    test.each(variants)(
      'records come back as they were sent: $compression, idempotent $idempotent',
      { timeout: 2 * MINUTE },
      async (options) => {
        const topic = `${driver.name}-${options.compression}-${options.idempotent}`;
        await createTopic(agent, topic, 1);
        const records = shapes(topic);
        await driver.produce(agent.kafka, topic, records, options);
        const consumed = await driver.consume(agent.kafka, topic, records.length);
        expect(consumed.map(({ offset }) => offset)).toEqual(records.map((_, i) => i));
        expect(consumed.map(toBrief)).toEqual(records.map(asRead).map(toBrief));
      },
    );

    test('a group commits and resumes behind what it committed', { timeout: 2 * MINUTE }, async () => {
      const topic = `${driver.name}-resume`;
      await createTopic(agent, topic, 1);
      const records = textRecords(topic);
      await driver.produce(agent.kafka, topic, records, { compression: 'none', idempotent: false });
      const first = await driver.groupRead(agent.kafka, topic, `${topic}-group`, 30);
      const second = await driver.groupRead(agent.kafka, topic, `${topic}-group`, records.length - first.length);
      expect([...first, ...second].map(({ offset }) => offset)).toEqual(records.map((_, i) => i));
    });

    test(
      'a group of three shares the partitions; the rest goes on exactly behind one that leaves and one that is killed',
      {
        timeout: 3 * MINUTE,
      },
      () => shareAndGoOn(agent, driver),
    );

    test('a consumer seeks to the record', { timeout: MINUTE }, async () => {
      const topic = `${driver.name}-seek`;
      await createTopic(agent, topic, 1);
      const records = textRecords(topic);
      await driver.produce(agent.kafka, topic, records, { compression: 'gzip', idempotent: true });
      for (const [from, count] of [
        [73, 27],
        [99, 1],
      ] as const) {
        const consumed = await driver.consume(agent.kafka, topic, count, from);
        expect(consumed.map(({ offset }) => offset)).toEqual(Array.from({ length: count }, (_, i) => from + i));
        expect(consumed.map(toBrief)).toEqual(records.slice(from, from + count).map(toBrief));
      }
    });

    const creates = driver.createTopic === undefined ? [] : [driver.createTopic];
    test.for(creates)('a topic is created with its partitions', async (create) => {
      const topic = `${driver.name}-created`;
      await create(agent.kafka, topic, 5);
      const admin = kafkaJsClient(agent.kafka).admin();
      await admin.connect();
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      await admin.disconnect();
      expect(topics[0]?.partitions).toHaveLength(5);
    });

    test('offsets by time are exact to the record', { timeout: MINUTE }, async () => {
      const topic = `${driver.name}-times`;
      await createTopic(agent, topic, 1);
      const base = Date.UTC(2026, 0, 1);
      const producer = kafkaJsClient(agent.kafka).producer();
      await producer.connect();
      const messages = Array.from({ length: 50 }, (_, i) => ({ value: `${i}`, timestamp: String(base + i * 10) }));
      await producer.send({ topic, messages: messages.slice(0, 20) });
      // Offsets inside of a compressed batch, too.
      await producer.send({ topic, messages: messages.slice(20), compression: kafkajs.CompressionTypes.GZIP });
      await producer.disconnect();
      for (const [time, offset] of [
        [base, 0],
        [base + 1, 1],
        [base + 195, 20],
        [base + 301, 31],
        [base + 490, 49],
      ] as const) {
        expect(await driver.offsetAt(agent.kafka, topic, time), `${time - base}`).toBe(offset);
      }
      expect([-1, 50]).toContain(await driver.offsetAt(agent.kafka, topic, base + 491));
    });
  });
}

/** A group of three shares the partitions; the rest goes on exactly behind one that leaves and one that is killed. */
export async function shareAndGoOn(agent: AgentProcess, driver: Pick<ClientDriver, 'name' | 'join'>): Promise<void> {
  const topic = `${driver.name}-shared`;
  const group = `${topic}-group`;
  await createTopic(agent, topic, partitions.length);
  const members: GroupMember[] = [];
  for (let i = 0; i < 3; i += 1) members.push(driver.join(agent.kafka, topic, group));
  const [leaver, victim, last] = members as [GroupMember, GroupMember, GroupMember];
  await shared(members);
  await writeRound(agent, topic, 0);
  await committed(agent, group, topic, ROUND);
  await leaver.leave();
  await shared([victim, last]);
  await writeRound(agent, topic, 1);
  await committed(agent, group, topic, 2 * ROUND);
  await victim.vanish();
  await shared([last]);
  await writeRound(agent, topic, 2);
  await committed(agent, group, topic, 3 * ROUND);
  await last.leave();
  // Nobody read ahead of a commit or twice: whoever takes over starts at the committed offset.
  const read = members.flatMap((member) => member.read());
  for (const partition of partitions) {
    const offsets = read.filter((place) => place.partition === partition).map(({ offset }) => offset);
    offsets.sort((a, b) => a - b);
    expect(offsets, `partition ${partition}`).toEqual(Array.from({ length: 3 * ROUND }, (_, i) => i));
  }
}

function nullIfEmpty(bytes: Buffer | null): Buffer | null {
  return bytes?.length === 0 ? null : bytes;
}

export const partitions = [0, 1, 2, 3, 4, 5];
/** Records a partition. */
export const ROUND = 5;

export async function createTopic(agent: AgentProcess, topic: string, count: number): Promise<void> {
  await kafkaJs.createTopic!(agent.kafka, topic, count);
}

/** Waits until the members have all partitions among them, and each has some. */
export async function shared(members: readonly GroupMember[]): Promise<void> {
  const state = (): unknown => [
    members.flatMap((member) => member.assigned()).sort((a, b) => a - b),
    members.map((member) => member.assigned().length > 0),
  ];
  await expect.poll(state, patience).toEqual([partitions, members.map(() => true)]);
}

export async function writeRound(agent: AgentProcess, topic: string, round: number): Promise<void> {
  const producer = kafkaJsClient(agent.kafka).producer();
  await producer.connect();
  const messages = partitions.flatMap((partition) =>
    Array.from({ length: ROUND }, (_, i) => ({ partition, value: `${round}-${i}` })),
  );
  await producer.send({ topic, messages });
  await producer.disconnect();
}

/** Waits until the group has committed this offset in every partition. */
export async function committed(agent: AgentProcess, groupId: string, topic: string, offset: number): Promise<void> {
  const admin = kafkaJsClient(agent.kafka).admin();
  await admin.connect();
  const state = async (): Promise<unknown> => {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
    return found?.partitions.map((each) => Number(each.offset));
  };
  try {
    await expect.poll(state, patience).toEqual(partitions.map(() => offset));
  } finally {
    await admin.disconnect();
  }
}
