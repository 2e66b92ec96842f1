import type { Hedging } from '../../src/objects/hedge.js';
import { type Store, StoreError } from '../../src/objects/store.js';
import { errors } from '../../src/protocol/errors.js';
import type { World } from '../../src/world/world.js';

const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 2_000;

/** One attempt's object: a body that stays unchanged until the attempt is over. */
export interface SegmentObject {
  readonly key: string;
  readonly segment: number;
  readonly body: readonly Uint8Array[];
  readonly bytes: number;
  readonly crc32c: number;
}

export type UploadResult =
  | { readonly kind: 'uploaded'; readonly object: SegmentObject }
  /** Not stored, or nobody will ever know it: a key that is not published is garbage. */
  | { readonly kind: 'failed'; readonly error: number; readonly cause: StoreError | undefined };

/**
 * Puts a segment until it is certainly stored or nobody waits for it any more.
 *
 * - unavailable: certainly not written, so the same key again, after a pause that doubles;
 * - unknown, or a key that is taken: under a new key (`remake` gives the object its next number). What an attempt of
 *   unknown outcome leaves behind is never published, and so never read;
 * - full, denied: given up at once. The clients come again, and the next segment finds out whether it has passed.
 *
 * With `hedging`, an attempt that takes longer than usual gets a second one beside it, under a new key as well. Whichever is
 * stored first is the segment; the body is read by neither when this resolves.
 */
export async function upload(
  world: World,
  store: Store,
  hedging: Hedging | undefined,
  remake: () => SegmentObject,
  isUseful: () => boolean,
): Promise<UploadResult> {
  const put = async (object: SegmentObject, signal?: AbortSignal): Promise<SegmentObject> => {
    const { key, body, crc32c } = object;
    await store.put(key, body, { ifNoneMatch: '*', unversioned: true, crc32c, ...(signal && { signal }) });
    return object;
  };
  let object = remake();
  let pauseMs = RETRY_MS_MIN;
  for (;;) {
    const first = object;
    try {
      const stored =
        hedging === undefined
          ? await put(first)
          : await hedging.run((second, signal) => put(second ? remake() : first, signal));
      return { kind: 'uploaded', object: stored };
    } catch (error) {
      if (!(error instanceof StoreError)) {
        throw error;
      }
      const mayPass =
        error.fault === 'unavailable' || error.fault === 'unknown' || error.fault === 'precondition-failed';
      if (!mayPass || !isUseful()) {
        return { kind: 'failed', error: errors.KAFKA_STORAGE_ERROR.code, cause: error };
      }
      if (error.fault !== 'precondition-failed') {
        await pause(world, pauseMs);
        pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX);
      }
      if (!isUseful()) {
        return { kind: 'failed', error: errors.KAFKA_STORAGE_ERROR.code, cause: error };
      }
      if (error.fault !== 'unavailable') {
        object = remake();
      }
    }
  }
}

function pause(world: World, delayMs: number): Promise<void> {
  return new Promise((resolve) => world.timers.after(delayMs, resolve));
}
