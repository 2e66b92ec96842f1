import type { Extent, MetadataView } from '../metadata/view.js';
import type { BlockReader, BlockUnavailable, Reader, Reading, ReadRequest } from './blocks.js';
import type { ColdBlocks, ColdRequest } from './cold-blocks.js';
import { type HotSegments, MemoryReading } from './hot-segments.js';

/** Extents that one partition may take from the store in one read. */
const EXTENTS_MAX = 64;

/** Memory first, then the object store. */
export class BlockCache implements BlockReader {
  readonly #view: MetadataView;
  readonly #hot: HotSegments;
  readonly #cold: ColdBlocks;

  constructor(view: MetadataView, hot: HotSegments, cold: ColdBlocks) {
    this.#view = view;
    this.#hot = hot;
    this.#cold = cold;
  }

  readMemory(request: ReadRequest): Reading | undefined | 'cold' | Promise<void> {
    const reading = new MemoryReading(request.offset);
    let missing: Extent | undefined;
    this.#view.scanExtents(request.topicId, request.partition, request.offset, (extent) => {
      const offset = reading.nextOffset;
      if (!this.#hot.readOn(extent, request, reading)) {
        missing = extent;
        return false;
      }
      const { bytes, nextOffset } = reading;
      return nextOffset > offset && nextOffset >= extent.baseOffset + extent.records && bytes < request.bytesMax;
    });
    if (!reading.isEmpty) return reading;
    if (missing === undefined) return undefined;
    return this.#hot.soon(missing) ?? 'cold';
  }

  readCold(
    requests: readonly ReadRequest[],
    bytesMax: number,
    reader: Reader,
  ): Promise<readonly (Reading | BlockUnavailable | undefined)[]> {
    const wanted = requests.map((request): ColdRequest => {
      const extents: Extent[] = [];
      let bytes = 0;
      this.#view.scanExtents(request.topicId, request.partition, request.offset, (extent) => {
        extents.push(extent);
        bytes += extent.length;
        return bytes < request.bytesMax && extents.length < EXTENTS_MAX;
      });
      return { request, extents };
    });
    return this.#cold.read(wanted, bytesMax, reader);
  }
}
