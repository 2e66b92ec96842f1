import type { Extent } from '../metadata/view.js';
import { segmentKey } from '../segments/keys.js';
import { untilUnavailable } from './blocks.js';
import type { FetchLink } from './fetch-link.js';

/** Extents whose parts are remembered; the one used longest ago goes. */
const REMEMBERED_MAX = 64;

/**
 * Extents that are too long for the cold arena (an agent with more memory wrote them), in parts of whole batches that are
 * read as if each were an extent of its own. Where the batches lie is learnt once, from their headers alone.
 */
export class LargeExtents {
  readonly #cluster: string;
  readonly #link: FetchLink;
  readonly #bytesMax: number;
  readonly #partBytes: number;
  readonly #parts = new Map<string, Promise<readonly Extent[]>>();

  /** Extents above `bytesMax` are cut into parts of `partBytes`, or one batch where that is longer. */
  constructor(cluster: string, link: FetchLink, bytesMax: number, partBytes: number) {
    this.#cluster = cluster;
    this.#link = link;
    this.#bytesMax = bytesMax;
    this.#partBytes = partBytes;
  }

  /**
   * The same extents, cut where that is needed, from the one with `offset` on and as far as it can be learnt where to cut.
   * Rejects with BlockUnavailable when that cannot be learnt of the first.
   */
  async cut(extents: readonly Extent[], offset: number): Promise<readonly Extent[]> {
    if (extents.every(({ length }) => length <= this.#bytesMax)) return extents;
    const cut = await untilUnavailable(extents, async (extent) => {
      if (extent.length <= this.#bytesMax) return [extent];
      return (await this.#partsOf(extent)).filter((part) => part.baseOffset + part.records > offset);
    });
    return cut.flat();
  }

  #partsOf(extent: Extent): Promise<readonly Extent[]> {
    const key = segmentKey(this.#cluster, extent.agentEpoch, extent.segment);
    const name = `${key}@${extent.position}`;
    const known = this.#parts.get(name);
    this.#parts.delete(name);
    const parts =
      known ??
      this.#link
        .split({ ...extent, key }, this.#partBytes)
        .then((split) => split.map((part): Extent => ({ ...extent, ...part })));
    this.#parts.set(name, parts);
    // What the store could not give now is asked again the next time.
    parts.catch(() => this.#parts.get(name) === parts && this.#parts.delete(name));
    if (this.#parts.size > REMEMBERED_MAX) this.#parts.delete(this.#parts.keys().next().value!);
    return parts;
  }
}
