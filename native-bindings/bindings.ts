import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { scriptNative } from './fallback.js';

/** What Weft wants done at the speed of memory. Positions and lengths are bytes; bytes may lie in shared memory. */
export interface Native {
  readonly name: 'addon' | 'node-rs' | 'script';
  /** CRC-32C (Castagnoli, RFC 3720) of a range; `seed` continues an earlier one. */
  crc32c(bytes: Uint8Array, position: number, length: number, seed: number): number;
  copy(target: Uint8Array, targetPosition: number, source: Uint8Array, sourcePosition: number, length: number): void;
  /** Copies and returns the CRC-32C of what was copied, in one pass. */
  copyWithCrc32c(
    target: Uint8Array,
    targetPosition: number,
    source: Uint8Array,
    sourcePosition: number,
    length: number,
    seed: number,
  ): number;
  /** The CRC-32C of a run of bytes and `secondLength` more behind them, from that of each. */
  joinCrc32c(first: number, second: number, secondLength: number): number;
  /** `copyWithCrc32c` where the CRC-32C of all but the first `unknown` bytes was verified before: `known`. */
  copyKnownCrc32c(
    target: Uint8Array,
    targetPosition: number,
    source: Uint8Array,
    sourcePosition: number,
    length: number,
    seed: number,
    unknown: number,
    known: number,
  ): number;
  /**
   * Walks `count` uncompressed records that must fill the range exactly, with offset deltas 0, 1, 2 …
   * Returns 0 or one of `walkFaults`. `found` gets: greatest and least timestamp delta, records without a key, the first
   * of them (-1: none).
   */
  walkRecords(bytes: Uint8Array, position: number, length: number, count: number, found: Float64Array): number;
  /**
   * Looks at `count` batches of magic 2 at once: checksums each and walks its records where a row says so, the checksum is
   * right and they are not compressed. `rows`: scan-columns.ts. RangeError at the first row whose batch does not
   * lie in `bytes`, or is shorter than its header.
   */
  scanBatches(bytes: Uint8Array, rows: Float64Array, count: number): void;
}

/**
 * Creates `scratch` with these bytes, makes it durable, links it as `path`, makes `folder` durable and removes `scratch`, in
 * one turn of one thread. 0, or the step that failed (1: nothing was named; 2: link, EEXIST also then with a durable folder;
 * 3: the folder) times 65,536 plus the system's error number.
 */
export type CreateWhole = (
  scratch: string,
  path: string,
  folder: string,
  slices: readonly Uint8Array[],
) => Promise<number>;

/**
 * Opens a file, reads it to the size that it has then and closes it, in one turn of one thread. Its bytes, or -1: it is
 * longer than `bytesMax`; -2: it became shorter while it was read; or the system's error number.
 */
export type ReadWhole = (path: string, bytesMax: number) => Promise<Uint8Array | number>;

/** Files in one turn of one thread of libuv's pool. */
export interface WholeFiles {
  readonly createWhole: CreateWhole;
  readonly readWhole: ReadWhole;
}

/**
 * Sets what the system may hold of a socket's unread bytes, and, of a listening socket, what of each that it accepts. Gives
 * back what it was before, as the system counts it (Linux: twice the bytes); -1 when the socket refuses.
 */
export type SetReceiveBuffer = (fd: number, bytes: number) => number;

/** Why a walk failed, by the number that `walkRecords` returns. */
export const walkFaults: readonly string[] = [
  'fine',
  'there are fewer records than the header says',
  'a record length does not fit',
  'offset deltas are not 0, 1, 2 …',
  'a field of a record is malformed',
  'there are bytes behind the last record',
];

const require = createRequire(import.meta.url);

type Addon = Omit<Native, 'name'> & WholeFiles & { readonly setReceiveBuffer: SetReceiveBuffer };

const addonFunctions: Readonly<Record<keyof Addon, true>> = {
  crc32c: true,
  copy: true,
  copyWithCrc32c: true,
  joinCrc32c: true,
  copyKnownCrc32c: true,
  walkRecords: true,
  scanBatches: true,
  createWhole: true,
  readWhole: true,
  setReceiveBuffer: true,
};

/** What was loaded, if it has every function: one that was built from older sources lacks some, and is as good as none. */
export function wholeAddon(loaded: unknown): Addon | undefined {
  const found = loaded as Readonly<Record<string, unknown>> | undefined;
  return Object.keys(addonFunctions).every((name) => typeof found?.[name] === 'function')
    ? (loaded as Addon)
    : undefined;
}

// dist/native-bindings/bindings.js and native-bindings/build/weft.node of the same package.
const built = wholeAddon(
  attempt(() => require(fileURLToPath(new URL('../../native-bindings/build/weft.node', import.meta.url)))),
);

/** Undefined without the addon: there is nothing that node:fs does not do as well in nine turns, or four. */
export const wholeFiles: WholeFiles | undefined = built;

/** Undefined without the addon: node:net has nothing like it. */
export const setReceiveBuffer: SetReceiveBuffer | undefined = built?.setReceiveBuffer;

/** What this machine may have, the fastest first. */
const candidates: readonly (() => Native | undefined)[] = [addon, nodeRs, script];

/** Everything that this machine has, the fastest first. */
export function implementations(): Native[] {
  return candidates.map((load) => load()).filter((found) => found !== undefined);
}

function addon(): Native | undefined {
  return built === undefined ? undefined : { name: 'addon', ...built };
}

function nodeRs(): Native | undefined {
  const loaded = attempt(() => require('@node-rs/crc32')) as
    | { crc32c(bytes: Uint8Array, seed?: number): number }
    | undefined;
  if (loaded === undefined) return undefined;
  return { name: 'node-rs', ...scriptNative((bytes, seed) => loaded.crc32c(bytes, seed)) };
}

function script(): Native {
  const loaded = require('crc-32/crc32c.js') as { buf(bytes: Uint8Array, seed: number): number };
  return { name: 'script', ...scriptNative((bytes, seed) => loaded.buf(bytes, seed | 0) >>> 0) };
}

/** The fastest implementation here. The others are not even loaded: each takes megabytes in every thread. */
export const native: Native = addon() ?? nodeRs() ?? script();

/** One sentence for the start-up message. */
export const nativeSentence: Readonly<Record<Native['name'], string>> = {
  addon: 'native part: built for this machine',
  'node-rs':
    'native part: not built of these sources, or it does not load; CRC-32C by @node-rs/crc32, batch checks in JavaScript',
  script: 'native part: none; CRC-32C and batch checks in JavaScript take several times the CPU',
};

function attempt(load: () => unknown): unknown {
  try {
    return load();
  } catch {
    // Not built or not installed on this platform: the next implementation serves, and the agent says which.
    return undefined;
  }
}
