// What a folder as a bucket does beyond the contract: space, leftovers, other people's files.
import { chmodSync, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { wholeFiles } from '../../native-bindings/bindings.js';
import { DiskStore } from '../../src/objects/drivers/disk.js';
import { memoryFolder, removeMemoryFolders } from '../../src/objects/drivers/memory-folder.js';
import { openStore } from '../../src/objects/open.js';
import { realWorld } from '../../src/world/real.js';
import { realFiles } from '../../src/world/real-files.js';
import { scratchFolder } from '../processes/agent.js';
import { SeededRandom } from '../simulation/random.js';
import { SimulatedDisk } from '../simulation/simulated-files.js';
import { VirtualTime } from '../simulation/virtual-time.js';
import { listed, refused } from './store-contract.js';

const world = realWorld({ files: realFiles() });
const both = [
  ['by node:fs', world],
  ['by the native part', realWorld({ files: realFiles(wholeFiles) })],
] as const;
let scratch: ReturnType<typeof scratchFolder>;
beforeEach(() => {
  scratch = scratchFolder('disk');
});
afterEach(() => scratch.remove());

test('no space: nothing is written, nothing is torn, and it works again when there is some', async () => {
  const time = new VirtualTime();
  const disk = new SimulatedDisk(time, new SeededRandom(1));
  const body = [new Uint8Array(100).fill(1)];
  let over = false;
  const work = (async () => {
    const store = await DiskStore.open({ files: disk.filesOf(() => true), random: new SeededRandom(2) }, '/bucket');
    await store.put('a/1', body);
    disk.full = true;
    await refused('full', store.put('a/2', body, { ifNoneMatch: '*' }));
    await refused('full', store.put('b/1', body, { ifNoneMatch: '*' }));
    await refused('full', store.put('a/1', [new Uint8Array(5)]));
    expect(await listed(store, '')).toEqual(new Map([['a/1', 100]]));
    expect((await store.get('a/1')).bytes).toEqual(body[0]);
    disk.full = false;
    await store.put('a/2', body, { ifNoneMatch: '*' });
    await store.put('b/1', body, { ifNoneMatch: '*' });
    expect((await listed(store, '')).size).toBe(3);
  })().finally(() => {
    over = true;
  });
  while (!over) await time.run(() => over, Number.POSITIVE_INFINITY);
  await work;
});

test('what a killed process left half-written is no object, and is swept', async () => {
  const store = await DiskStore.open(world, scratch.path);
  await store.put('a/1', [new Uint8Array(1)]);
  writeFileSync(`${scratch.path}/.writing/left`, 'half');
  writeFileSync(`${scratch.path}/.lock.1`, '');
  expect(await listed(store, '')).toEqual(new Map([['a/1', 1]]));
  await store.sweep();
  expect(readdirSync(`${scratch.path}/.writing`)).toEqual([]);
  expect(await listed(store, '')).toEqual(new Map([['a/1', 1]]));
  await store.put('a/2', [new Uint8Array(1)]);
});

test.each(both)('nothing is left in the scratch folder, whatever became of a write, %s', async (_name, on) => {
  const store = await openStore({ kind: 'file', folder: scratch.path }, on);
  await store.put('a', [], { ifNoneMatch: '*' });
  await refused('precondition-failed', store.put('a', [], { ifNoneMatch: '*' }));
  const { version } = await store.put('a', [new Uint8Array(1)]);
  await refused('precondition-failed', store.put('a', [], { ifMatch: 'another' }));
  await store.put('a', [new Uint8Array(2)], { ifMatch: version });
  expect(readdirSync(`${scratch.path}/.writing`)).toEqual([]);
});

test.each(both)('an object of whatever length is replaced only in the version that is meant, %s', async (_name, on) => {
  const store = await openStore({ kind: 'file', folder: scratch.path }, on);
  for (const length of [65_537, 1_100_000]) {
    const key = `a/${length}`;
    const created = await store.put(key, [new Uint8Array(length)], { ifNoneMatch: '*' });
    const second = await store.put(key, [new Uint8Array(length).fill(1)], { ifMatch: created.version });
    await refused('precondition-failed', store.put(key, [new Uint8Array(length)], { ifMatch: created.version }));
    const { version } = await store.get(key);
    expect(version).toBe(second.version);
    await store.put(key, [new Uint8Array(1)], { ifMatch: version });
  }
});

test.each(both)(
  'a folder that someone removed is not made again: what is gone would be missed only later, %s',
  async (_name, on) => {
    const store = await openStore({ kind: 'file', folder: `${scratch.path}/bucket` }, on);
    await store.put('a/1', [new Uint8Array(1)]);
    rmSync(`${scratch.path}/bucket/a`, { recursive: true });
    for (const options of [{}, { ifNoneMatch: '*' }] as const) {
      expect((await refused('denied', store.put('a/2', [], options))).message).toBe('a/2: its folder is gone');
    }
    rmSync(`${scratch.path}/bucket`, { recursive: true });
    await refused('denied', store.put('b/1', []));
    expect(existsSync(`${scratch.path}/bucket`)).toBe(false);
    await refused('not-found', store.get('a/1'));
    await store.delete('a/1');
  },
);

test.each(both)('what cannot be read is told apart, %s', async (_name, on) => {
  const store = await openStore({ kind: 'file', folder: scratch.path }, on);
  await store.put('a/1', [new Uint8Array(1)]);
  symlinkSync('itself', `${scratch.path}/itself`);
  await refused('not-found', store.get('b'));
  expect((await refused('unavailable', store.get('a'))).message).toMatch(/^a: EISDIR: /);
  expect((await refused('unavailable', store.get('a/1/2'))).message).toMatch(/^a\/1\/2: ENOTDIR: /);
  expect((await refused('unavailable', store.get('itself'))).message).toMatch(/^itself: ELOOP: /);
  await expect(store.get('../a')).rejects.toThrow(RangeError);
});

// Only Linux lists a process's open files as a folder.
test.runIf(process.platform === 'linux').each(both)('reading leaves no file open, %s', async (_name, on) => {
  const store = await openStore({ kind: 'file', folder: scratch.path }, on);
  await store.put('a/1', [new Uint8Array(1)]);
  await store.put('long', [new Uint8Array(2_000_000)]);
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 20; i += 1) {
    expect((await store.get('a/1')).bytes).toHaveLength(1);
    expect((await store.get('long')).bytes).toHaveLength(2_000_000);
    await refused('unavailable', store.get('a'));
  }
  expect(readdirSync('/proc/self/fd')).toHaveLength(before);
});

const saysMore = '/sys/kernel/mm/transparent_hugepage/enabled';
// Only Linux has files that say a page and hold less.
test.runIf(existsSync(saysMore)).each(both)(
  'what became shorter while it was read may be whole again, %s',
  async (_name, on) => {
    const store = await openStore({ kind: 'file', folder: scratch.path }, on);
    symlinkSync(saysMore, `${scratch.path}/a`);
    const { message } = await refused('unavailable', store.get('a'));
    expect(message).toBe('a became shorter while it was read');
  },
);

test.each(both)('a version that nobody compares is not made, %s', async (_name, on) => {
  const store = await openStore({ kind: 'file', folder: scratch.path }, on);
  const { version } = await store.put('a', [new Uint8Array(3)]);
  expect(await store.get('a', { unversioned: true })).toEqual({ bytes: new Uint8Array(3), version: '' });
  expect((await store.get('a')).version).toBe(version);
});

test('a folder that cannot be made is named in one sentence', async () => {
  writeFileSync(`${scratch.path}/file`, '');
  const { message } = await refused('denied', openStore({ kind: 'file', folder: `${scratch.path}/file` }, world));
  expect(message).toMatch(/^file:\S+\/file cannot be used: EEXIST/);
});

test('memory: is one bucket for a whole process and goes with it', async () => {
  const [one, two] = [await openStore({ kind: 'memory' }, world), await openStore({ kind: 'memory' }, world)];
  await one.put('a', [new Uint8Array(3)]);
  expect((await two.get('a')).bytes).toHaveLength(3);
  await removeMemoryFolders();
  await refused('not-found', two.get('a'));
});

// What is left lies in a folder that only Linux has.
test.runIf(existsSync('/dev/shm'))('memory: of a killed process goes with the next', async () => {
  const mine = memoryFolder();
  const [word, , , place] = mine.split('/').at(-1)!.split('.');
  const left = `/dev/shm/${word}.${2 ** 30}.1.${place}`;
  const foreign = `/dev/shm/${word}.${2 ** 30}.1.elsewhere`;
  mkdirSync(left);
  mkdirSync(foreign);
  await removeMemoryFolders();
  expect([existsSync(left), existsSync(foreign)]).toEqual([false, true]);
  rmdirSync(foreign);
});

// Only root can be two users; for others a folder of their own that they may not change does as well.
test.runIf(existsSync('/dev/shm'))('memory: what may not be removed does not keep ours', async () => {
  const isRoot = process.geteuid!() === 0;
  const asNobody = async <T>(run: () => T): Promise<Awaited<T>> => {
    if (isRoot) process.seteuid!(65_534);
    try {
      return await run();
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  };
  // The name of a place may depend on what a user may read in /proc.
  const mine = await asNobody(memoryFolder);
  const [word, , , place] = mine.split('/').at(-1)!.split('.');
  const left = `/dev/shm/${word}.${2 ** 30 + 1}.1.${place}`;
  mkdirSync(`${left}/cluster`, { recursive: true });
  chmodSync(left, 0o555);
  await asNobody(() => mkdirSync(mine));
  try {
    await asNobody(removeMemoryFolders);
    expect(existsSync(mine)).toBe(false);
  } finally {
    // An agent of root's that stops meanwhile may have removed it.
    if (existsSync(left)) chmodSync(left, 0o755);
    rmSync(left, { recursive: true, force: true });
  }
});
