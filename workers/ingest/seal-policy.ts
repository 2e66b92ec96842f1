/**
 * When the open segment is sealed: a pure decision. The batch window runs from the last seal, not from the first record: it
 * is the shortest time between two seals of segments that are not full, and so the longest wait. A lane that has been quiet
 * for a window seals at once; a busy one makes a segment a window (docs/decisions/003-window-from-the-last-seal.md).
 */
export interface OpenSegmentFacts {
  readonly bytes: number;
  /** -Infinity: nothing was sealed yet. */
  readonly lastSealedMs: number;
  readonly nowMs: number;
  readonly batchWindowMs: number;
  readonly segmentBytesTarget: number;
  readonly draining: boolean;
}

export type SealReason = 'window' | 'size' | 'shutdown';

/**
 * Bytes at which a segment is full: as set, but never more than a quarter of the memory for segments, so that some can
 * upload while the next one is gathered.
 */
export function segmentBytesTarget(batchBytes: number, arenaBytes: number): number {
  return Math.min(batchBytes, Math.floor(arenaBytes / 4));
}

/** Why the open segment, which holds something, is due; undefined while it may wait. */
export function sealDue(facts: OpenSegmentFacts): SealReason | undefined {
  if (facts.draining) {
    return 'shutdown';
  }
  if (facts.bytes >= facts.segmentBytesTarget) {
    return 'size';
  }
  return facts.nowMs - facts.lastSealedMs >= facts.batchWindowMs ? 'window' : undefined;
}

/**
 * Whether a request of at most `requestBytes` goes into the open segment, or the open one must be sealed first: a request
 * lands wholly in one segment, and one that is over-large by itself gets a segment of its own.
 */
export function fitsOpen(openBytes: number, requestBytes: number, bytesTarget: number): boolean {
  return openBytes === 0 || openBytes + requestBytes <= bytesTarget;
}
