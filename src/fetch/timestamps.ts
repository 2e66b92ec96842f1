import type { FetchLink } from '../cache/fetch-link.js';
import type { StoredExtent } from '../cache/messages.js';
import type { Extent, MetadataView } from '../metadata/view.js';
import { segmentKey } from '../segments/keys.js';
import type { TimestampedOffset } from './engine-contract.js';

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
    const logStart = this.#view.topicById(topicId)?.partitions[partition]?.logStartOffset ?? 0;
    const extent = this.#view.firstExtentWithTimestamp(topicId, partition, timestampMs);
    if (extent === undefined) return undefined;
    const found = await this.#link.find(this.#stored(extent), timestampMs);
    // Records below the log start are gone for readers even when their extent is still there.
    return found === undefined ? undefined : { ...found, offset: Math.max(found.offset, logStart) };
  }

  async greatest(topicId: string, partition: number): Promise<TimestampedOffset | undefined> {
    const extent = this.#view.extentWithMaxTimestamp(topicId, partition);
    return extent === undefined ? undefined : this.#link.find(this.#stored(extent), 'max');
  }

  #stored(extent: Extent): StoredExtent {
    return { ...extent, key: segmentKey(this.#cluster, extent.agentEpoch, extent.segment) };
  }
}
