import type { FetchLink } from '../cache/fetch-link.js';
import type { StoredExtent } from '../cache/messages.js';
import type { Extent, MetadataView } from '../metadata/view.js';
import { segmentKey } from '../segments/keys.js';
import type { TimestampedOffset } from './engine-contract.js';

/** Extents that one question looks into, one read of the store each, when headers claim times that no record has. */
const LOOKS_MAX = 8;

/**
 * Offsets by timestamp, exact to the record: the metadata knows which extent, the fetch worker looks into its batches.
 */
export class TimestampLookup {
  readonly #cluster: string;
  readonly #view: MetadataView;
  readonly #link: FetchLink;

  constructor(cluster: string, view: MetadataView, link: FetchLink) {
    this.#cluster = cluster;
    this.#view = view;
    this.#link = link;
  }

  async firstAtOrAfter(
    topicId: string,
    partition: number,
    timestampMs: number,
  ): Promise<TimestampedOffset | undefined> {
    const logStart = this.#logStart(topicId, partition);
    let fromOffset = logStart;
    for (let looks = 1; ; looks += 1) {
      const extent = this.#view.firstExtentWithTimestamp(topicId, partition, timestampMs, fromOffset);
      if (extent === undefined) return undefined;
      const found = await this.#link.find(this.#stored(extent), timestampMs, logStart);
      // Nothing there is new enough: the log start cuts the extent, or a batch that nobody walked claims too much.
      if (found !== undefined || looks === LOOKS_MAX) return found;
      fromOffset = endOf(extent);
    }
  }

  async greatest(topicId: string, partition: number): Promise<TimestampedOffset | undefined> {
    const logStart = this.#logStart(topicId, partition);
    const extent = this.#view.extentWithMaxTimestamp(topicId, partition, logStart);
    if (extent === undefined) return undefined;
    const found = await this.#link.find(this.#stored(extent), 'max', logStart);
    if (extent.baseOffset >= logStart) return found;
    // The log start cuts this extent: what is left of it may be older than a later one.
    const next = this.#view.extentWithMaxTimestamp(topicId, partition, endOf(extent));
    if (next === undefined || (found !== undefined && found.timestampMs >= next.maxTimestamp)) return found;
    return this.#link.find(this.#stored(next), 'max', logStart);
  }

  /** Records below it are gone for readers even when their extent is still there. */
  #logStart(topicId: string, partition: number): number {
    return this.#view.topicById(topicId)?.partitions[partition]?.logStartOffset ?? 0;
  }

  #stored(extent: Extent): StoredExtent {
    return { ...extent, key: segmentKey(this.#cluster, extent.agentEpoch, extent.segment) };
  }
}

function endOf({ baseOffset, records }: Extent): number {
  return baseOffset + records;
}
