/**
 * When lanes come and go, and which connections move between them: pure decisions about what was seen since the last look.
 * At low load one lane makes one segment a window; a second one is of use when the first has more than it can do, be it CPU
 * or uploads.
 */
export interface LaneLoad {
  /** Given and not sealed. */
  readonly pendingBytes: number;
  /** Share of the time that its thread was busy, 0 to 1. */
  readonly busyShare: number;
}

/** A thread that is busy this much has little left for a rush. */
const CROWDED_SHARE = 0.8;
/** One lane in place of all can do what takes this much of a thread. */
const QUIET_SHARE = 0.4;
/** Loads this near each other are even. */
const EVEN_RATIO = 1.5;
/** What is moved may exceed what is wanted by so much. */
const OVERSHOOT = 1.2;

export function isCrowded({ pendingBytes, busyShare }: LaneLoad, batchBytes: number): boolean {
  return pendingBytes >= batchBytes || busyShare >= CROWDED_SHARE;
}

/** Whether all of it would be little for one lane. */
export function isQuiet(loads: readonly LaneLoad[], batchBytes: number): boolean {
  const sum = (of: (load: LaneLoad) => number): number => loads.reduce((total, load) => total + of(load), 0);
  return sum(({ busyShare }) => busyShare) < QUIET_SHARE && sum(({ pendingBytes }) => pendingBytes) < batchBytes;
}

/**
 * Of a crowded lane's connections (their bytes since the last look), those to move to a lane that had `otherBytes`, so that
 * both have about the same: the largest first. None when there is nothing to gain: a connection cannot be shared.
 */
export function connectionsToMove<T extends { readonly bytes: number }>(
  connections: readonly T[],
  otherBytes: number,
): readonly T[] {
  const bytes = connections.reduce((sum, connection) => sum + connection.bytes, 0);
  if (bytes <= otherBytes * EVEN_RATIO) return [];
  const wanted = (bytes - otherBytes) / 2;
  let moved = 0;
  const moving: T[] = [];
  for (const connection of connections.toSorted((a, b) => b.bytes - a.bytes)) {
    if (connection.bytes > 0 && moved + connection.bytes <= wanted * OVERSHOOT) {
      moved += connection.bytes;
      moving.push(connection);
    }
  }
  return moving;
}
