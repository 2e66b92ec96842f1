import { native } from '../../../native-bindings/bindings.js';
import { type GetOptions, type Store, StoreError, type StoredObject } from '../../objects/store.js';
import { Boundary } from '../boundary.wire.js';
import type { Journal } from '../journal.js';
import { JournalBroken } from '../journal-broken.js';

/** Revisions in keys: 20 digits, so that names sort as numbers do. */
const DIGITS = 20;

/** A damaged read passes; an object that comes damaged so many times is. */
const READS_MAX = 8;

/**
 * The journal in a bucket: `<cluster>/journal/<revision>`, `<cluster>/snapshots/<revision>` and `<cluster>/boundary`.
 * Entries and the boundary are sealed: damage shows before anyone believes them, and is read once more; when it stays the
 * journal is broken. Snapshots are held against the digest that the boundary names.
 */
export function objectJournal(store: Store, cluster: string): Journal {
  const entryKey = (revision: number): string => `${cluster}/journal/${String(revision).padStart(DIGITS, '0')}`;
  const snapshots = `${cluster}/snapshots/`;
  const snapshotKey = (revision: number): string => `${snapshots}${String(revision).padStart(DIGITS, '0')}`;
  const boundaryKey = `${cluster}/boundary`;
  return {
    async append(revision, bytes, signal) {
      const options = { ifNoneMatch: '*', unversioned: true, ...(signal && { signal }) } as const;
      try {
        await store.put(entryKey(revision), [bytes, sealOf(bytes)], options);
        return 'appended';
      } catch (error) {
        if (error instanceof StoreError && error.fault === 'precondition-failed') return 'taken';
        throw error;
      }
    },
    async read(revision, signal) {
      return (
        await unlessAbsent(readSealed(store, entryKey(revision), { unversioned: true, ...(signal && { signal }) }))
      )?.bytes;
    },
    clockMs: () => store.clockMs?.(),
    remove: (revision) => store.delete(entryKey(revision)),
    async readBoundary() {
      const object = await unlessAbsent(readSealed(store, boundaryKey));
      return object === undefined ? undefined : { boundary: decodeBoundary(object.bytes), version: object.version };
    },
    async writeBoundary(boundary, version) {
      const condition = version === undefined ? ({ ifNoneMatch: '*' } as const) : { ifMatch: version };
      const bytes = Boundary.encode(boundary).finish();
      const put = store.put(boundaryKey, [bytes, sealOf(bytes)], condition);
      return (await unlessRefused(put)) === undefined ? 'stale' : 'written';
    },
    async readSnapshot(revision) {
      return (await unlessAbsent(store.get(snapshotKey(revision), { unversioned: true })))?.bytes;
    },
    async writeSnapshot(revision, bytes) {
      await store.put(snapshotKey(revision), [bytes], { unversioned: true });
    },
    removeSnapshot: (revision) => store.delete(snapshotKey(revision)),
    async listSnapshots() {
      const revisions: number[] = [];
      for await (const { key } of store.list(snapshots)) {
        revisions.push(Number(key.slice(snapshots.length)));
      }
      return revisions;
    },
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

const SEAL_BYTES = 5;
/** Field 15 of type fixed32: the object stays one protobuf message. */
const SEAL_TAG = (15 << 3) | 5;

/** CRC-32C of what comes before it, as a last field of the message. */
function sealOf(bytes: Uint8Array): Uint8Array {
  const seal = new Uint8Array(SEAL_BYTES);
  seal[0] = SEAL_TAG;
  new DataView(seal.buffer).setUint32(1, native.crc32c(bytes, 0, bytes.length, 0), true);
  return seal;
}

/** The message without its seal. */
async function readSealed(store: Store, key: string, options?: GetOptions): Promise<StoredObject> {
  for (let reads = 0; reads < READS_MAX; reads++) {
    const { bytes, version } = await store.get(key, options);
    const message = bytes.subarray(0, Math.max(0, bytes.length - SEAL_BYTES));
    if (sealOf(message).every((byte, at) => byte === bytes[message.length + at])) return { bytes: message, version };
  }
  throw new JournalBroken(`${key} is damaged`);
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
