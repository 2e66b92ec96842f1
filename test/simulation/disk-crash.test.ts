// A folder as a bucket, on a disk that forgets what was not fsynced: whatever the moment of the crash, everything that was
// acknowledged is there afterwards, and everything that is there is whole. Take out any one fsync and a seed fails.
import { describe, expect, test } from 'vitest';
import { DiskStore } from '../../src/objects/drivers/disk.js';
import { type Store, StoreError } from '../../src/objects/store.js';
import type { Files } from '../../src/world/world.js';
import { SeededRandom } from './random.js';
import { SimulatedDisk } from './simulated-files.js';
import { VirtualTime } from './virtual-time.js';

/** The places where the store calls fsync. */
type Sync = 'bytes' | 'name after link' | 'name after a link that lost' | 'name after rename';
const syncs: readonly Sync[] = ['bytes', 'name after link', 'name after a link that lost', 'name after rename'];

const bucket = '/var/bucket';
const seedsInAll = 300;

/** A key's history, as far as its writers know. */
interface Known {
  /** Every body that was ever handed in. */
  readonly tried: string[];
  /** Acknowledged: this body, or one tried after it, is there. */
  acknowledged: number;
  /** Someone was told that it is there. */
  seen: boolean;
}

/**
 * A process is killed at a random moment; its successor tries again what was under way and goes on, until the machine
 * loses power. Says what was found broken after that.
 */
async function crashOnce(seed: number, without: Sync | undefined): Promise<string[]> {
  const random = new SeededRandom(seed);
  const time = new VirtualTime();
  const disk = new SimulatedDisk(time, random.fork());
  const known = new Map<string, Known>();
  const progress = new Map<string, number>();
  for (const lifeMs of [random.unit() * 60, random.unit() * random.pick([4, 60])]) {
    let alive = true;
    const files = disk.filesOf(() => alive);
    void work(unsynced(files, without), random, known, progress);
    time.after(lifeMs, () => {
      alive = false;
    });
    await time.run(() => !alive, 1e6);
  }
  // What a dead process had asked for happens or not, but not after the loss of power.
  await time.run(() => false, 1e6);
  disk.crash();
  let broken: string[] | undefined;
  void DiskStore.open({ files: disk.filesOf(() => true), random }, bucket)
    .then((store) => check(store, known))
    .then((found) => {
      broken = found;
    });
  await time.run(() => broken !== undefined, 1e6);
  return broken ?? ['the store does not open'];
}

/** Writers that create, race for the same keys, and replace by version, side by side. */
async function work(
  files: Files,
  random: SeededRandom,
  known: Map<string, Known>,
  progress: Map<string, number>,
): Promise<void> {
  const store = await DiskStore.open({ files, random: random.fork() }, bucket);
  const of = (key: string): Known => {
    const entry = known.get(key) ?? { tried: [], acknowledged: -1, seen: false };
    known.set(key, entry);
    return entry;
  };
  const attempt = async (key: string, body: string, condition: object): Promise<string | undefined> => {
    const entry = of(key);
    const number = entry.tried.push(body) - 1;
    try {
      const { version } = await store.put(key, [Buffer.from(body.slice(0, 7)), Buffer.from(body.slice(7))], condition);
      entry.acknowledged = Math.max(entry.acknowledged, number);
      return version;
    } catch (error) {
      if (!(error instanceof StoreError) || error.fault !== 'precondition-failed') throw error;
      entry.seen = true;
      return undefined;
    }
  };
  const bodyOf = (writer: string, i: number): string => `${writer} ${i} `.padEnd(random.between(10, 200), 'x');
  const create = async (writer: string, keyOf: (i: number) => string): Promise<void> => {
    for (let i = progress.get(writer) ?? 0; ; i += 1) {
      progress.set(writer, i);
      await attempt(keyOf(i), bodyOf(writer, i), { ifNoneMatch: '*' });
    }
  };
  const replace = async (): Promise<void> => {
    await attempt('weft/boundary', bodyOf('replace', -1), { ifNoneMatch: '*' });
    let version: string | undefined = (await store.get('weft/boundary')).version;
    for (let i = 0; version !== undefined; i += 1) {
      version = await attempt('weft/boundary', bodyOf('replace', i), { ifMatch: version });
    }
  };
  await Promise.all([
    create('journal', (i) => `weft/journal/${i}`),
    create('data', (i) => `weft/data/${i >> 2}/${i}`),
    create('one', (i) => `weft/contested/${i}`),
    create('two', (i) => `weft/contested/${i}`),
    replace(),
  ]);
}

async function check(store: Store, known: ReadonlyMap<string, Known>): Promise<string[]> {
  const broken: string[] = [];
  for (const [key, { tried, acknowledged, seen }] of known) {
    const found = await store.get(key).then(
      ({ bytes }) => Buffer.from(bytes).toString(),
      () => undefined,
    );
    if (found === undefined) {
      if (acknowledged >= 0) broken.push(`${key} was acknowledged and is gone`);
      else if (seen) broken.push(`${key} was said to be there and is gone`);
    } else if (!tried.includes(found)) broken.push(`${key} is torn`);
    else if (key === 'weft/boundary' && tried.lastIndexOf(found) < acknowledged) broken.push(`${key} went back`);
  }
  for await (const { key } of store.list('')) if (!known.has(key)) broken.push(`${key} was never written`);
  return broken;
}

/** The same disk without the fsyncs of one place: which, shows in what was done to the folder right before. */
function unsynced(files: Files, without: Sync | undefined): Files {
  const last = new Map<string, Sync>();
  const note = (path: string, sync: Sync) => last.set(path.slice(0, path.lastIndexOf('/')), sync);
  const holdBack = <T extends { sync(): Promise<void> }>(file: T): T =>
    without === 'bytes' ? { ...file, sync: async () => {} } : file;
  return {
    ...files,
    create: async (path) => holdBack(await files.create(path)),
    async link(from, to) {
      try {
        await files.link(from, to);
        note(to, 'name after link');
      } catch (error) {
        note(to, 'name after a link that lost');
        throw error;
      }
    },
    async rename(from, to) {
      await files.rename(from, to);
      note(to, 'name after rename');
    },
    async syncFolder(path) {
      if (without === undefined || last.get(path) !== without) await files.syncFolder(path);
    },
  };
}

async function firstBroken(
  without: Sync | undefined,
): Promise<{ readonly seed: number; readonly broken: string[] } | undefined> {
  for (let seed = 0; seed < seedsInAll; seed += 1) {
    const broken = await crashOnce(seed, without);
    if (broken.length > 0) return { seed, broken };
  }
  return undefined;
}

test(`${seedsInAll} crashes lose and tear nothing`, async () => {
  expect(await firstBroken(undefined)).toBeUndefined();
});

describe('without one fsync a seed fails', () => {
  test.each(syncs)('%s', async (without) => {
    expect(await firstBroken(without)).toBeDefined();
  });
});

test('the same seed crashes the same way', async () => {
  for (const sync of syncs) {
    const found = await firstBroken(sync);
    expect(await crashOnce(found!.seed, sync)).toEqual(found!.broken);
  }
});
