import { equal } from '../../src/cluster/replica.js';
import type { Journal } from '../../src/journal/journal.js';
import type { Hedging } from '../../src/objects/hedge.js';
import { StoreError } from '../../src/objects/store.js';
import type { World } from '../../src/world/world.js';
import { pause } from './waiting.js';

const PAUSE_FIRST_MS = 10;
const PAUSE_MS_MAX = 2000;

export type Owner = 'ours' | 'others';

/**
 * Fills a slot with these bytes or learns that others fill it. One revision, one set of bytes (docs/ARCHITECTURE.md, The journal): whatever goes
 * wrong, the same bytes are tried again until the slot is known to be full, because a write that seemed to fail may land
 * later. So this does not end while the store is away, unless `stop` says so ('stopped': the outcome is unknown). With
 * `hedging`, an append that takes longer than usual is sent twice, and the slot is read at the same time.
 */
export async function append(
  world: World,
  journal: Journal,
  hedging: Hedging | undefined,
  revision: number,
  bytes: Uint8Array,
  stop: AbortSignal,
  failed: (error: StoreError) => void,
): Promise<Owner | 'stopped'> {
  for (let pauseMs = PAUSE_FIRST_MS; !stop.aborted; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    try {
      if (hedging === undefined) return await attempt(journal, revision, bytes);
      return await hedging.run((second, signal) =>
        (second ? secondAttempt : attempt)(journal, revision, bytes, signal),
      );
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

async function attempt(journal: Journal, revision: number, bytes: Uint8Array, signal?: AbortSignal): Promise<Owner> {
  if ((await journal.append(revision, bytes, signal)) === 'appended') {
    return 'ours';
  }
  // Full a moment ago and absent now: trimmed by a later leader.
  return (await ownerOf(journal, revision, bytes, signal)) ?? 'others';
}

/**
 * Beside a first attempt that is late. Late is seldom lost: mostly the slot is full by now and only the answer is missing, and
 * reading it takes less than being refused it and reading it then. An absent slot answers nothing.
 */
function secondAttempt(journal: Journal, revision: number, bytes: Uint8Array, signal: AbortSignal): Promise<Owner> {
  return new Promise((resolve, reject) => {
    attempt(journal, revision, bytes, signal).then(resolve, reject);
    ownerOf(journal, revision, bytes, signal).then(
      (owner) => owner !== undefined && resolve(owner),
      // What is wrong with the slot, the attempt finds as well.
      () => undefined,
    );
  });
}

/** Whose bytes a slot holds; undefined while it is absent. */
async function ownerOf(
  journal: Journal,
  revision: number,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<Owner | undefined> {
  const found = await journal.read(revision, signal);
  return found && (equal(found, bytes) ? 'ours' : 'others');
}
