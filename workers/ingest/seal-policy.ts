/** What the open segment holds. */
export interface SegmentFill {
  readonly bytes: number;
  readonly batchCount: number;
}

/**
 * Batches at which a segment is full, however small they are: every agent applies a segment's command at once, and does
 * nothing else meanwhile. A request is never divided, so the last one may take it beyond.
 */
export const SEGMENT_BATCHES_FULL = 16_384;

/**
 * When the open segment is sealed: a pure decision. The batch window runs from the last seal, not from the first record. A
 * lane that has been quiet for a window seals at once; a busy one makes a segment a window
 * (docs/decisions/003-window-from-the-last-seal.md).
 */
export interface OpenSegmentFacts extends SegmentFill {
  /** `SealPace.dueMs`. */
  readonly windowEndMs: number;
  readonly nowMs: number;
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
  if (isFull(facts, facts.segmentBytesTarget)) {
    return 'size';
  }
  return facts.nowMs >= facts.windowEndMs ? 'window' : undefined;
}

/** A seal that is late by up to this share of a window does not put off the next one. */
const LATE_SHARE = 0.5;
/** A window is longer by at most this share of it while hedges are paid for. It is above their share of uploads (objects/hedge.ts). */
export const REPAID_SHARE = 0.125;
/** Hedges that are remembered to be paid for. */
const OWED_MAX = 4;

/**
 * Where batch windows begin and end. Windows follow one another without gaps: timers count whole milliseconds and threads
 * are late, and a window that began with each late seal would be longer than was set. A window is also what a PUT costs, so
 * a lane that hedges pays for that by longer windows: it never makes more uploads than one a window, hedges included.
 */
export class SealPace {
  /** -Infinity: nothing was sealed yet. */
  #startMs = Number.NEGATIVE_INFINITY;
  #owedMs = 0;

  /** When a segment that is not full is due. */
  dueMs(batchWindowMs: number): number {
    return this.#startMs + batchWindowMs;
  }

  sealed(reason: SealReason, nowMs: number, batchWindowMs: number): void {
    const dueMs = this.dueMs(batchWindowMs);
    const isNext = reason === 'window' && nowMs - dueMs <= batchWindowMs * LATE_SHARE;
    const paidMs = Math.min(this.#owedMs, batchWindowMs * REPAID_SHARE);
    this.#owedMs -= paidMs;
    this.#startMs = (isNext ? dueMs : nowMs) + paidMs;
  }

  /** An upload was begun a second time. */
  hedged(batchWindowMs: number): void {
    this.#owedMs = Math.min(this.#owedMs + batchWindowMs, OWED_MAX * batchWindowMs);
  }
}

/**
 * Whether a request of at most `requestBytes` goes into the open segment, or the open one must be sealed first: a request
 * lands wholly in one segment, and one that is over-large by itself gets a segment of its own.
 */
export function fitsOpen(open: SegmentFill, requestBytes: number, bytesTarget: number): boolean {
  return open.bytes === 0 || (!isFull(open, bytesTarget) && open.bytes + requestBytes <= bytesTarget);
}

function isFull({ bytes, batchCount }: SegmentFill, bytesTarget: number): boolean {
  return bytes >= bytesTarget || batchCount >= SEGMENT_BATCHES_FULL;
}
