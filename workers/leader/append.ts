import { equal } from '../../src/cluster/replica.js';
import type { Journal } from '../../src/journal/journal.js';
import type { Hedging } from '../../src/objects/hedge.js';
import { StoreError } from '../../src/objects/store.js';
import type { World } from '../../src/world/world.js';
import { pause } from './waiting.js';

const PAUSE_FIRST_MS = 10;
const PAUSE_MS_MAX = 2000;

/**
 * Fills a slot with these bytes or learns that others fill it. One revision, one set of bytes (DESIGN §4): whatever goes
 * wrong, the same bytes are tried again until the slot is known to be full, because a write that seemed to fail may land
 * later. So this does not end while the store is away, unless `stop` says so ('stopped': the outcome is unknown). With
 * `hedging`, an append that takes longer than usual is sent twice: the second may find the slot taken by the first.
 */
export async function append(
  world: World,
  journal: Journal,
  hedging: Hedging | undefined,
  revision: number,
  bytes: Uint8Array,
  stop: AbortSignal,
  failed: (error: StoreError) => void,
): Promise<'ours' | 'others' | 'stopped'> {
  for (let pauseMs = PAUSE_FIRST_MS; !stop.aborted; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    try {
      const appended =
        hedging === undefined
          ? await journal.append(revision, bytes)
          : await hedging.run((_second, signal) => journal.append(revision, bytes, signal));
      if (appended === 'appended') {
        return 'ours';
      }
      const found = await journal.read(revision);
      // Full a moment ago and absent now: trimmed by a later leader.
      return found !== undefined && equal(found, bytes) ? 'ours' : 'others';
    } catch (error) {
      if (!(error instanceof StoreError)) {
        throw error;
      }
      failed(error);
      await pause(world, pauseMs, stop);
    }
  }
  return 'stopped';
}
