// The journal in a bucket: slots that are written once, a boundary that is swapped, snapshots.
import { describe, expect, test } from 'vitest';
import { objectJournal } from '../../../src/journal/drivers/objects.js';
import { JournalBroken } from '../../../src/journal/journal-broken.js';
import { MemoryStore } from '../../../src/objects/drivers/memory.js';
import { type GetOptions, StoreError, type StoreFault } from '../../../src/objects/store.js';

const one = Uint8Array.of(1);
const two = Uint8Array.of(2);
const boundary = { format: 1, revision: 7, snapshots: [], terms: [1, 3] };

test('a slot is written once, with the first bytes', async () => {
  const journal = objectJournal(new MemoryStore(), 'weft');
  expect(await journal.read(1)).toBeUndefined();
  expect(await journal.append(1, one)).toBe('appended');
  expect(await journal.append(1, two)).toBe('taken');
  expect(await journal.append(1, one)).toBe('taken');
  expect(await journal.read(1)).toEqual(one);
  expect(await journal.read(2)).toBeUndefined();
  await journal.remove(1);
  expect(await journal.read(1)).toBeUndefined();
});

test('the boundary is created once and replaced only in the version that was read', async () => {
  const journal = objectJournal(new MemoryStore(), 'weft');
  expect(await journal.readBoundary()).toBeUndefined();
  expect(await journal.writeBoundary(boundary, undefined)).toBe('written');
  expect(await journal.writeBoundary(boundary, undefined)).toBe('stale');
  const first = await journal.readBoundary();
  expect(first!.boundary).toEqual(boundary);
  expect(await journal.writeBoundary({ ...boundary, revision: 8 }, first!.version)).toBe('written');
  expect(await journal.writeBoundary({ ...boundary, revision: 9 }, first!.version)).toBe('stale');
  expect((await journal.readBoundary())!.boundary.revision).toBe(8);
});

test('only the boundary is asked for with its version', async () => {
  const asked: [key: string, options: GetOptions | undefined][] = [];
  class NotingStore extends MemoryStore {
    override async get(key: string, options?: GetOptions) {
      asked.push([key.split('/')[1]!, options]);
      return super.get(key, options);
    }
  }
  const journal = objectJournal(new NotingStore(), 'weft');
  const { signal } = new AbortController();
  await journal.append(1, one);
  await journal.read(1);
  await journal.read(2, signal);
  await journal.readBoundary();
  expect(asked).toEqual([
    ['journal', { unversioned: true }],
    ['journal', { unversioned: true, signal }],
    ['boundary', undefined],
  ]);
});

test('snapshots come and go', async () => {
  const journal = objectJournal(new MemoryStore(), 'weft');
  expect(await journal.readSnapshot(5)).toBeUndefined();
  await journal.writeSnapshot(5, one);
  expect(await journal.readSnapshot(5)).toEqual(one);
  expect(await journal.listSnapshots()).toEqual([5]);
  await journal.removeSnapshot(5);
  await journal.removeSnapshot(5);
  expect(await journal.readSnapshot(5)).toBeUndefined();
});

test('keys are as docs/FORMATS.md says, apart for each cluster', async () => {
  const store = new MemoryStore();
  const journal = objectJournal(store, 'weft');
  await journal.append(12, one);
  await journal.append(Number.MAX_SAFE_INTEGER, one);
  await journal.writeSnapshot(34, one);
  await journal.writeBoundary(boundary, undefined);
  expect(await objectJournal(store, 'other').read(12)).toBeUndefined();
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  expect(keys).toEqual([
    'weft/journal/00000000000000000012',
    'weft/journal/00009007199254740991',
    'weft/snapshots/00000000000000000034',
    'weft/boundary',
  ]);
});

describe('a boundary that is', () => {
  const cases = [
    { what: 'of a newer format', bytes: Uint8Array.of(8, 2) },
    { what: 'empty', bytes: new Uint8Array(0) },
    { what: 'cut', bytes: Uint8Array.of(8, 1, 26, 100) },
    { what: 'no protocol buffer', bytes: new TextEncoder().encode('<html>') },
  ];
  test.each(cases)('$what is refused by name', async ({ bytes }) => {
    const store = new MemoryStore();
    await store.put('weft/boundary', [bytes]);
    await expect(objectJournal(store, 'weft').readBoundary()).rejects.toThrow(JournalBroken);
  });
});

test.each<StoreFault>(['unavailable', 'unknown', 'denied', 'full'])(
  '%s of the store is the caller’s to know',
  async (fault) => {
    class Failing extends MemoryStore {
      override put(): Promise<never> {
        return Promise.reject(new StoreError(fault, 'key', 'as told'));
      }
      override get(): Promise<never> {
        return Promise.reject(new StoreError(fault, 'key', 'as told'));
      }
    }
    const journal = objectJournal(new Failing(), 'weft');
    for (const asked of [
      journal.append(1, one),
      journal.read(1),
      journal.readBoundary(),
      journal.writeBoundary(boundary, undefined),
      journal.writeSnapshot(1, one),
      journal.readSnapshot(1),
    ]) {
      await expect(asked).rejects.toMatchObject({ fault });
    }
  },
);
