// What a reader of the journal believes: entries that continue the chain, snapshots with the right digest, slots above the boundary.
import { describe, expect, test } from 'vitest';
import { loadReplica, Replica, readTail, sha256 } from '../../../src/cluster/replica.js';
import type { Boundary } from '../../../src/journal/boundary.wire.js';
import { objectJournal } from '../../../src/journal/drivers/objects.js';
import type { Journal } from '../../../src/journal/journal.js';
import { JournalBroken } from '../../../src/journal/journal-broken.js';
import { Entry } from '../../../src/metadata/journal.wire.js';
import { MemoryStore } from '../../../src/objects/drivers/memory.js';
import { StoreError } from '../../../src/objects/store.js';
import { silentLog } from '../../../src/telemetry/log.js';
import { realClock, realRandom, realTimers } from '../../../src/world/real.js';
import type { World } from '../../../src/world/world.js';
import { Snapshots } from '../../../workers/leader/snapshots.js';
import { makeSnapshot } from '../../../workers/maintenance/snapshot.js';
import { entriesOf } from './entries.js';

function replicaOf(entries: readonly Uint8Array[]): Replica {
  const replica = new Replica();
  for (const bytes of entries) replica.apply(bytes);
  return replica;
}

/** A journal that holds these entries, and snapshots at these revisions. */
async function filled(entries: readonly Uint8Array[], at: readonly number[], revision: number) {
  const store = new MemoryStore();
  const journal = objectJournal(store, 'c');
  for (const [index, bytes] of entries.entries()) await journal.append(index + 1, bytes);
  const snapshots: Boundary['snapshots'] = [];
  for (const upTo of at) {
    const { metadata, headDigest } = replicaOf(entries.slice(0, upTo));
    const bytes = metadata.snapshot();
    await journal.writeSnapshot(upTo, bytes);
    snapshots.push({ revision: upTo, objectDigest: sha256(bytes), bytes: bytes.length, entryDigest: headDigest });
  }
  const boundary: Boundary = { format: 1, revision, snapshots, terms: revision === 0 ? [] : [1] };
  await journal.writeBoundary(boundary, undefined);
  return { store, journal };
}

describe('an entry', () => {
  const entries = entriesOf(4);
  const altered = (change: Partial<Entry>): Uint8Array =>
    Entry.encode({ ...Entry.decode(entries[2]!), ...change }).finish();
  const cases: readonly { readonly what: string; readonly bytes: Uint8Array }[] = [
    { what: 'of another chain', bytes: altered({ previousDigest: sha256(entries[0]!) }) },
    { what: 'without a predecessor', bytes: altered({ previousDigest: new Uint8Array(0) }) },
    { what: 'of an earlier slot', bytes: entries[1]! },
    { what: 'of a later slot', bytes: entries[3]! },
    { what: 'of another revision that continues the chain', bytes: altered({ revision: 4 }) },
    { what: 'of a newer format', bytes: altered({ format: 2 }) },
    {
      what: 'with a command that nobody knows',
      bytes: altered({ commands: [{ ...Entry.decode(entries[2]!).commands[0]!, command: { kind: undefined } }] }),
    },
    { what: 'of nothing', bytes: new Uint8Array(0) },
    { what: 'cut', bytes: entries[2]!.subarray(0, 30) },
    { what: 'that is none', bytes: new TextEncoder().encode('<html>not found</html>') },
  ];
  test.each(cases)('$what is not applied, and changes nothing', ({ bytes }) => {
    const replica = replicaOf(entries.slice(0, 2));
    const before = { digest: replica.metadata.digest, head: replica.headDigest, tailBytes: replica.tailBytes };
    expect(() => replica.apply(bytes)).toThrow(JournalBroken);
    expect(replica.revision).toBe(2);
    expect({ digest: replica.metadata.digest, head: replica.headDigest, tailBytes: replica.tailBytes }).toEqual(before);
    replica.apply(entries[2]!);
    expect(replica.metadata.digest).toBe(replicaOf(entries.slice(0, 3)).metadata.digest);
  });
});

describe('a start', () => {
  const entries = entriesOf(12);
  const damage = (store: MemoryStore, revision: number) =>
    store.put(`c/snapshots/${String(revision).padStart(20, '0')}`, [Uint8Array.of(1, 2, 3)]);
  const remove = (store: MemoryStore, revision: number) =>
    store.delete(`c/snapshots/${String(revision).padStart(20, '0')}`);

  const cases: readonly {
    readonly what: string;
    readonly spoil: (store: MemoryStore) => Promise<unknown>;
    readonly from: number;
  }[] = [
    { what: 'takes the newest snapshot', spoil: async () => {}, from: 10 },
    { what: 'takes the next when the newest is damaged', spoil: (store) => damage(store, 10), from: 8 },
    { what: 'takes the next when the newest is gone', spoil: (store) => remove(store, 10), from: 8 },
    {
      what: 'takes the oldest when the others are damaged',
      spoil: (store) => Promise.all([damage(store, 10), damage(store, 8)]),
      from: 6,
    },
  ];
  test.each(cases)('$what, and ends where the whole journal does', async ({ spoil, from }) => {
    const { store, journal } = await filled(entries, [6, 8, 10], 6);
    await spoil(store);
    const replica = await loadReplica(journal);
    expect(replica.revision).toBe(from);
    const tail = await readTail(journal, from);
    expect(tail).not.toBe('void');
    for (const bytes of (tail as Exclude<typeof tail, 'void'>).entries) replica.apply(bytes);
    const whole = replicaOf(entries);
    expect(replica.metadata.digest).toBe(whole.metadata.digest);
    expect(Buffer.compare(replica.metadata.snapshot(), whole.metadata.snapshot())).toBe(0);
  });

  test('from snapshots that are all damaged is refused when the journal before them is gone', async () => {
    const { store, journal } = await filled(entries, [6, 8, 10], 6);
    for (const revision of [6, 8, 10]) await damage(store, revision);
    await expect(loadReplica(journal)).rejects.toThrow('no snapshot named by the boundary at 6 can be read');
  });

  test('goes back to the whole journal when it is still there', async () => {
    const { store, journal } = await filled(entries, [6], 0);
    await damage(store, 6);
    expect((await loadReplica(journal)).revision).toBe(0);
  });

  test('takes no snapshot that the boundary does not name', async () => {
    const { journal } = await filled(entries, [6], 0);
    await journal.writeSnapshot(11, replicaOf(entries.slice(0, 11)).metadata.snapshot());
    expect((await loadReplica(journal)).revision).toBe(6);
  });

  test('of a cluster without a boundary is empty', async () => {
    expect((await loadReplica(objectJournal(new MemoryStore(), 'c'))).revision).toBe(0);
  });
});

describe('the tail', () => {
  const entries = entriesOf(300);

  test.each([0, 1, 63, 150, 299, 300])('after %i is every entry, in order, to the end', async (revision) => {
    const { journal } = await filled(entries, [], 0);
    expect(await readTail(journal, revision)).toEqual({ entries: entries.slice(revision), end: true });
  });

  test('is read for a snapshot a few slots at a time: acknowledgements wait in the same store', async () => {
    const { journal } = await filled(entries, [], 0);
    let reading = 0;
    let most = 0;
    const counted: Journal = {
      ...journal,
      async read(revision) {
        reading += 1;
        most = Math.max(most, reading);
        const bytes = await journal.read(revision);
        reading -= 1;
        return bytes;
      },
    };
    const whole = replicaOf(entries);
    await makeSnapshot(counted, 300, whole.metadata.digest);
    expect(most).toBe(8);
    expect(await journal.readSnapshot(300)).toEqual(whole.metadata.snapshot());
    await readTail(counted, 0);
    expect(most).toBe(64);
  });

  test('ends at a hole', async () => {
    const { journal } = await filled(entries, [], 0);
    await journal.remove(200);
    expect(await readTail(journal, 100)).toEqual({ entries: entries.slice(100, 199), end: true });
  });

  test('is void at or below the boundary, whatever its slots hold', async () => {
    const { journal } = await filled(entries, [20, 30, 40], 20);
    expect(await readTail(journal, 10)).toBe('void');
    expect(await readTail(journal, 19)).toBe('void');
    expect(await readTail(journal, 20)).toMatchObject({ end: true });
  });

  test('is void when it was trimmed while it was read: slots are read before the boundary', async () => {
    const { journal } = await filled(entries, [20, 30, 40], 0);
    let reads = 0;
    const trimmed: Journal = {
      ...journal,
      async read(revision) {
        const bytes = await journal.read(revision);
        reads += 1;
        // Right after the last look at a slot.
        if (reads === 1) {
          const kept = await journal.readBoundary();
          await journal.writeBoundary({ ...kept!.boundary, revision: 40, terms: [1] }, kept!.version);
        }
        return bytes;
      },
    };
    expect(await readTail(trimmed, 10)).toBe('void');
  });
});

describe('a boundary that advances', () => {
  const world = { clock: realClock, random: realRandom, timers: realTimers } as World;
  const entries = entriesOf(350);

  test('keeps three snapshots and all that begins a term, and is written before anything is removed', async () => {
    const { journal } = await filled(entries, [], 0);
    const done: string[] = [];
    const watched: Journal = {
      ...journal,
      async writeBoundary(boundary, version) {
        const written = await journal.writeBoundary(boundary, version);
        done.push(`boundary ${boundary.revision}`);
        return written;
      },
      async remove(revision) {
        const { boundary } = (await journal.readBoundary())!;
        expect(revision).toBeLessThanOrEqual(boundary.revision);
        done.push(`entry ${revision}`);
        await journal.remove(revision);
      },
      async removeSnapshot(revision) {
        const { boundary } = (await journal.readBoundary())!;
        expect(boundary.snapshots.map((kept) => kept.revision)).not.toContain(revision);
        done.push(`snapshot ${revision}`);
        await journal.removeSnapshot(revision);
      },
    };
    const settings = { snapshotTailBytes: 1, trimSliceEntries: 16 };
    const snapshots = new Snapshots(world, watched, settings, () => {}, silentLog);
    const replica = replicaOf(entries);
    for (const revision of [50, 120, 210, 230, 340]) {
      const then = replicaOf(entries.slice(0, revision));
      const bytes = then.metadata.snapshot();
      await journal.writeSnapshot(revision, bytes);
      const made = { revision, objectDigest: sha256(bytes), bytes: bytes.length, entryDigest: then.headDigest };
      await snapshots.made(made, replica);
    }
    const { boundary } = (await journal.readBoundary())!;
    expect(boundary.revision).toBe(210);
    expect(boundary.snapshots.map(({ revision }) => revision)).toEqual([210, 230, 340]);
    expect(boundary.terms).toEqual([1, 101, 201]);
    expect(done.filter((one) => !one.startsWith('entry'))).toEqual([
      'boundary 0',
      'boundary 0',
      'boundary 0',
      'boundary 120',
      'snapshot 50',
      'boundary 210',
      'snapshot 120',
    ]);
    const there: number[] = [];
    for (let revision = 1; revision <= 211; revision += 1) {
      if ((await journal.read(revision)) !== undefined) there.push(revision);
    }
    expect(there).toEqual([1, 101, 201, 211]);
  });

  describe('asks for a snapshot', () => {
    const asking = async () => {
      const { journal } = await filled(entries, [20, 30, 40], 20);
      const bytes = replicaOf(entries).metadata.snapshot();
      const made = (revision: number) => {
        const entryDigest = replicaOf(entries.slice(0, revision)).headDigest;
        return { revision, objectDigest: sha256(bytes), bytes: bytes.length, entryDigest };
      };
      let nowMs = 0;
      const timed = { ...world, clock: { ...realClock, monotonicMs: () => nowMs } } as World;
      const wanted: number[] = [];
      const settings = { snapshotTailBytes: 1, trimSliceEntries: 16 };
      let boundaryFails = false;
      const failing: Journal = {
        ...journal,
        readBoundary: () =>
          boundaryFails ? Promise.reject(new StoreError('unavailable', 'c/boundary', 'away')) : journal.readBoundary(),
      };
      const snapshots = new Snapshots(timed, failing, settings, (revision) => wanted.push(revision), silentLog);
      const replica = replicaOf(entries);
      return {
        snapshots,
        replica,
        wanted,
        made,
        pass: (ms: number) => {
          nowMs += ms;
        },
        fail: (fails: boolean) => {
          boundaryFails = fails;
        },
      };
    };

    test('once, though what an earlier leader left is removed meanwhile', async () => {
      const { snapshots, replica, wanted } = await asking();
      const resumed = snapshots.resume();
      snapshots.applied(replica);
      await resumed;
      snapshots.applied(replica);
      expect(wanted).toEqual([350]);
    });

    test('once, though one comes that an earlier leader asked for, or fails', async () => {
      const { snapshots, replica, wanted, made } = await asking();
      snapshots.applied(replica);
      await snapshots.made(made(300), replica);
      snapshots.applied(replica);
      snapshots.failed(310, 'the worker ended');
      snapshots.applied(replica);
      expect(wanted).toEqual([350]);
    });

    const failures: readonly {
      readonly what: string;
      readonly fail: (of: Awaited<ReturnType<typeof asking>>) => Promise<void>;
    }[] = [
      { what: 'it failed', fail: async ({ snapshots }) => snapshots.failed(350, 'the worker ended') },
      {
        what: 'the store failed when the boundary was to advance',
        async fail({ snapshots, replica, made, fail }) {
          fail(true);
          await snapshots.made(made(350), replica);
          fail(false);
        },
      },
    ];
    test.each(failures)('again some seconds after $what', async ({ fail }) => {
      const asked = await asking();
      const { snapshots, replica, wanted, pass } = asked;
      snapshots.applied(replica);
      await fail(asked);
      pass(4_999);
      snapshots.applied(replica);
      expect(wanted).toEqual([350]);
      pass(1);
      snapshots.applied(replica);
      expect(wanted).toEqual([350, 350]);
    });

    test('again when the tail has grown anew', async () => {
      const { snapshots, replica, wanted, made } = await asking();
      snapshots.applied(replica);
      await snapshots.made(made(350), replica);
      snapshots.applied(replica);
      expect(wanted).toEqual([350]);
      replica.tailBytes += replica.snapshotBytes;
      snapshots.applied(replica);
      expect(wanted).toEqual([350, 350]);
    });
  });
});
