import type { Extent, MetadataView } from '../metadata/view.js';
import type { BlockReader, BlockUnavailable, Reading, ReadRequest } from './blocks.js';
import type { ColdBlocks, ColdRequest } from './cold-blocks.js';
import type { HotSegments } from './hot-segments.js';

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
    const readings: Reading[] = [];
    let offset = request.offset;
    let bytes = 0;
    let missing: Extent | undefined;
    this.#view.scanExtents(request.topicId, request.partition, request.offset, (extent) => {
      const rest = {
        ...request,
        offset,
        bytesMax: request.bytesMax - bytes,
        atLeastOne: request.atLeastOne && bytes === 0,
      };
      const reading = this.#hot.read(extent, rest);
      if (reading === undefined) {
        missing = extent;
        return false;
      }
      readings.push(reading);
      bytes += reading.bytes;
      const read = reading.nextOffset - offset;
      offset = reading.nextOffset;
      return read > 0 && offset >= extent.baseOffset + extent.records && bytes < request.bytesMax;
    });
    if (readings.length > 0) return joined(readings, bytes, offset);
    if (missing === undefined) return undefined;
    return this.#hot.soon(missing) ?? 'cold';
  }

  readCold(
    requests: readonly ReadRequest[],
    bytesMax: number,
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
    return this.#cold.read(wanted, bytesMax);
  }
}

function joined(readings: readonly Reading[], bytes: number, nextOffset: number): Reading {
  return {
    slices: readings.flatMap((reading) => reading.slices),
    bytes,
    nextOffset,
    place: 'memory',
    release: () => {
      for (const reading of readings) reading.release();
    },
  };
}
