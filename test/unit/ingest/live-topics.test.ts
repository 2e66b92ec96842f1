import { expect, test } from 'vitest';
import { EngineHarness, TOPIC_ID } from './engine-harness.js';
import { makeBatch } from './make-batch.js';

test('a changed config of a topic, of one agent or of all holds for the next request, without a restart', async () => {
  const agent = new EngineHarness();
  agent.store.open = true;
  await agent.createTopic('orders');
  const { nodeId } = agent.metadata.self;
  const topicId = Buffer.from(TOPIC_ID, 'base64url');
  const entries = (value: string | undefined, name: string) => (value === undefined ? [] : [{ name, value }]);
  const ofTopic = (value?: string) => {
    const { configsRevision } = agent.metadata.view.topicById(TOPIC_ID)!;
    const configs = entries(value, 'max.message.bytes');
    const change = { topicId, expectedRevision: configsRevision, configs };
    return agent.metadata.submit({ kind: { $case: 'alterTopicConfigs', value: change } });
  };
  const ofBroker = (resourceName: string, value?: string) => {
    const { configsRevision } = agent.metadata.view.configsOf(4, resourceName);
    const configs = entries(value, 'message.max.bytes');
    const change = { resourceType: 4, resourceName, expectedRevision: configsRevision, configs };
    return agent.metadata.submit({ kind: { $case: 'alterResourceConfigs', value: change } });
  };
  const errors: (number | undefined)[] = [];
  const send = async () => {
    const sent = agent.produce(1, makeBatch({ values: ['v'.repeat(100)] }));
    await agent.world.pass(200);
    errors.push(sent.answers[0]!.error);
  };
  await send();
  for (const change of [
    () => ofTopic('80'),
    () => ofTopic(),
    () => ofBroker('', '80'),
    () => ofBroker(`${nodeId}`, '800'),
    () => ofTopic('70'),
    () => ofTopic(),
    () => ofBroker(`${nodeId}`),
    () => ofBroker(''),
  ]) {
    expect(await change()).toEqual({ kind: 'done' });
    await send();
  }
  expect(errors).toEqual([0, 10, 0, 10, 0, 10, 0, 10, 0]);
});

test('new partitions are written as soon as they are there', async () => {
  const agent = new EngineHarness();
  agent.store.open = true;
  await agent.createTopic('orders');
  const produce = async () => {
    const sent = agent.produce(1, makeBatch(), 'orders', 2);
    await agent.world.pass(200);
    return sent.answers[0]!.error;
  };
  expect(await produce()).toBe(3);
  const value = { topicId: Buffer.from(TOPIC_ID, 'base64url'), partitions: 3 };
  await agent.metadata.submit({ kind: { $case: 'createPartitions', value } });
  expect(await produce()).toBe(0);
});

test('a topic is known to the lane as soon as it is to the main thread, with its configs, and forgotten with it', async () => {
  const agent = new EngineHarness();
  agent.store.open = true;
  await agent.world.pass(10);
  await agent.createTopic('orders', { 'max.message.bytes': '80', 'message.timestamp.type': 'LogAppendTime' });
  const small = agent.produce(1, makeBatch());
  const large = agent.produce(2, makeBatch({ values: ['v'.repeat(100)] }));
  await agent.world.pass(200);
  expect([small, large].map(({ answers }) => answers[0]!.error)).toEqual([0, 10]);
  expect(agent.telemetry.read('batchesRejected')).toContainEqual({ kind: 'value', labelValue: 'too-large', value: 1 });
  await agent.metadata.submit({
    kind: { $case: 'deleteTopic', value: { topicId: Buffer.from(TOPIC_ID, 'base64url') } },
  });
  const gone = agent.produce(1, makeBatch());
  await agent.createTopic('orders', {}, 'AAAAAAAAAAAAAAAAAAAAAg');
  const again = agent.produce(1, makeBatch());
  await agent.world.pass(200);
  expect([gone, again].map(({ answers }) => answers[0]!.error)).toEqual([3, 0]);
  // The lane itself refused the one: nothing of it was uploaded.
  const uploaded = [...agent.store.objects.values()].map((bytes) => bytes.length);
  expect(new Set(uploaded).size).toBe(1);
});
