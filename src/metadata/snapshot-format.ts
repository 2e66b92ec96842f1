import type { GroupState } from './view.js';

/** Of the bytes. */
export const SNAPSHOT_FORMAT = 1;

/** By their number in a snapshot. */
export const GROUP_STATES: readonly GroupState[] = ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable'];

/** Bytes that are no snapshot of a format and version that this code knows. */
export class SnapshotRefused extends Error {
  override readonly name = 'SnapshotRefused';
}

/** Throws `SnapshotRefused` unless the condition holds. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) {
    throw new SnapshotRefused(`damaged snapshot: ${what}`);
  }
}
