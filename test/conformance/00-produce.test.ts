import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import { LocalAgent } from './local-agent.js';

/** What the server does of Produce: landing, order, answers. Checks and storage are the ingest engine's (test/unit/ingest). */
const records = makeBatch({ values: ['a', 'b'] });
const request = (acks: number) => ({
  acks,
  timeoutMs: 1_000,
  topicData: [{ name: 't', partitionData: [{ index: 0, records: { slices: [records], bytes: records.length } }] }],
});

async function agentWithTopic(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  await agent.connect().call(apis.metadata, 4, { topics: [{ name: 't' }] });
  return agent;
}

describe('every version reaches the intake with its body', () => {
  for (let version = apis.produce.min; version <= apis.produce.max; version += 1) {
    it(`v${version}`, async () => {
      const agent = await agentWithTopic();
      const topicId = agent.metadata.view.topicByName('t')!.topicId;
      const { topicData, ...rest } = request(-1);
      const answer = await agent.connect().call(apis.produce, version, {
        ...rest,
        topicData: topicData.map((topic) => (version >= 13 ? { ...topic, topicId } : topic)),
      });
      expect(answer.responses[0]!.partitionResponses[0]).toMatchObject({ index: 0, errorCode: 0, baseOffset: 0 });
    });
  }
});

it('many requests of a connection run at once and are answered in their order', async () => {
  const agent = await agentWithTopic();
  agent.intake.parked = [];
  const client = agent.connect();
  const first = client.send(apis.produce, 9, request(-1));
  const versions = client.send(apis.apiVersions, 0, {});
  const second = client.send(apis.produce, 9, request(-1));
  const third = client.send(apis.produce, 9, request(0));
  const last = client.send(apis.apiVersions, 0, {});
  await agent.pass(1);
  expect(agent.intake.parked.map(({ correlationId }) => correlationId)).toEqual([first, second, third]);
  for (const parked of agent.intake.parked.reverse()) {
    expect(client.socket.received.length).toBe(0);
    parked.released();
    parked.answered(parked.correlationId === third ? undefined : fakeAnswer(parked.correlationId), false, 0);
    await agent.pass(1);
  }
  expect(client.take(apis.produce, 9, first)).toBeDefined();
  expect(client.take(apis.apiVersions, 0, versions)).toBeDefined();
  expect(client.take(apis.produce, 9, second)).toBeDefined();
  expect(client.take(apis.apiVersions, 0, last)).toBeDefined();
  expect(client.socket.received.length).toBe(0);
  expect(agent.budget.heldBytes).toBe(0);
});

it('no more than 1,024 requests of a connection are under way', async () => {
  const agent = await agentWithTopic();
  agent.intake.parked = [];
  const client = agent.connect();
  for (let at = 0; at < 3_000; at += 1) {
    client.send(apis.produce, 9, request(-1));
  }
  await agent.pass(1);
  expect(agent.intake.parked.length).toBe(1_024);
  for (let at = 0; at < 3_000; at += 1) {
    const parked = agent.intake.parked[at]!;
    parked.released();
    parked.answered(fakeAnswer(parked.correlationId), false, 0);
    if (at % 100 === 0) await agent.pass(1);
  }
  await agent.pass(1);
  expect(agent.intake.parked.length).toBe(3_000);
  for (let at = 1; at <= 3_000; at += 1) {
    expect(client.take(apis.produce, 9, at)).toBeDefined();
  }
});

it('an answer that asks for it closes the connection behind it', async () => {
  const agent = await agentWithTopic();
  agent.intake.parked = [];
  const client = agent.connect();
  client.send(apis.produce, 9, request(0));
  await agent.pass(1);
  agent.intake.parked[0]!.answered(undefined, true, 0);
  await agent.pass(1);
  expect(client.socket.closed).toBe(true);
});

/** A Produce v9 response without topics. */
function fakeAnswer(correlationId: number): Uint8Array {
  const frame = Buffer.from([0, 0, 0, 11, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
  frame.writeInt32BE(correlationId, 4);
  return new Uint8Array(frame);
}
