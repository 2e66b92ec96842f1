import { describe, expect, test } from 'vitest';
import { EpochClosed, FellBehind, JournalUnavailable, MetadataUnavailable } from '../../src/cluster/metadata-client.js';
import type { Command } from '../../src/metadata/journal.wire.js';
import type { Outcome } from '../../src/metadata/outcomes.js';
import { MetadataCluster, type MetadataProcess } from './metadata-cluster.js';
import { noFaults, type RemoteFaults } from './remote-store.js';
import { SimulatedDisk } from './simulated-files.js';

const allocate = (count: number): Command => ({ kind: { $case: 'allocateProducerIds', value: { count } } });

/** What the journal's keeper saw, and that every living replica is what the whole journal gives. */
function check(cluster: MetadataCluster): void {
  expect(cluster.archive.broken).toEqual([]);
  const { digests } = cluster.archive.replay();
  for (const { client, fatal } of cluster.processes) {
    expect(fatal.filter((error) => !(error instanceof EpochClosed || error instanceof FellBehind))).toEqual([]);
    if (client !== undefined && client.view.revision > 0) {
      expect(client.view.digest).toBe(digests.get(client.view.revision));
    }
  }
}

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
    check(cluster);
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

  test('the numbers of a lane are its own', async () => {
    const cluster = new MetadataCluster(1);
    const client = await cluster.until(cluster.process('a').connect());
    const { Command: codec } = await import('../../src/metadata/journal.wire.js');
    const bytes = codec.encode(allocate(3)).finish();
    const outcomes = [client.forward(1, 1, bytes), client.forward(1, 2, bytes), client.forward(2, 1, bytes)];
    expect(await cluster.until(Promise.all(outcomes))).toHaveLength(3);
    expect(() => client.forward(1, 2, bytes)).toThrow('number 2 after 2');
  });
});

describe('restarts', () => {
  test('snapshot and tail give what the whole journal gives, and trimmed entries are gone', async () => {
    const cluster = new MetadataCluster(2);
    const settings = { snapshotJournalEntries: 20, entryCommandsMax: 3, trimSliceEntries: 4 };
    for (let start = 0; start < 3; start++) {
      const process = cluster.process('a', settings);
      process.local = true;
      const client = await cluster.until(process.connect());
      for (let round = 0; round < 25; round++) {
        await cluster.until(Promise.all(Array.from({ length: 9 }, () => client.submit(allocate(1)))));
      }
      check(cluster);
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
    check(cluster);
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
    check(cluster);
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
    check(cluster);
  });

  test('a candidate whose create lands in a trimmed slot does not lead', async () => {
    const cluster = new MetadataCluster(11);
    const settings = { leaseMs: 1000, snapshotJournalEntries: 5 };
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
    check(cluster);
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
    check(cluster);
  });
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
  const a = cluster.process('a', { leaseMs: 1000, snapshotJournalEntries: 5 });
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
  check(cluster);
  for (const process of next.slice(1)) {
    process.kill();
  }
  next[0]!.faults = undefined;
  await cluster.until(client.close());
  await cluster.pass(5000);
  expect(next[0]!.client?.leaderKnown).toBe(true);
  check(cluster);
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

describe('a folder on a disk', () => {
  /** Power cuts in the middle of appends, snapshots and trimming; what was applied once at a revision is what is there after it. */
  test.each([1, 2, 3, 4, 5, 6])('seed %i: every settled outcome outlives power cuts', async (seed) => {
    const cluster = new MetadataCluster(seed);
    const { random } = cluster;
    const disk = new SimulatedDisk(cluster.time, random.fork());
    const digests = new Map<number, string>();
    const given = new Set<number>();
    for (let cycle = 0; cycle < 15; cycle++) {
      const process = cluster.process('a', { snapshotJournalEntries: 10, trimSliceEntries: 3 }, disk);
      process.local = true;
      const client = await cluster.until(process.connect());
      const note = () => {
        const { revision, digest } = client.view;
        expect(digests.get(revision) ?? digest, `revision ${revision}`).toBe(digest);
        digests.set(revision, digest);
      };
      note();
      client.onApplied(note);
      for (let round = random.between(1, 30); round > 0; round--) {
        const settled = client.submit(allocate(1)).then((outcome) => {
          if (outcome.kind === 'producer-ids-allocated' && process.alive) {
            expect(given.has(outcome.first)).toBe(false);
            given.add(outcome.first);
          }
        });
        if (random.chance(0.8)) {
          await cluster.until(settled);
        }
      }
      await cluster.time.run(() => random.chance(0.1), cluster.time.nowMs + 100);
      process.kill();
      if (random.chance(0.5)) {
        disk.crash();
      } else {
        disk.releaseLocks();
      }
      expect(process.fatal).toEqual([]);
    }
    expect(given.size).toBeGreaterThan(50);
  });
});

const FIRST_SEED = Number(globalThis.process.env['WEFT_TEST_FIRST_SEED'] ?? 1);
const SEEDS = Number(globalThis.process.env['WEFT_TEST_SEEDS'] ?? 40);

describe('storms', () => {
  const storm: RemoteFaults = { latencyMsMax: 60, unavailable: 0.05, unknown: 0.1, lateMsMax: 10_000 };

  /** Kills, restarts, duels, crashes of workers and store faults; then calm, and every settled outcome must be what the whole journal says. */
  async function run(seed: number): Promise<MetadataCluster> {
    const cluster = new MetadataCluster(seed);
    const { random } = cluster;
    const settled = new Map<string, Outcome>();
    /** The newest revision that anyone has learned of. */
    let known = 0;
    const stale: string[] = [];
    const live = new Set<MetadataProcess>();
    const start = () => {
      const settings = {
        leaseMs: random.between(300, 3000),
        snapshotJournalEntries: random.between(5, 20),
        trimSliceEntries: random.between(1, 8),
        entryCommandsMax: random.between(1, 20),
      };
      const process = cluster.process(random.pick(['a', 'b', 'c']), settings);
      process.local = random.chance(0.5);
      live.add(process);
      process.connect().catch(() => {
        process.kill();
        live.delete(process);
      });
    };
    for (let step = 0; step < 400; step++) {
      if (step % 20 === 0) {
        cluster.faults = random.chance(0.4) ? storm : noFaults;
      }
      if (live.size === 0 || (live.size < 3 && random.chance(0.1))) {
        start();
      }
      for (const process of live) {
        const { client } = process;
        for (let count = client === undefined ? 0 : random.between(0, 4); count > 0; count--) {
          process.submitted += 1;
          const key = `${client!.self.agentEpoch}/0/${process.submitted}`;
          client!.submit(allocate(random.between(1, 5))).then(
            (outcome) => {
              settled.set(key, outcome);
              known = Math.max(known, client!.view.revision);
            },
            () => {
              process.kill();
              live.delete(process);
            },
          );
        }
        if (client !== undefined && random.chance(0.3)) {
          const asked = known;
          client.fresh().then(
            () => stale.push(...(client.view.revision < asked ? [`${client.view.revision} < ${asked}`] : [])),
            () => {},
          );
        }
        const mishap = random.unit();
        if (mishap < 0.01) {
          process.kill();
          live.delete(process);
        } else if (mishap < 0.04) {
          process.crash(random.pick(['leader', 'maintenance']));
        } else if (mishap < 0.07) {
          process.cutOff = !process.cutOff;
        }
      }
      await cluster.pass(random.between(0, 400));
    }
    cluster.faults = noFaults;
    for (const process of cluster.processes) {
      process.cutOff = false;
    }
    await cluster.pass(10_000);
    for (const process of cluster.processes) {
      process.kill();
    }
    const last = await cluster.until(cluster.process('last').connect());
    await cluster.until(last.fresh());
    check(cluster);
    expect(stale).toEqual([]);
    const { metadata, outcomes } = cluster.archive.replay();
    expect(last.view.digest).toBe(metadata.digest);
    for (const [key, outcome] of settled) {
      expect(outcomes.get(key), key).toEqual(outcome);
    }
    return cluster;
  }

  test.each(Array.from({ length: SEEDS }, (_, index) => index + FIRST_SEED))('seed %i', async (seed) => {
    await run(seed);
  });

  test('the same seed twice gives the same journal', async () => {
    const [one, two] = [await run(77), await run(77)];
    expect([...two.archive.entries.values()]).toEqual([...one.archive.entries.values()]);
    expect(two.time.eventCount).toBe(one.time.eventCount);
  });
});
