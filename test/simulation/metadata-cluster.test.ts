import { describe, expect, test } from 'vitest';
import { JournalBroken } from '../../src/journal/journal-broken.js';
import {
  EpochClosed,
  JournalUnavailable,
  MetadataUnavailable,
  StreamsUsedUp,
} from '../../src/cluster/metadata-client.js';
import { SLOT_BYTES } from '../../src/cluster/replica.js';
import type { Outcome } from '../../src/metadata/outcomes.js';
import { MemoryStore } from '../../src/objects/drivers/memory.js';
import { allocate, CLUSTER, MetadataCluster, type MetadataProcess } from './metadata-cluster.js';
import { noFaults } from './remote-store.js';

describe('one agent', () => {
  test('leads, registers, and learns the outcome of its commands', async () => {
    const cluster = new MetadataCluster(1);
    const client = await cluster.until(cluster.process('a').connect());
    expect(client.self).toMatchObject({ agentEpoch: 1, nodeId: 1 });
    expect(client.leaderKnown).toBe(true);
    const outcomes = await cluster.until(Promise.all([client.submit(allocate(10)), client.submit(allocate(5))]));
    expect(outcomes).toEqual([
      { kind: 'producer-ids-allocated', first: 1, count: 10 },
      { kind: 'producer-ids-allocated', first: 11, count: 5 },
    ]);
    await cluster.until(client.fresh());
    expect(client.view.bytesMax).toBe(64 << 20);
    expect(cluster.findings()).toEqual([]);
  });

  test('commands that arrive while an entry is under way share the next one', async () => {
    const cluster = new MetadataCluster(1);
    const client = await cluster.until(cluster.process('a').connect());
    await cluster.pass(100);
    const before = client.view.revision;
    await cluster.until(Promise.all(Array.from({ length: 500 }, () => client.submit(allocate(1)))));
    expect(client.view.revision - before).toBeLessThanOrEqual(2);
  });

  test('an entry stays within its bounds', async () => {
    const cluster = new MetadataCluster(1);
    const client = await cluster.until(cluster.process('a', { entryCommandsMax: 10 }).connect());
    await cluster.pass(100);
    const before = client.view.revision;
    await cluster.until(Promise.all(Array.from({ length: 100 }, () => client.submit(allocate(1)))));
    expect(client.view.revision - before).toBe(10);
  });

  test('no more puts per second than asked for', async () => {
    const cluster = new MetadataCluster(1);
    const settings = { journalPutsPerSecondMax: 2, entryCommandsMax: 1 };
    const client = await cluster.until(cluster.process('a', settings).connect());
    const { revision } = client.view;
    const startedMs = cluster.time.nowMs;
    await cluster.until(Promise.all(Array.from({ length: 10 }, () => client.submit(allocate(1)))));
    expect(client.view.revision - revision).toBe(10);
    expect(cluster.time.nowMs - startedMs).toBeGreaterThanOrEqual(4500);
  });

  test('an idle leader appends every third of its lease', async () => {
    const cluster = new MetadataCluster(1);
    const client = await cluster.until(cluster.process('a', { leaseMs: 3000 }).connect());
    const { revision } = client.view;
    await cluster.pass(30_000);
    expect(client.view.revision - revision).toBeGreaterThanOrEqual(28);
    expect(client.view.revision - revision).toBeLessThanOrEqual(31);
  });

  test('the numbers of a stream are its own', async () => {
    const cluster = new MetadataCluster(1);
    const client = await cluster.until(cluster.process('a').connect());
    const { Command: codec } = await import('../../src/metadata/journal.wire.js');
    const bytes = codec.encode(allocate(3)).finish();
    const outcomes = [client.forward(1, 1, bytes), client.forward(1, 2, bytes), client.forward(2, 1, bytes)];
    expect(await cluster.until(Promise.all(outcomes))).toHaveLength(3);
    expect(() => client.forward(1, 2, bytes)).toThrow('number 2 after 2');
  });

  test('an agent whose epoch has no stream left for a lane gives up instead of sending for ever', async () => {
    const cluster = new MetadataCluster(1);
    const agent = cluster.process('a');
    const client = await cluster.until(agent.connect());
    const { Command: codec } = await import('../../src/metadata/journal.wire.js');
    const bytes = codec.encode(allocate(3)).finish();
    // The control stream is one of the 1,024.
    const lanes = Array.from({ length: 1_023 }, (_, index) => client.forward(index + 1, 1, bytes));
    await cluster.until(client.submit(allocate(1)));
    expect(await cluster.until(Promise.all(lanes))).toHaveLength(1_023);
    const { revision } = client.view;
    await expect(cluster.until(client.forward(1_024, 1, bytes))).rejects.toThrow('there is no stream 1024 for a lane');
    expect(agent.fatal).toEqual([expect.any(StreamsUsedUp)]);
    expect(client.view.revision).toBe(revision + 1);
    await expect(client.submit(allocate(1))).rejects.toThrow(MetadataUnavailable);
  });
});

describe('restarts', () => {
  test('snapshot and tail give what the whole journal gives, and trimmed entries are gone', async () => {
    const cluster = new MetadataCluster(2);
    const settings = { snapshotTailBytes: 20 * SLOT_BYTES, entryCommandsMax: 3, trimSliceEntries: 4 };
    for (let start = 0; start < 3; start++) {
      const process = cluster.process('a', settings);
      process.local = true;
      const client = await cluster.until(process.connect());
      for (let round = 0; round < 25; round++) {
        await cluster.until(Promise.all(Array.from({ length: 9 }, () => client.submit(allocate(1)))));
      }
      expect(cluster.findings()).toEqual([]);
      process.kill();
    }
    const { boundary, removed } = cluster.archive;
    expect(boundary.snapshots).toHaveLength(3);
    expect(boundary.revision).toBe(boundary.snapshots[0]!.revision);
    expect(boundary.terms.length).toBeGreaterThan(1);
    // Wait for the last trim to have come about.
    await cluster.until(cluster.process('a').connect());
    await cluster.pass(1000);
    expect(removed.size).toBe(boundary.revision - boundary.terms.length);
  });

  test('after a clean stop the next leader waits for nothing', async () => {
    const cluster = new MetadataCluster(3);
    const first = await cluster.until(cluster.process('a', { leaseMs: 60_000 }).connect());
    await cluster.until(first.close());
    const startedMs = cluster.time.nowMs;
    await cluster.until(cluster.process('a').connect());
    expect(cluster.time.nowMs - startedMs).toBeLessThan(1000);
  });

  test('after a crash the lease is waited for', async () => {
    const cluster = new MetadataCluster(4);
    const process = cluster.process('a', { leaseMs: 60_000 });
    await cluster.until(process.connect());
    process.kill();
    const startedMs = cluster.time.nowMs;
    await cluster.until(cluster.process('a').connect());
    expect(cluster.time.nowMs - startedMs).toBeGreaterThanOrEqual(60_000);
    expect(cluster.time.nowMs - startedMs).toBeLessThan(61_000);
  });

  test('a leader that is provably dead on this machine is not waited for', async () => {
    const cluster = new MetadataCluster(5);
    const process = cluster.process('a', { leaseMs: 60_000 });
    await cluster.until(process.connect());
    process.kill();
    const startedMs = cluster.time.nowMs;
    const next = cluster.process('a');
    next.local = true;
    await cluster.until(next.connect());
    expect(cluster.time.nowMs - startedMs).toBeLessThan(1000);
  });

  test('a crashed leader worker is started again; the epoch and every command survive', async () => {
    const cluster = new MetadataCluster(6);
    const process = cluster.process('a', { leaseMs: 60_000, entryCommandsMax: 2 });
    const client = await cluster.until(process.connect());
    const outcomes: Promise<Outcome>[] = [];
    for (let round = 0; round < 20; round++) {
      outcomes.push(client.submit(allocate(1)), client.submit(allocate(1)));
      await cluster.pass(cluster.random.between(0, 30));
      process.crash('leader');
      await cluster.until(client.fresh());
    }
    const firsts = (await cluster.until(Promise.all(outcomes))).map((outcome) => 'first' in outcome && outcome.first);
    expect(firsts).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(client.self.agentEpoch).toBe(1);
    expect(cluster.findings()).toEqual([]);
  });
});

describe('two agents', () => {
  test('a living leader is not challenged; a successor follows and takes over', async () => {
    const cluster = new MetadataCluster(7);
    const a = cluster.process('a', { leaseMs: 5000 });
    await cluster.until(a.connect());
    const b = cluster.process('b', { leaseMs: 5000 });
    const connecting = b.connect();
    await cluster.pass(60_000);
    expect(b.client).toBeUndefined();
    const { term } = a.client!.view;
    expect(term).toBe(1);
    a.kill();
    await cluster.until(connecting);
    expect(b.client!.view.term).toBeGreaterThan(term);
    expect(cluster.findings()).toEqual([]);
  });

  test('a leader that was cut off from the store is deposed by its successor and follows', async () => {
    const cluster = new MetadataCluster(8);
    const a = cluster.process('a', { leaseMs: 1000 });
    const client = await cluster.until(a.connect());
    a.cutOff = true;
    const stuck = client.submit(allocate(7));
    const b = cluster.process('b', { leaseMs: 1000 });
    await cluster.until(b.connect());
    expect(client.leaderKnown).toBe(true);
    a.cutOff = false;
    await cluster.pass(5000);
    expect(client.leaderKnown).toBe(false);
    expect(client.view.term).toBe(b.client!.view.term);
    await cluster.until(b.client!.close());
    expect(await cluster.until(stuck)).toEqual({ kind: 'producer-ids-allocated', first: 1, count: 7 });
    expect(cluster.findings()).toEqual([]);
  });

  test('a candidate whose create lands in a trimmed slot does not lead', async () => {
    const cluster = new MetadataCluster(11);
    const settings = { leaseMs: 1000, snapshotTailBytes: 5 * SLOT_BYTES };
    const a = cluster.process('a', settings);
    const client = await cluster.until(a.connect());
    const b = cluster.process('b', settings);
    b.faults = { ...noFaults, writeMs: 60_000 };
    const connected = b.connect();
    await cluster.pass(100);
    a.cutOff = true;
    await cluster.pass(2000);
    a.cutOff = false;
    const slot = client.view.revision + 1;
    await cluster.pass(50_000);
    expect(cluster.archive.boundary.revision).toBeGreaterThan(slot);
    b.faults = undefined;
    await cluster.pass(20_000);
    expect(cluster.archive.voidLandings).toBe(1);
    expect(client.leaderKnown).toBe(true);
    expect(client.view.term).toBe(1);
    expect(b.client).toBeUndefined();
    // Its main half was left behind before it was registered: it loads the newest snapshot and follows.
    expect(b.fatal).toEqual([]);
    await cluster.until(client.close());
    expect((await cluster.until(connected)).leaderKnown).toBe(true);
    expect(cluster.findings()).toEqual([]);
  });

  test('a name that registers again closes the former epoch', async () => {
    const cluster = new MetadataCluster(9);
    const a = cluster.process('a', { leaseMs: 1000 });
    const client = await cluster.until(a.connect());
    a.cutOff = true;
    const lost = client.submit(allocate(1)).catch((error: Error) => error.name);
    await cluster.until(cluster.process('a', { leaseMs: 1000 }).connect());
    a.cutOff = false;
    expect(await cluster.until(lost)).toBe('MetadataUnavailable');
    expect(a.fatal).toEqual([expect.any(EpochClosed)]);
    expect(cluster.findings()).toEqual([]);
  });
});

test('a journal that is broken ends a start at once', async () => {
  const cluster = new MetadataCluster(18);
  const first = await cluster.until(cluster.process('a').connect());
  await cluster.until(first.close());
  const slot = Math.max(...cluster.archive.entries.keys()) + 1;
  const key = `${CLUSTER}/journal/${String(slot).padStart(20, '0')}`;
  await MemoryStore.prototype.put.call(cluster.archive, key, [new Uint8Array(100)], {});
  const startedMs = cluster.time.nowMs;
  await expect(cluster.until(cluster.process('a').connect())).rejects.toThrow(JournalBroken);
  expect(cluster.time.nowMs - startedMs).toBeLessThan(2_000);
});

test('a barrier sees what another agent appended before it', async () => {
  const cluster = new MetadataCluster(10);
  const a = cluster.process('a', { leaseMs: 1000 });
  const first = await cluster.until(a.connect());
  a.cutOff = true;
  const b = await cluster.until(cluster.process('b', { leaseMs: 1000 }).connect());
  await cluster.until(b.submit(allocate(1)));
  a.cutOff = false;
  const { revision } = b.view;
  await cluster.until(first.fresh());
  expect(first.view.revision).toBeGreaterThanOrEqual(revision);
});

test('a start that races with trimming finds its way', async () => {
  const cluster = new MetadataCluster(12);
  const a = cluster.process('a', { leaseMs: 1000, snapshotTailBytes: 5 * SLOT_BYTES });
  const client = await cluster.until(a.connect());
  const next: MetadataProcess[] = [];
  for (let start = 0; start < 20; start++) {
    const process = cluster.process(`b${start}`, { leaseMs: 1000 });
    process.faults = { ...noFaults, latencyMsMax: cluster.random.between(100, 1000) };
    process.connect().catch(() => {});
    next.push(process);
    for (let round = 0; round < 10; round++) {
      await cluster.until(client.submit(allocate(1)));
    }
  }
  await cluster.pass(30_000);
  expect(client.view.term).toBe(1);
  expect(cluster.findings()).toEqual([]);
  for (const process of next.slice(1)) {
    process.kill();
  }
  next[0]!.faults = undefined;
  await cluster.until(client.close());
  await cluster.pass(5000);
  expect(next[0]!.client?.leaderKnown).toBe(true);
  expect(cluster.findings()).toEqual([]);
});

test('a barrier does not wait for ever for a store that does not answer', async () => {
  const cluster = new MetadataCluster(13);
  const process = cluster.process('a');
  const client = await cluster.until(process.connect());
  process.faults = { ...noFaults, latencyMsMax: 1_000_000 };
  await expect(cluster.until(client.fresh())).rejects.toThrow(JournalUnavailable);
  process.faults = undefined;
  await cluster.until(client.close());
  await expect(client.fresh()).rejects.toThrow(MetadataUnavailable);
  await expect(client.submit(allocate(1))).rejects.toThrow(MetadataUnavailable);
});
