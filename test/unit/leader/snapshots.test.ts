// What a boundary lets go is gone at last, whatever broke off on the way: no slot and no snapshot stays for ever.
import { describe, expect, test } from 'vitest';
import { Replica, sha256 } from '../../../src/cluster/replica.js';
import { objectJournal } from '../../../src/journal/drivers/objects.js';
import { MemoryStore } from '../../../src/objects/drivers/memory.js';
import { type PutOptions, StoreError, type StoreFault } from '../../../src/objects/store.js';
import { silentLog } from '../../../src/telemetry/log.js';
import { realClock, realRandom, realTimers } from '../../../src/world/real.js';
import type { World } from '../../../src/world/world.js';
import { Snapshots } from '../../../workers/leader/snapshots.js';
import { entriesOf } from '../cluster/entries.js';

const world = { clock: realClock, random: realRandom, timers: realTimers } as World;
const settings = { snapshotTailBytes: 1, trimSliceEntries: 16 };
const entries = entriesOf(350);

/** Fails one request when it is told to. */
class FailingStore extends MemoryStore {
  boundaryPut: { readonly fault: StoreFault; readonly lands: boolean } | undefined;
  deleteOf: string | undefined;
  lists = 0;

  override async put(key: string, body: readonly Uint8Array[], options: PutOptions = {}) {
    const fails = key.endsWith('/boundary') ? this.boundaryPut : undefined;
    if (fails === undefined) return super.put(key, body, options);
    this.boundaryPut = undefined;
    if (fails.lands) await super.put(key, body, options);
    throw new StoreError(fails.fault, key, 'as the test wants');
  }

  override async delete(key: string): Promise<void> {
    if (this.deleteOf !== undefined && key.includes(this.deleteOf)) {
      this.deleteOf = undefined;
      throw new StoreError('unavailable', key, 'as the test wants');
    }
    return super.delete(key);
  }

  override list(prefix: string) {
    this.lists += 1;
    return super.list(prefix);
  }
}

/** A leader over a journal of all entries, which makes a snapshot when it is told to. */
async function leading() {
  const store = new FailingStore();
  const journal = objectJournal(store, 'c');
  for (const [index, bytes] of entries.entries()) await journal.append(index + 1, bytes);
  const replica = new Replica();
  for (const bytes of entries) replica.apply(bytes);
  const lead = () => new Snapshots(world, journal, settings, () => {}, silentLog);
  let snapshots = lead();
  const write = async (revision: number) => {
    const bytes = Uint8Array.of(revision % 256);
    await journal.writeSnapshot(revision, bytes);
    const entryDigest = sha256(entries[revision - 1]!);
    return { revision, objectDigest: sha256(bytes), bytes: bytes.length, entryDigest };
  };
  return {
    store,
    journal,
    write,
    async make(...revisions: number[]) {
      for (const revision of revisions) await snapshots.made(await write(revision), replica);
    },
    async succeed() {
      snapshots = lead();
      await snapshots.resume();
    },
    /** What is there at or below the boundary. */
    async left() {
      const { boundary } = (await journal.readBoundary())!;
      const slots: number[] = [];
      for (let slot = 1; slot <= boundary.revision; slot += 1) {
        if ((await journal.read(slot)) !== undefined) slots.push(slot);
      }
      const made = [...(await journal.listSnapshots())].sort((one, other) => one - other);
      return { boundary: boundary.revision, slots, snapshots: made };
    },
  };
}

const kept = { boundary: 240, slots: [1, 101, 201], snapshots: [240, 280, 320] };

const failures: readonly { readonly what: string; readonly fail: (store: FailingStore) => void }[] = [
  {
    what: 'a boundary that lands without an answer',
    fail: (store) => {
      store.boundaryPut = { fault: 'unknown', lands: true };
    },
  },
  {
    what: 'a boundary that is not written, so that its snapshot is never named',
    fail: (store) => {
      store.boundaryPut = { fault: 'unavailable', lands: false };
    },
  },
  {
    what: 'a snapshot that cannot be removed',
    fail: (store) => {
      store.deleteOf = '/snapshots/';
    },
  },
  {
    what: 'a slot that cannot be removed',
    fail: (store) => {
      store.deleteOf = '/journal/00000000000000000040';
    },
  },
];

describe('nothing stays for ever after', () => {
  test.each(failures)('$what', async ({ fail }) => {
    const leader = await leading();
    await leader.make(40, 80, 120);
    fail(leader.store);
    await leader.make(160);
    await leader.make(200, 240, 280, 320);
    expect(await leader.left()).toEqual(kept);
  });

  test.each(failures)('$what, when another leads from then on', async ({ fail }) => {
    const leader = await leading();
    await leader.make(40, 80, 120);
    fail(leader.store);
    await leader.make(160);
    await leader.succeed();
    await leader.make(200, 240, 280, 320);
    expect(await leader.left()).toEqual(kept);
  });

  test('a snapshot whose leader died before the boundary named it', async () => {
    const leader = await leading();
    await leader.make(40, 80, 120);
    await leader.write(150);
    await leader.succeed();
    await leader.make(200, 240, 280, 320);
    expect(await leader.left()).toEqual(kept);
  });

  test('a snapshot that comes when the boundary names a newer one', async () => {
    const leader = await leading();
    await leader.make(40, 80, 120, 160, 200, 240, 280, 320);
    await leader.make(250);
    expect(await leader.left()).toEqual(kept);
  });
});

test('a leader finishes what the one before began at once, and touches no snapshot that may be about to be named', async () => {
  const leader = await leading();
  await leader.make(40, 80, 120);
  leader.store.boundaryPut = { fault: 'unknown', lands: true };
  await leader.make(160);
  await leader.write(200);
  await leader.succeed();
  expect(await leader.left()).toEqual({ boundary: 80, slots: [1], snapshots: [80, 120, 160, 200] });
});

test('snapshots are listed when a leader begins and after a failure, not each time', async () => {
  const leader = await leading();
  await leader.make(40, 80, 120, 160, 200);
  expect(leader.store.lists).toBe(1);
  leader.store.deleteOf = '/snapshots/';
  await leader.make(240);
  expect(leader.store.lists).toBe(1);
  await leader.make(280, 320);
  expect(leader.store.lists).toBe(2);
});
