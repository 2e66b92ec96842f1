import { type Store, StoreError } from '../../objects/store.js';
import { Boundary } from '../boundary.wire.js';
import type { Journal } from '../journal.js';
import { JournalBroken } from '../journal-broken.js';

/** Revisions in keys: 20 digits, so that names sort as numbers do. */
const DIGITS = 20;

/** The journal in a bucket: `<cluster>/journal/<revision>`, `<cluster>/snapshots/<revision>` and `<cluster>/boundary`. */
export function objectJournal(store: Store, cluster: string): Journal {
  const entryKey = (revision: number): string => `${cluster}/journal/${String(revision).padStart(DIGITS, '0')}`;
  const snapshotKey = (revision: number): string => `${cluster}/snapshots/${String(revision).padStart(DIGITS, '0')}`;
  const boundaryKey = `${cluster}/boundary`;
  return {
    async append(revision, bytes) {
      const put = store.put(entryKey(revision), [bytes], { ifNoneMatch: '*' });
      return (await unlessRefused(put)) === undefined ? 'taken' : 'appended';
    },
    async read(revision) {
      return (await unlessAbsent(store.get(entryKey(revision))))?.bytes;
    },
    remove: (revision) => store.delete(entryKey(revision)),
    async readBoundary() {
      const object = await unlessAbsent(store.get(boundaryKey));
      return object === undefined ? undefined : { boundary: decodeBoundary(object.bytes), version: object.version };
    },
    async writeBoundary(boundary, version) {
      const condition = version === undefined ? ({ ifNoneMatch: '*' } as const) : { ifMatch: version };
      const put = store.put(boundaryKey, [Boundary.encode(boundary).finish()], condition);
      return (await unlessRefused(put)) === undefined ? 'stale' : 'written';
    },
    async readSnapshot(revision) {
      return (await unlessAbsent(store.get(snapshotKey(revision))))?.bytes;
    },
    async writeSnapshot(revision, bytes) {
      await store.put(snapshotKey(revision), [bytes]);
    },
    removeSnapshot: (revision) => store.delete(snapshotKey(revision)),
  };
}

const FORMAT = 1;

function decodeBoundary(bytes: Uint8Array): Boundary {
  let boundary: Boundary;
  try {
    boundary = Boundary.decode(bytes);
  } catch (error) {
    throw new JournalBroken('the boundary cannot be read', { cause: error });
  }
  if (boundary.format !== FORMAT) throw new JournalBroken(`the boundary has format ${boundary.format}, not ${FORMAT}`);
  return boundary;
}

const unlessAbsent = <T>(asked: Promise<T>): Promise<T | undefined> => unless('not-found', asked);
const unlessRefused = <T>(asked: Promise<T>): Promise<T | undefined> => unless('precondition-failed', asked);

async function unless<T>(fault: 'not-found' | 'precondition-failed', asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof StoreError && error.fault === fault) return undefined;
    throw error;
  }
}
