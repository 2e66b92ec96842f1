import { expect, test } from 'vitest';
import type { MetadataClient } from '../../src/cluster/metadata-client.js';
import type { Metadata } from '../../src/metadata/metadata.js';
import { command, topicId } from '../unit/metadata/journal-maker.js';
import { MetadataCluster } from './metadata-cluster.js';
import { type Means, meansOf, ModelGroupConsumer } from './model-group-consumer.js';

/** Time in which a group must have come to rest after its last change: far below what a person calls stuck. */
const REST_MS = 60_000;

interface Storm {
  readonly cluster: MetadataCluster;
  readonly client: MetadataClient & { readonly view: Metadata };
}

async function setUp(seed: number, topics: Readonly<Record<string, number>>): Promise<Storm> {
  const cluster = new MetadataCluster(seed);
  const process = cluster.process('a', { leaseMs: 1000 });
  const client = await cluster.until(process.connect());
  for (const [at, [name, partitions]] of Object.entries(topics).entries()) {
    await cluster.until(
      client.submit(command('createTopic', { name, topicId: topicId(at + 1), partitions, configs: [] })),
    );
  }
  return { cluster, client };
}

function rested({ client }: Storm, group: string): string[] {
  const found = client.view.consumerGroup(group);
  const wrong = found?.state === 'Stable' ? [] : [`${group} is ${found?.state}`];
  for (const topic of client.view.topics()) {
    const subscribed = [...(found?.members.values() ?? [])].some(({ topics }) => topics.has(topic.name));
    for (const partition of subscribed ? topic.partitions.keys() : []) {
      if (found!.ownerOf(topic.topicId, partition) === undefined) wrong.push(`${topic.name}/${partition} has no owner`);
    }
  }
  return wrong;
}

const SUBSCRIPTIONS = [['t'], ['t', 'u'], ['u']];

/** Members come, go, die, stand still and change their minds, all at random. */
async function storm(
  { cluster }: Storm,
  means: Means,
  group: string,
  members: number,
  steps: number,
): Promise<ModelGroupConsumer[]> {
  const { random } = means;
  let count = 0;
  const alive: ModelGroupConsumer[] = [];
  const topics = () => SUBSCRIPTIONS[random.between(0, SUBSCRIPTIONS.length - 1)]!;
  for (let step = 0; step < steps; step += 1) {
    const pauseMs = random.between(0, 400);
    await new Promise<void>((resolve) => cluster.time.after(pauseMs, resolve));
    const one = alive[random.between(0, Math.max(0, alive.length - 1))];
    if (one === undefined || alive.length < random.between(members / 2, members)) {
      alive.push(new ModelGroupConsumer(means, group, `m${count++}`, topics()));
    } else if (random.chance(0.25)) {
      alive.splice(alive.indexOf(one), 1);
      if (random.chance(0.5)) void one.leave();
      else one.die();
    } else if (random.chance(0.5)) {
      // Half of these pauses outlast the session.
      one.paused = true;
      means.world.timers.after(random.between(1_000, 90_000), () => {
        one.paused = false;
      });
    } else {
      one.subscribe(topics());
    }
  }
  for (const one of alive) one.subscribe(['t', 'u']);
  return alive;
}

async function restsWithin(storming: Storm, groups: readonly string[], limitMs: number): Promise<number> {
  const { cluster } = storming;
  const startedMs = cluster.time.nowMs;
  while (groups.some((group) => rested(storming, group).length > 0) && cluster.time.nowMs - startedMs < limitMs) {
    await cluster.pass(500);
  }
  return cluster.time.nowMs - startedMs;
}

test('200 members that join, leave, die and stand still: one owner a partition, no offset goes back, the group comes to rest', async () => {
  const storming = await setUp(848, { t: 60, u: 30 });
  const means = meansOf(storming.client, storming.cluster.processes[0]!.world, storming.cluster.random.fork(), 'g');
  const alive = await storming.cluster.until(storm(storming, means, 'g', 200, 500));
  // The last pauses end, and sessions of the dead.
  await storming.cluster.pass(140_000);
  await restsWithin(storming, ['g'], REST_MS);
  expect(means.ledger.findings).toEqual([]);
  expect(rested(storming, 'g')).toEqual([]);
  expect(storming.client.view.consumerGroup('g')!.members.size).toBe(alive.length);
  // The storm was one: partitions wandered, and members that had been taken for dead tried to commit.
  expect(means.ledger.moves).toBeGreaterThan(100);
  expect(alive.reduce((sum, { refused }) => sum + refused, 0)).toBeGreaterThan(0);
  expect(storming.cluster.findings()).toEqual([]);
}, 120_000);

test('many small groups at a time, through a crash of the leading thread', async () => {
  const storming = await setUp(849, { t: 6, u: 3 });
  const { cluster, client } = storming;
  const names = Array.from({ length: 40 }, (_, at) => `g${at}`);
  const all = names.map((group) => meansOf(client, cluster.processes[0]!.world, cluster.random.fork(), group));
  const storms = all.map((means, at) => storm(storming, means, names[at]!, 3, 30));
  cluster.time.after(3_000, () =>
    cluster.processes[0]!.workers.find(({ name }) => name === 'leader')!.thread.crash(new Error('crashed')),
  );
  await cluster.until(Promise.all(storms));
  expect(cluster.processes[0]!.workers.filter(({ name }) => name === 'leader')).toHaveLength(2);
  await cluster.pass(140_000);
  await restsWithin(storming, names, REST_MS);
  expect(all.flatMap(({ ledger }) => ledger.findings)).toEqual([]);
  expect(names.flatMap((group) => rested(storming, group))).toEqual([]);
  expect(cluster.findings()).toEqual([]);
}, 120_000);
