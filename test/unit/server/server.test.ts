import { describe, expect, it } from 'vitest';
import { apis } from '../../../src/protocol/apis.js';
import { ClientQuotas } from '../../../src/server/client-quotas.js';
import { Server } from '../../../src/server/server.js';
import { silentLog } from '../../../src/telemetry/log.js';
import { LocalAgent, localSettings } from '../../conformance/local-agent.js';
import { LocalMember } from '../../conformance/local-member.js';
import { makeBatch } from '../ingest/make-batch.js';

const fetchOf = (topic: string) => ({
  maxWaitMs: 60_000,
  minBytes: 1,
  topics: [{ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }] }],
});

async function closed(agent: LocalAgent, closing: Promise<void>, afterMs: number): Promise<boolean> {
  let done = false;
  void closing.then(() => {
    done = true;
  });
  await agent.pass(afterMs);
  return done;
}

describe('closing', () => {
  it('takes nothing behind an answer that closes, even while an earlier answer is still due', async () => {
    const agent = await LocalAgent.start();
    const client = agent.connect();
    await client.call(apis.metadata, 4, { topics: [{ name: 't' }] });
    agent.intake.parked = [];
    const records = makeBatch();
    const produce = () =>
      client.send(apis.produce, 9, {
        acks: -1,
        timeoutMs: 1_000,
        topicData: [
          { name: 't', partitionData: [{ index: 0, records: { slices: [records], bytes: records.length } }] },
        ],
      });
    for (let requests = 2; requests > 0; requests -= 1) produce();
    await agent.pass(10);
    const [first, second] = agent.intake.parked;
    second!.released();
    second!.answered(undefined, true, 0);
    produce();
    await agent.pass(10);
    expect(agent.intake.parked).toHaveLength(2);
    expect(client.socket.closed).toBe(false);
    first!.released();
    first!.answered(undefined, false, 0);
    await agent.pass(10);
    expect(client.socket.closed).toBe(true);
    expect(agent.budget.heldBytes).toBe(0);
  });

  it('answers what is under way, ends long waits, takes nothing new', async () => {
    const agent = await LocalAgent.start();
    const [producer, consumer, quiet] = [agent.connect(), agent.connect(), agent.connect()];
    await producer.call(apis.metadata, 4, { topics: [{ name: 't' }] });
    await quiet.call(apis.apiVersions, 0, {});
    agent.intake.parked = [];
    const records = makeBatch();
    const produced = producer.send(apis.produce, 9, {
      acks: -1,
      timeoutMs: 1_000,
      topicData: [{ name: 't', partitionData: [{ index: 0, records: { slices: [records], bytes: records.length } }] }],
    });
    const fetched = consumer.send(apis.fetch, 11, fetchOf('t'));
    const member = new LocalMember(agent, { joinVersion: 3 });
    const blocker = new LocalMember(agent, { joinVersion: 3 });
    await blocker.join();
    member.sendJoin();
    await agent.pass(10);
    const closing = agent.server.close();
    await agent.pass(10);
    expect(() => agent.connect()).toThrow('nobody listens');
    expect(quiet.socket.closed).toBe(true);
    expect(member.client.socket.closed).toBe(true);
    expect(consumer.take(apis.fetch, 11, fetched)).toMatchObject({ responses: [{ partitions: [{ errorCode: 0 }] }] });
    expect(consumer.socket.closed).toBe(true);
    expect(producer.socket.closed).toBe(false);
    producer.send(apis.apiVersions, 0, {});
    const [parked] = agent.intake.parked;
    const answer = Buffer.from([0, 0, 0, 11, 0, 0, 0, produced, 0, 1, 0, 0, 0, 0, 0]);
    parked!.released();
    parked!.answered(new Uint8Array(answer), false, 0);
    expect(await closed(agent, closing, 10)).toBe(true);
    expect(producer.take(apis.produce, 9, produced)).toBeDefined();
    expect(producer.socket.received.length).toBe(0);
    expect(producer.socket.closed).toBe(true);
    expect(agent.budget.heldBytes).toBe(0);
    expect(agent.server.connectionsOpen).toBe(0);
  });

  it('does not wait for ever', async () => {
    const agent = await LocalAgent.start();
    const client = agent.connect();
    await client.call(apis.metadata, 4, { topics: [{ name: 't' }] });
    client.socket.clientReads = false;
    client.send(apis.apiVersions, 0, {});
    await agent.pass(10);
    const closing = agent.server.close();
    expect(await closed(agent, closing, 4_000)).toBe(false);
    expect(await closed(agent, closing, 1_100)).toBe(true);
    expect(client.socket.closed).toBe(true);
  });
});

it('connections that come before the agent serves are closed at once, later ones answered', async () => {
  const agent = await LocalAgent.start();
  const { world, shared } = agent;
  const kafka = [{ name: 'late', tls: false, host: 'agent.test', port: 0, advertise: undefined }];
  const settings = { ...localSettings, kafka };
  const server = await Server.open({ world, settings, ...shared, log: silentLog });
  const [advertised] = server.advertised;
  expect(advertised).toMatchObject({ name: 'late', host: 'agent.test' });
  const early = agent.connect(advertised!.port);
  await agent.pass(10);
  expect(early.socket.closed).toBe(true);
  expect(server.connectionsOpen).toBe(0);
  expect(agent.telemetry.read('connectionsClosed')).toContainEqual(
    expect.objectContaining({ labelValue: 'unready', value: 1 }),
  );
  server.serve(agent.dispatch, agent.intake, new ClientQuotas(agent.metadata));
  const client = agent.connect(advertised!.port);
  expect(await client.call(apis.apiVersions, 0, {})).toMatchObject({ errorCode: 0 });
});

it('an address that is taken leaves no listener behind', async () => {
  const agent = await LocalAgent.start();
  const { world, shared } = agent;
  const closedPorts: number[] = [];
  const net = {
    ...world.net,
    listen: async (address: { host: string; port: number }) => {
      if (address.port === 2) throw Object.assign(new Error('taken'), { code: 'EADDRINUSE' });
      return { address, close: async () => void closedPorts.push(address.port) };
    },
  };
  const kafka = [1, 2].map((port) => ({
    name: `${port}`,
    tls: false,
    host: 'agent.test',
    port,
    advertise: undefined,
  }));
  const opening = Server.open({
    world: { ...world, net },
    settings: { ...localSettings, kafka },
    ...shared,
    log: silentLog,
  });
  await expect(opening).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: expect.stringMatching(/^--kafka agent.test:2: .*choose another port/),
  });
  expect(closedPorts).toEqual([1]);
});
