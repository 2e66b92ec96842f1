import type { Settings } from './config/settings.js';

/** How `--memory`, the resident memory of the whole process, is divided. All in bytes. */
export interface MemoryPlan {
  /** Socket bytes on their way to an ingest worker. */
  readonly chunksBytes: number;
  /** Pieces of it that are handed to connections. */
  readonly chunkBytes: number;
  /** Sealed segments of each ingest worker: being uploaded, then the cache of the tail. */
  readonly laneBytes: number;
  /** Blocks read back from the object store. A power of two. */
  readonly blocksBytes: number;
  /** A segment is read in pieces of this size, aligned in the segment. */
  readonly blockBytes: number;
  /** Shorter pieces take at least this much of the arena. */
  readonly blockPieceBytesMin: number;
  /** The largest request that fits all of these; a larger one is refused although `--frame-bytes-max` allows it. */
  readonly frameBytesMax: number;
  /** What fetch sessions remember of their partitions. */
  readonly fetchSessionsBytesMax: number;
  /** Requests that the main thread has decoded and not answered. */
  readonly decodedBytes: number;
  /** Commands that clients asked for and the journal has not taken yet. */
  readonly commandsBytes: number;
  /** Answers that clients have not taken, apart from the record batches in them. */
  readonly answersBytes: number;
  /** What clients have sent and is not read as requests yet: it waits for memory, or for a TLS handshake. */
  readonly backlogBytes: number;
}

const MiB = 2 ** 20;

/** Threads tell one another places in an arena as unsigned 32 bit numbers. */
const ARENA_BYTES_MAX = 2 ** 32;

/**
 * Node, its threads and their libraries take about 30 % of the default 512 MiB, the two replicas of the metadata up to a
 * quarter; the arenas share the rest. A lane needs room for a segment that is filling its successor's place while others
 * upload, so a request may take at most half of a lane.
 */
export function planMemory(settings: Pick<Settings, 'memoryBytes' | 'workers' | 'frameBytesMax'>): MemoryPlan {
  const chunksBytes = Math.min(wholeMiB(settings.memoryBytes / 8), ARENA_BYTES_MAX);
  const laneBytes = Math.min(wholeMiB((settings.memoryBytes * 3) / 16 / settings.workers), ARENA_BYTES_MAX);
  const blocksBytes = Math.min(2 ** Math.floor(Math.log2(settings.memoryBytes / 8)), ARENA_BYTES_MAX);
  const frameBytesMax = Math.min(
    settings.frameBytesMax,
    wholeMiB(chunksBytes / 2),
    wholeMiB(laneBytes / 2),
    blocksBytes / 2,
  );
  return {
    chunksBytes,
    chunkBytes: MiB,
    laneBytes,
    blocksBytes,
    blockBytes: 4 * MiB,
    blockPieceBytesMin: MiB / 16,
    frameBytesMax,
    fetchSessionsBytesMax: wholeMiB(settings.memoryBytes / 64),
    decodedBytes: wholeMiB(settings.memoryBytes / 16),
    commandsBytes: wholeMiB(settings.memoryBytes / 16),
    answersBytes: wholeMiB(settings.memoryBytes / 32),
    backlogBytes: wholeMiB(settings.memoryBytes / 32),
  };
}

/** A sentence when no request could carry the largest batch that is to be accepted. */
export function memoryFlaw(
  settings: Pick<Settings, 'memoryBytes' | 'workers' | 'frameBytesMax' | 'messageBytesMax'>,
): string | undefined {
  const { frameBytesMax } = planMemory(settings);
  return settings.messageBytesMax < frameBytesMax
    ? undefined
    : `--message-bytes-max must be below ${frameBytesMax / MiB}MiB, the largest request that --memory and --workers leave room for`;
}

function wholeMiB(bytes: number): number {
  return Math.floor(bytes / MiB) * MiB;
}
