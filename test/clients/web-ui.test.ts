import type { Admin, Producer } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { kafkaJsClient } from './kafkajs.js';
import { openWebUi, type WebUi } from './web-ui.js';

/** A web UI in the hands of someone who looks after topics and groups: what it shows is what another client made, and back. */

const MINUTE = 60_000;
const folder = scratchFolder('web-ui');
const key = { right: '\u001b[C', enter: '\r', escape: '\u001b', tab: '\t', save: '\u0013' };
const remove = '\u0004';
const refresh = '\u0012';
let agent: AgentProcess;
let admin: Admin;
let producer: Producer;
let ui: WebUi;

beforeAll(async () => {
  agent = await startAgent(['--bucket', `file:${folder.path}`, '--group-initial-rebalance-delay', '0ms']);
  const kafka = kafkaJsClient(agent.kafka);
  admin = kafka.admin();
  producer = kafka.producer();
  await admin.connect();
  await producer.connect();
  const retention = { name: 'retention.ms', value: '7200000' };
  await admin.createTopics({
    topics: [
      { topic: 'audit', numPartitions: 1 },
      { topic: 'orders', numPartitions: 3, configEntries: [retention] },
    ],
  });
  const messages = Array.from({ length: 7 }, (_, i) => ({
    partition: i % 2,
    key: `order-${i}`,
    value: JSON.stringify({ price: 100 + i }),
    headers: { origin: `shop-${i}` },
  }));
  await producer.send({ topic: 'orders', messages });
  ui = await openWebUi('admin', '-b', agent.kafka, '--refresh-interval', '0');
}, MINUTE);
afterAll(async () => {
  try {
    await ui?.close();
    await producer.disconnect();
    await admin.disconnect();
  } finally {
    expect(await agent.stop()).toBe(0);
    folder.remove();
  }
}, MINUTE);

/** Rows of a table, cell by cell. */
const row = (...cells: readonly (string | number)[]): RegExp =>
  new RegExp(`[│ ]${cells.map((cell) => `${cell}`.replaceAll(/[.[\]]/g, '\\$&')).join('\\s+')}\\s`);

test('the page names its script and its socket', () => {
  expect(ui.page).toContain('/static/js/textual.js');
  expect(ui.page).toMatch(/data-session-websocket-url="ws:\/\/127\.0\.0\.1:\d+\/ws"/);
});

test('topics with partitions, replicas, records', { timeout: 2 * MINUTE }, async () => {
  // Partitions, replicas, in sync, groups, members, records, lag.
  await ui.shows(/Topics \[2\]/, row('audit', 1, 1, 1, 0, 0, '≈0', '≈0'), row('orders', 3, 1, 1, 0, 0, '≈7', '≈0'));
});

test('a topic: offsets of its partitions, its configs, its groups, their offsets and members', {
  timeout: 3 * MINUTE,
}, async () => {
  await admin.setOffsets({ groupId: 'billing', topic: 'orders', partitions: [{ partition: 0, offset: '1' }] });
  const reader = kafkaJsClient(agent.kafka).consumer({ groupId: 'readers' });
  await reader.connect();
  await reader.subscribe({ topics: ['orders'], fromBeginning: true });
  let read = 0;
  await reader.run({
    autoCommitThreshold: 1,
    eachMessage: async () => {
      read += 1;
    },
  });
  await expect.poll(() => read, { timeout: MINUTE }).toBe(7);
  await reader.commitOffsets([0, 1].map((partition) => ({ topic: 'orders', partition, offset: `${4 - partition}` })));
  ui.type(refresh);
  await ui.shows(row('orders', 3, 1, 1, 2, 1, '≈7', '≈3'));
  await select('orders');
  ui.type(key.enter);
  // Id, leader, earliest, end, records.
  await ui.shows(/Partitions \[3\] .* Groups \[2\]/, row(0, 1, 0, 4, 4), row(1, 1, 0, 3, 3), row(2, 1, 0, 0, 0));
  ui.type(key.right);
  await ui.shows(row('retention.ms', 7200000), row('cleanup.policy', 'delete'));
  ui.type(key.right);
  await ui.shows(row('billing', `${agent.kafka}/1`, 'empty'), row('readers', `${agent.kafka}/1`, 'stable'));
  ui.type(key.right);
  // Partition, committed, end, lag.
  await ui.shows(row('billing', 0, 1, 4, 3), row('readers', 0, 4, 4, 0), row('readers', 1, 3, 3, 0));
  ui.type(key.right);
  await ui.shows(/readers\s+kafkajs\s+kafkajs-\S+\s+\S*127\.0\.0\.1\s+\[0, 1, 2\]/);
  ui.type(key.escape);
  await ui.hides(/Topic Details/);
  await reader.disconnect();
});

test('a topic that it creates, alters and deletes is so for others', { timeout: 3 * MINUTE }, async () => {
  ui.type('n');
  await ui.shows(/Letters, numbers/);
  ui.type('made-in-ui', key.tab);
  await ui.cursorAt(/│ *1 /);
  ui.type('4', key.tab);
  await ui.cursorAt(/604800000/);
  ui.type('3600000');
  await ui.cursorAt(/ 3600000/);
  await ui.shows(/ made-in-ui /);
  ui.type(key.save);
  await ui.shows(/Topics \[3\]/, row('made-in-ui', 4, 1, 1, 0, 0, '≈0', '≈0'));
  expect(await retentionOf('made-in-ui')).toBe('3600000');

  await select('made-in-ui');
  ui.type('e');
  await ui.shows(/Edit Topic \[made-in-ui\]/, / 3600000 /);
  ui.type('6', key.tab);
  await ui.cursorAt(/ 3600000 /);
  ui.type('1800000');
  await ui.cursorAt(/ 1800000 /);
  ui.type(key.save);
  await ui.shows(row('made-in-ui', 6, 1, 1, 0, 0, '≈0', '≈0'));
  expect(await retentionOf('made-in-ui')).toBe('1800000');
  const { topics } = await admin.fetchTopicMetadata({ topics: ['made-in-ui'] });
  expect(topics[0]?.partitions).toHaveLength(6);

  ui.type(remove);
  await ui.shows(/Delete Topic \[made-in-ui\]/, /Type the topic name/);
  ui.type('made-in-ui');
  await ui.cursorAt(/ made-in-ui /);
  ui.type(key.enter);
  await ui.shows(/Topics \[2\]/);
  await ui.hides(row('made-in-ui'));
  expect(await admin.listTopics()).not.toContain('made-in-ui');
});

test('records with keys, values, headers and places', { timeout: 3 * MINUTE }, async () => {
  const words = ['-b', agent.kafka, '-t', 'orders', '-k', 'string', '-v', 'string', '--earliest'];
  const records = await openWebUi('consumer', ...words);
  try {
    // Key, value; then size, time, partition, offset, number of headers.
    const shown = Array.from(
      { length: 7 },
      (_, i) => new RegExp(`order-${i} +\\{"price":${100 + i}\\} .* ${i % 2} +${Math.floor(i / 2)} +1 `),
    );
    await records.shows(/Records \[orders\]\[7\]/, ...shown);
    records.type(key.enter);
    await records.shows(/Record Details \[orders\]\[[01]\]\[0\]/, /Key +Value +Headers \[1\]/, / "?order-[01]"? +│/);
    records.type(key.right);
    await records.shows(/ "\{\\"price\\":10[01]\}" /);
    records.type(key.right);
    await records.shows(/ 0 +origin /, /shop-[01]/);
  } finally {
    await records.close();
  }
});

/** Moves to a topic of the list. */
async function select(topic: string): Promise<void> {
  ui.type('/');
  await ui.shows(/Topic name contains/);
  ui.type(topic);
  await ui.cursorAt(new RegExp(` ${topic} `));
  ui.type(key.enter);
  await ui.shows(new RegExp(`Topics \\[\\*${topic}\\*\\]\\[1\\]`));
  ui.type(key.escape);
  await ui.hides(/\*\]/);
}

async function retentionOf(topic: string): Promise<string | undefined> {
  const described = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: 2, name: topic, configNames: ['retention.ms'] }],
  });
  return described.resources[0]?.configEntries[0]?.configValue;
}
