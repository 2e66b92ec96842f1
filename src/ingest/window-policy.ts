/**
 * The batch window that keeps the growth of the metadata within its budget. Every segment adds an extent for each partition
 * in it, so the rate is about inverse to the window: near the budget the window lengthens by what the rate is above the
 * aim, and shrinks by what it is below. A step is bounded, since what was seen between two looks is a few segments; shorter it may
 * get at once, since what is too many for a look or two costs little of a budget that has to last for half an hour.
 */
export interface WindowFacts {
  /** In force now. */
  readonly batchWindowMs: number;
  /** As set; never below it. */
  readonly batchWindowMsMin: number;
  /** Of all agents, since the last look. */
  readonly extentsPerSecond: number;
  readonly extentsPerSecondMax: number;
  /** Share of this agent's segments since the last look that the end of a window sealed, 0 to 1. */
  readonly sealedByWindow: number;
}

/** Longer windows would cost more in latency than they save: the clients' own batching takes over. */
export const BATCH_WINDOW_MS_MAX = 1_000;
/** Share of the budget that is aimed at once it is nearly used up. */
const AIM = 0.8;
/** A rate so much below the aim is left alone. */
const LOW = 0.9;
const LONGER_MAX = 1.5;
/** With fewer segments than this share sealed by windows, windows are not what makes them many. */
const BY_WINDOW_MIN = 0.5;
/** The longest window, which an overload leaves behind, is 250 ms at the next look. */
const SHORTER_MAX = 0.25;

/** What an extent costs in metadata at the most (src/metadata/extents.ts counts fewer). */
const EXTENT_BYTES = 100;
/** What is left of the metadata must last for this long at the rate that it allows: time to act on the metric of hours left. */
const HORIZON_S = 1_800;

/**
 * Extents a second that the metadata can take, of all agents: what is left of its budget, spread over the horizon. It falls
 * as the budget fills, so windows lengthen early and gently instead of late and at once.
 */
export function extentsPerSecondMax(bytesLeft: number): number {
  return Math.max(1, bytesLeft / EXTENT_BYTES / HORIZON_S);
}

export function nextBatchWindowMs(facts: WindowFacts): number {
  const { batchWindowMs, batchWindowMsMin, extentsPerSecond, extentsPerSecondMax, sealedByWindow } = facts;
  const used = extentsPerSecond / (extentsPerSecondMax * AIM);
  // Segments that are full before their windows end become no fewer by longer ones: those would delay others for nothing.
  const longer = sealedByWindow < BY_WINDOW_MIN ? 1 : Math.min(used, LONGER_MAX);
  const factor = used > 1 ? longer : used < LOW ? Math.max(used / LOW, SHORTER_MAX) : 1;
  const wanted = batchWindowMs * factor;
  const longest = Math.max(BATCH_WINDOW_MS_MAX, batchWindowMsMin);
  return Math.min(Math.max(Math.round(wanted * 10) / 10, batchWindowMsMin), longest);
}
