import { describe, expect, test } from 'vitest';
import { SLOT_BYTES } from '../../src/cluster/replica.js';
import type { Outcome } from '../../src/metadata/outcomes.js';
import { allocate, MetadataCluster, type MetadataProcess } from './metadata-cluster.js';
import { noFaults, type RemoteFaults } from './remote-store.js';
import { SimulatedDisk } from './simulated-files.js';

describe('a folder on a disk', () => {
  /**
   * Power cuts in the middle of appends, snapshots and trimming; what was applied once at a revision is what is there after
   * it. The last two seeds: a leader is killed when its boundary has its name but is not durable, the next one trims by
   * it, and a power cut brings the former boundary back.
   */
  test.each([1, 2, 3, 4, 5, 6, 833, 886])('seed %i: every settled outcome outlives power cuts', async (seed) => {
    const cluster = new MetadataCluster(seed);
    const { random } = cluster;
    const disk = new SimulatedDisk(cluster.time, random.fork());
    const digests = new Map<number, string>();
    const given = new Set<number>();
    for (let cycle = 0; cycle < 15; cycle++) {
      const process = cluster.process('a', { snapshotTailBytes: 10 * SLOT_BYTES, trimSliceEntries: 3 }, disk);
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
  const storm: RemoteFaults = { latencyMsMax: 60, unavailable: 0.05, unknown: 0.1, lateMsMax: 10_000, damaged: 0.1 };

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
        snapshotTailBytes: random.between(5, 20) * SLOT_BYTES,
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
    expect(cluster.findings()).toEqual([]);
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
