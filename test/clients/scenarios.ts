import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import type { ClientDriver, GroupMember } from './driver.js';
import { kafkaJsClient } from './kafkajs.js';
import { type PlainRecord, recordShapes, textRecords, toBrief } from './records.js';

const MINUTE = 60_000;

/** What every client must be able to do with an agent that it takes for Kafka. */
export function clientScenarios(driver: ClientDriver): void {
  const folder = scratchFolder(driver.name);
  let agent: AgentProcess;
  const shapes = (seed: string): PlainRecord[] =>
    driver.shapes === 'text' ? textRecords(seed) : recordShapes(seed, driver.shapes === 'every');

  beforeAll(async () => {
    agent = await startAgent(['--bucket', `file:${folder.path}`, '--group-initial-rebalance-delay', '500ms']);
  }, MINUTE);
  afterAll(async () => {
    expect(await agent.stop()).toBe(0);
    folder.remove();
  }, MINUTE);

  describe(driver.name, () => {
    const variants = driver.compressions.flatMap((compression) => [
      { compression, idempotent: true },
      { compression, idempotent: false },
    ]);
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
        expect(consumed.map(toBrief)).toEqual(records.map(toBrief));
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

    test('a group of three shares the partitions; when one leaves the others take over', {
      timeout: 3 * MINUTE,
    }, async () => {
      const topic = `${driver.name}-shared`;
      await createTopic(agent, topic, 6);
      const members: GroupMember[] = [];
      for (let i = 0; i < 3; i += 1) members.push(await driver.join(agent.kafka, topic, `${topic}-group`));
      const sharedBy = (some: readonly GroupMember[]): string =>
        JSON.stringify([
          some.flatMap((member) => member.assigned()).sort(),
          some.map((member) => member.assigned().length > 0),
        ]);
      const all = [0, 1, 2, 3, 4, 5];
      await expect
        .poll(() => sharedBy(members), { timeout: MINUTE, interval: 200 })
        .toBe(JSON.stringify([all, [true, true, true]]));
      await members[0]!.leave();
      const rest = members.slice(1);
      await expect
        .poll(() => sharedBy(rest), { timeout: MINUTE, interval: 200 })
        .toBe(JSON.stringify([all, [true, true]]));
      for (const member of rest) await member.leave();
    });

    test('offsets by time are exact to the record', { timeout: MINUTE }, async () => {
      const topic = `${driver.name}-times`;
      await createTopic(agent, topic, 1);
      const base = Date.UTC(2026, 0, 1);
      const producer = kafkaJsClient(agent.kafka).producer();
      await producer.connect();
      const messages = Array.from({ length: 50 }, (_, i) => ({ value: `${i}`, timestamp: String(base + i * 10) }));
      await producer.send({ topic, messages: messages.slice(0, 20) });
      await producer.send({ topic, messages: messages.slice(20) });
      await producer.disconnect();
      for (const [time, offset] of [
        [base, 0],
        [base + 1, 1],
        [base + 195, 20],
        [base + 490, 49],
      ] as const) {
        expect(await driver.offsetAt(agent.kafka, topic, time), `${time - base}`).toBe(offset);
      }
    });
  });
}

export async function createTopic(agent: AgentProcess, topic: string, numPartitions: number): Promise<void> {
  const admin = kafkaJsClient(agent.kafka).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions }] });
  await admin.disconnect();
}
