import type { BucketUrl } from '../config/bucket-url.js';
import type { TelemetryShare } from '../telemetry/counters.js';

/** What crosses between the main thread and the fetch worker, which reads the object store and looks into batches. */

export interface FetchWorkerInit {
  /** The worker opens its own store from it. */
  readonly bucket: BucketUrl;
  /** Memory of the cold blocks; the main thread owns its allocation. */
  readonly blocks: SharedArrayBuffer;
  readonly telemetry: TelemetryShare;
}

export type ToFetchWorker =
  /** Read `length` bytes of an object from `from` into `blocks` at `to`. Answer: 'loaded'. */
  | {
      readonly type: 'load';
      readonly id: number;
      readonly key: string;
      readonly from: number;
      readonly to: number;
      readonly length: number;
    }
  /** Walk the batches of extents that lie in `blocks`, check and stamp them. Answer: 'indexed'. */
  | { readonly type: 'index'; readonly id: number; readonly extents: readonly LoadedExtent[] }
  /** Say where an extent can be cut into parts of at most `bytesMax` bytes, or one batch. Answer: 'split'. */
  | { readonly type: 'split'; readonly id: number; readonly extent: StoredExtent; readonly bytesMax: number }
  /** Look for a record by timestamp in an extent, from an offset on. Answer: 'found' or 'not-found'. */
  | {
      readonly type: 'find';
      readonly id: number;
      readonly extent: StoredExtent;
      readonly timestampMs: number | 'max';
      readonly fromOffset: number;
    };

export interface LoadedExtent {
  /** Where the extent lies in `blocks`, in order. */
  readonly pieces: readonly { readonly position: number; readonly length: number }[];
  readonly baseOffset: number;
  readonly records: number;
}

export interface StoredExtent {
  readonly key: string;
  readonly position: number;
  readonly length: number;
  readonly baseOffset: number;
  readonly records: number;
}

/** Whole batches of an extent; `position` in the segment. */
export type ExtentPart = Pick<StoredExtent, 'position' | 'length' | 'baseOffset' | 'records'>;

export type FromFetchWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'loaded'; readonly id: number }
  /** One element an extent. Positions count from the start of the extent. */
  | {
      readonly type: 'indexed';
      readonly id: number;
      readonly indexes: readonly (ExtentIndex | { readonly damage: string })[];
    }
  | { readonly type: 'split'; readonly id: number; readonly parts: readonly ExtentPart[] }
  | { readonly type: 'found'; readonly id: number; readonly offset: number; readonly timestampMs: number }
  /** Nothing in this extent, from that offset on, is that new. */
  | { readonly type: 'not-found'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };

export interface ExtentIndex {
  readonly baseOffsets: Float64Array;
  readonly positions: Uint32Array;
  readonly lengths: Uint32Array;
}
