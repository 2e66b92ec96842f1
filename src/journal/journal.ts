import type { Boundary } from './boundary.wire.js';

/**
 * The ordered commands of a cluster, in a store that someone else keeps consistent. A slot is written once: whoever
 * creates `revision` first owns it. Drivers: objects (`journal/<revision>` with If-None-Match); later PostgreSQL, etcd.
 */
export interface Journal {
  /**
   * Tries to own a slot with these bytes. 'taken' says that the slot is full, with these bytes or others: read it back.
   * Rejects with StoreError 'unknown' when the write may land later: then only the same bytes may be tried again.
   * Aborting `signal` ends the wait for the answer at once; the write may land nevertheless.
   */
  append(revision: number, bytes: Uint8Array, signal?: AbortSignal): Promise<'appended' | 'taken'>;
  /**
   * The entry in a slot, or undefined when the slot is absent. Rejects with JournalBroken when it is damaged, and with a
   * StoreError soon after `signal` is aborted.
   */
  read(revision: number, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Forgets a slot; only ever called at or below the boundary. */
  remove(revision: number): Promise<void>;

  /** Rejects with JournalBroken when it is damaged or of a newer format. */
  readBoundary(): Promise<{ readonly boundary: Boundary; readonly version: string } | undefined>;
  /** Compare-and-set; `version` undefined creates. 'stale' when another wrote first. */
  writeBoundary(boundary: Boundary, version: string | undefined): Promise<'written' | 'stale'>;

  readSnapshot(revision: number): Promise<Uint8Array | undefined>;
  writeSnapshot(revision: number, bytes: Uint8Array): Promise<void>;
  removeSnapshot(revision: number): Promise<void>;
  /** Revisions of all that are there, named by the boundary or not, in no order. Dear, as every listing is. */
  listSnapshots(): Promise<readonly number[]>;

  /** The store's own wall clock (ms), where it has one. */
  clockMs?(): number | undefined;
}
