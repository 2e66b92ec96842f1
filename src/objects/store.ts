/**
 * An object store, seen as little as Weft needs of one. Drivers: disk, S3, memory. Retry, metering and faults are
 * decorators around the same interface. Keys are paths of [a-zA-Z0-9._-]+ between '/', no part beginning
 * with a dot; no key is a folder of another.
 */
export interface Store {
  /** For people: `file:/var/lib/weft`, `s3://bucket/prefix`. */
  readonly name: string;
  /**
   * Reads an object, or `range` of it. With `into`, the bytes land there (it must be as long as the range) and the
   * result is `into` itself. Rejects: not-found, unavailable, denied.
   */
  get(key: string, options?: GetOptions): Promise<StoredObject>;
  /**
   * Writes an object, durable when it resolves. `ifNoneMatch: '*'` creates only, `ifMatch` replaces only that version.
   * Rejects: precondition-failed (a definite no), unavailable (certainly not written), unknown (may have been, or may
   * still be, written), full, denied. `body` must stay unchanged until it settles.
   */
  put(key: string, body: readonly Uint8Array[], options?: PutOptions): Promise<{ readonly version: string }>;
  /** Absent keys are fine. */
  delete(key: string): Promise<void>;
  /** Every key that starts with `prefix` (ends in '/'), in no order. */
  list(prefix: string): AsyncIterable<ListedObject>;
  close(): Promise<void>;
  /**
   * The store's own wall clock (ms), as its last answer told and the monotonic clock carries on. Absent or undefined: it has
   * none, or has not answered yet.
   */
  clockMs?(): number | undefined;
}

/** The end of a body that waits. */
export interface LastByte {
  /** All but the last byte has been handed to the network. */
  reached(): void;
  /** The last byte follows once this resolves. */
  readonly release: Promise<void>;
}

/** A store whose writes cross a network: the probe lets them arrive together by holding back the last byte of each. */
export interface HoldsBack {
  putHeldBack(
    key: string,
    body: Uint8Array,
    options: PutOptions,
    lastByte: LastByte,
  ): Promise<{ readonly version: string }>;
}

export interface GetOptions {
  readonly range?: { readonly position: number; readonly length: number };
  readonly into?: Uint8Array;
  /** Nobody will compare the version: what comes may hold none ('' instead). */
  readonly unversioned?: boolean;
  readonly signal?: AbortSignal;
}

export interface StoredObject {
  readonly bytes: Uint8Array;
  /** Opaque; what `ifMatch` compares (S3: the ETag). */
  readonly version: string;
}

export interface PutOptions {
  readonly ifNoneMatch?: '*';
  readonly ifMatch?: string;
  /** CRC-32C of the body, when the caller has it: the store checks it where it can. */
  readonly crc32c?: number;
  /** Nobody will replace this object by its version: what `put` resolves to may hold none ('' instead). */
  readonly unversioned?: boolean;
  /** Aborting it ends a write across a network at once, as 'unknown'; a disk finishes what it began. */
  readonly signal?: AbortSignal;
}

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
}

/** What can go wrong, as the caller must tell it apart. */
export type StoreFault =
  | 'not-found'
  | 'precondition-failed'
  /** Certainly not done; trying again is right. */
  | 'unavailable'
  /** A write that may have been done, or may be done later. */
  | 'unknown'
  /** No space, or over quota: not done; may pass. */
  | 'full'
  /** Not allowed: trying again will not help. */
  | 'denied';

export class StoreError extends Error {
  readonly fault: StoreFault;
  readonly key: string;
  constructor(fault: StoreFault, key: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.fault = fault;
    this.key = key;
  }
}
