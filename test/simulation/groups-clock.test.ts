import { expect, test } from 'vitest';
import type { MetadataClient } from '../../src/cluster/metadata-client.js';
import type { Command, JoinGroup } from '../../src/metadata/journal.wire.js';
import type { Outcome } from '../../src/metadata/outcomes.js';
import type { Timer, World } from '../../src/world/world.js';
import { GroupsClock } from '../../workers/leader/groups-clock.js';
import { MetadataCluster } from './metadata-cluster.js';
import { VirtualTime } from './virtual-time.js';

const SESSION_MS = 10_000;
const REBALANCE_MS = 30_000;

function join(memberId: string, change: Partial<JoinGroup> = {}): Command {
  const value = {
    group: 'g',
    memberId,
    knownMember: false,
    clientId: 'client',
    clientHost: 'host',
    sessionTimeoutMs: SESSION_MS,
    rebalanceTimeoutMs: REBALANCE_MS,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: new Uint8Array(1) }],
    requireKnownMember: false,
    initialDelayMs: 3000,
    groupSizeMax: 100,
    ...change,
  };
  return { kind: { $case: 'joinGroup', value } };
}

function sync(client: MetadataClient, memberId: string, members: readonly string[]): Promise<Outcome> {
  const value = {
    group: 'g',
    generation: client.view.group('g')!.generation,
    memberId,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: members.map((member) => ({ memberId: member, assignment: new Uint8Array(1) })),
  };
  return client.submit({ kind: { $case: 'syncGroup', value } });
}

async function setUp(): Promise<{ cluster: MetadataCluster; client: MetadataClient }> {
  const cluster = new MetadataCluster(1);
  return { cluster, client: await cluster.until(cluster.process('a', { leaseMs: 1000 }).connect()) };
}

/** Passes time in steps and gives the first moment, in ms from now, at which `is` holds; members `alive` send heartbeats. */
async function when(
  cluster: MetadataCluster,
  client: () => MetadataClient,
  is: () => boolean,
  alive: readonly string[] = [],
): Promise<number> {
  const startedMs = cluster.time.nowMs;
  while (!is() && cluster.time.nowMs - startedMs < 120_000) {
    client().membersAlive('g', alive);
    await cluster.pass(100);
  }
  return cluster.time.nowMs - startedMs;
}

function around(ms: number, expectedMs: number): void {
  expect(ms).toBeGreaterThanOrEqual(expectedMs - 50);
  expect(ms).toBeLessThanOrEqual(expectedMs + 400);
}

test('the first join waits for the initial delay', async () => {
  const { cluster, client } = await setUp();
  await cluster.until(client.submit(join('m1')));
  expect(client.view.group('g')!.state).toBe('PreparingRebalance');
  around(
    await when(
      cluster,
      () => client,
      () => client.view.group('g')!.generation === 1,
    ),
    3000,
  );
  expect(client.view.group('g')!.state).toBe('CompletingRebalance');
});

test('newcomers put the first assignment off, at most by the rebalance timeout', async () => {
  const { cluster, client } = await setUp();
  const startedMs = cluster.time.nowMs;
  await cluster.until(client.submit(join('m1', { rebalanceTimeoutMs: 7000 })));
  for (const [member, waitMs] of [
    ['m2', 2000],
    ['m3', 3000],
    ['m4', 1500],
  ] as const) {
    await cluster.pass(waitMs);
    await cluster.until(client.submit(join(member, { rebalanceTimeoutMs: 7000 })));
  }
  await when(
    cluster,
    () => client,
    () => client.view.group('g')!.generation === 1,
  );
  around(cluster.time.nowMs - startedMs, 7000);
  expect(client.view.group('g')!.members.size).toBe(4);
});

test('a silent member is expired after its session, one that shows signs of life is not', async () => {
  const { cluster, client } = await setUp();
  await cluster.until(Promise.all([client.submit(join('m1')), client.submit(join('m2'))]));
  await when(
    cluster,
    () => client,
    () => client.view.group('g')!.generation === 1,
  );
  const group = () => client.view.group('g')!;
  await cluster.until(Promise.all(['m1', 'm2'].map((member) => sync(client, member, ['m1', 'm2']))));
  expect(group().state).toBe('Stable');
  const silentMs = await when(
    cluster,
    () => client,
    () => !group().members.has('m2'),
    ['m1'],
  );
  around(silentMs, SESSION_MS);
  // m1 must now join again within the rebalance timeout; until then its heartbeats keep it.
  const startedMs = cluster.time.nowMs;
  await when(
    cluster,
    () => client,
    () => cluster.time.nowMs - startedMs > 2 * SESSION_MS,
    ['m1'],
  );
  expect([...group().members.keys()]).toEqual(['m1']);
});

test('members that do not join again are left behind at the rebalance timeout', async () => {
  const { cluster, client } = await setUp();
  await cluster.until(Promise.all([client.submit(join('m1')), client.submit(join('m2'))]));
  await when(
    cluster,
    () => client,
    () => client.view.group('g')!.generation === 1,
  );
  await cluster.until(Promise.all(['m1', 'm2'].map((member) => sync(client, member, ['m1', 'm2']))));
  await cluster.until(client.submit(join('m3')));
  await cluster.until(client.submit(join('m1', { knownMember: true })));
  const group = () => client.view.group('g')!;
  expect(group().state).toBe('PreparingRebalance');
  around(
    await when(
      cluster,
      () => client,
      () => group().generation === 2,
      ['m2'],
    ),
    REBALANCE_MS,
  );
  expect([...group().members.keys()].sort()).toEqual(['m1', 'm3']);
});

test('members that never sync are expelled after the rebalance timeout', async () => {
  const { cluster, client } = await setUp();
  await cluster.until(Promise.all([client.submit(join('m1')), client.submit(join('m2'))]));
  const group = () => client.view.group('g')!;
  await when(
    cluster,
    () => client,
    () => group().generation === 1,
  );
  const leader = group().leaderId!;
  const other = leader === 'm1' ? 'm2' : 'm1';
  await cluster.until(sync(client, other, []));
  around(
    await when(
      cluster,
      () => client,
      () => !group().members.has(leader),
      [leader],
    ),
    REBALANCE_MS,
  );
  expect(group().members.has(other)).toBe(true);
});

test('sessions start in full with a new leader', async () => {
  const { cluster, client } = await setUp();
  await cluster.until(client.submit(join('m1', { initialDelayMs: 0 })));
  await when(
    cluster,
    () => client,
    () => client.view.group('g')!.generation === 1,
  );
  await cluster.until(sync(client, 'm1', ['m1']));
  await cluster.pass(SESSION_MS - 1000);
  cluster.processes[0]!.kill();
  const next = await cluster.until(cluster.process('b', { leaseMs: 1000 }).connect());
  around(
    await when(
      cluster,
      () => next,
      () => !next.view.group('g')?.members.has('m1'),
    ),
    SESSION_MS,
  );
});

test('time in which the thread stood still does not count', async () => {
  const { cluster, client } = await setUp();
  await cluster.until(client.submit(join('m1', { initialDelayMs: 0 })));
  await when(
    cluster,
    () => client,
    () => client.view.group('g')!.generation === 1,
  );
  await cluster.until(sync(client, 'm1', ['m1']));

  const time = new VirtualTime();
  let stalledMs = 0;
  const world: Pick<World, 'clock' | 'timers'> = {
    clock: { monotonicMs: () => time.nowMs + stalledMs, wallMs: () => 0 },
    timers: { after: (delayMs, run): Timer => time.after(delayMs, run), soon: (run) => void time.after(0, run) },
  };
  const proposed: Command[] = [];
  const clock = new GroupsClock(
    world,
    () => client.view,
    async (command) => {
      proposed.push(command);
      return { kind: 'done' };
    },
  );
  clock.start();
  await time.run(() => false, SESSION_MS - 1000);
  stalledMs = 60_000;
  await time.run(() => false, SESSION_MS - 100);
  expect(proposed).toEqual([]);
  await time.run(() => proposed.length > 0, 3 * SESSION_MS);
  expect(proposed[0]!.kind?.$case).toBe('expireMembers');
  clock.stop();
});

test('a join phase that only silent static members are in starts over once a rebalance timeout, not all the time', async () => {
  const { cluster, client } = await setUp();
  const submit = (command: Command) => cluster.until(client.submit(command));
  const group = () => client.view.group('g')!;
  const asStatic = { initialDelayMs: 0, rebalanceTimeoutMs: 1000, instanceId: 's' };
  await submit(join('s1', asStatic));
  await cluster.until(sync(client, 's1', ['s1']));
  await submit(join('d', { rebalanceTimeoutMs: 1000 }));
  await submit({ kind: { $case: 'leaveGroup', value: { group: 'g', members: [{ memberId: 'd' }] } } });
  expect(group().state).toBe('PreparingRebalance');
  const { revision } = client.view;
  await cluster.pass(5000);
  expect(group().state).toBe('PreparingRebalance');
  // Five starts over, and the entries that keep the lease.
  expect(client.view.revision - revision).toBeLessThan(30);
});

test('a new generation begins with a session in full for a silent static member, too', async () => {
  const { cluster, client } = await setUp();
  const group = () => client.view.group('g')!;
  const quick = { initialDelayMs: 0, rebalanceTimeoutMs: 4000 };
  await cluster.until(client.submit(join('s1', { ...quick, instanceId: 's' })));
  await cluster.until(sync(client, 's1', ['s1']));
  await cluster.pass(5000);
  await cluster.until(client.submit(join('d', quick)));
  const isThere = () => group().members.has('s1');
  await when(
    cluster,
    () => client,
    () => group().generation === 2,
  );
  expect(isThere()).toBe(true);
  // Its former session would be over within a second; it goes because it never fetches its assignment.
  around(
    await when(
      cluster,
      () => client,
      () => !isThere(),
      ['d'],
    ),
    4000,
  );
});

test('a member of a Stable group that never synced is expelled after the rebalance timeout', async () => {
  const { cluster, client } = await setUp();
  await cluster.until(Promise.all([client.submit(join('m1')), client.submit(join('m2'))]));
  const group = () => client.view.group('g')!;
  await when(
    cluster,
    () => client,
    () => group().generation === 1,
  );
  const leader = group().leaderId!;
  const other = leader === 'm1' ? 'm2' : 'm1';
  await cluster.until(sync(client, leader, ['m1', 'm2']));
  expect(group().state).toBe('Stable');
  around(
    await when(
      cluster,
      () => client,
      () => !group().members.has(other),
      [leader, other],
    ),
    REBALANCE_MS,
  );
  expect(group().members.has(leader)).toBe(true);
});

test('a newcomer that waits five minutes for its first answer is given up, one that was there before is not', async () => {
  const { cluster, client } = await setUp();
  const group = () => client.view.group('g')!;
  const slow = { initialDelayMs: 0, rebalanceTimeoutMs: 3_600_000, sessionTimeoutMs: 1_800_000 };
  await cluster.until(client.submit(join('m1', slow)));
  await cluster.until(client.submit(join('m2', slow)));
  await cluster.until(client.submit(join('m1', { ...slow, knownMember: true })));
  await cluster.until(Promise.all(['m1', 'm2'].map((member) => sync(client, member, ['m1', 'm2']))));
  // m1 waits as one that was there, m3 as a newcomer; m2 keeps the phase open.
  await cluster.until(client.submit(join('m1', { ...slow, knownMember: true })));
  await cluster.until(client.submit(join('m3', slow)));
  await cluster.pass(299_000);
  client.membersAlive('g', ['m1', 'm2', 'm3']);
  expect(group().members.has('m3')).toBe(true);
  await cluster.pass(2000);
  expect([...group().members.keys()]).toEqual(['m1', 'm2']);
});

test('only who joins puts the first assignment off, not who was merely given an id', async () => {
  const { cluster, client } = await setUp();
  const startedMs = cluster.time.nowMs;
  await cluster.until(client.submit(join('m1')));
  await cluster.pass(1000);
  await cluster.until(client.submit(join('m2', { requireKnownMember: true })));
  await cluster.pass(3000);
  expect(client.view.group('g')!.generation).toBe(1);
  expect(cluster.time.nowMs - startedMs).toBeLessThan(6000);
});
