import { type BlockReader, BlockUnavailable, type Reading, type ReadRequest } from '../cache/blocks.js';
import type { MetadataView } from '../metadata/view.js';
import type { FetchAnswer, FetchedPartition, FetchPartition, FetchRequest } from './engine-contract.js';

const NONE = 0;
const OFFSET_OUT_OF_RANGE = 1;
const UNKNOWN_TOPIC_OR_PARTITION = 3;
const KAFKA_STORAGE_ERROR = 56;

/** What one look at the metadata and the memory gave. */
export interface Pass {
  readonly partitions: Found[];
  bytes: number;
  /** Some partition has an error: the answer goes out at once. */
  failed: boolean;
  /** Some offset lies beyond this replica's high watermark: only a fresh read can tell whether it is out of range. */
  readonly doubtful: boolean;
  /** Partitions whose next bytes only the store has. */
  readonly cold: readonly number[];
  /**
   * The first partition that has data is a cold one: its turn comes before what was found in memory. Clients name last what
   * they were served last, so that no partition starves beside a busy one.
   */
  readonly coldFirst: boolean;
  /** Resolve when bytes that are being stamped can be read. */
  readonly soon: readonly Promise<void>[];
}

interface Found {
  error: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  reading: Reading | undefined;
}

/** Reads everything that can be had without waiting, within the byte limits and in order. `fresh`: behind a fresh read. */
export function lookAround(request: FetchRequest, view: MetadataView, blocks: BlockReader, fresh: boolean): Pass {
  const partitions: Found[] = [];
  const cold: number[] = [];
  const soon: Promise<void>[] = [];
  let bytes = 0;
  let failed = false;
  let doubtful = false;
  let coldFirst = false;
  for (const [i, wanted] of request.partitions.entries()) {
    const found = locate(wanted, view, fresh);
    partitions.push(found);
    if (found.error !== NONE) {
      failed = true;
      continue;
    }
    doubtful ||= wanted.offset > found.highWatermark;
    if (wanted.offset >= found.highWatermark || bytes >= request.bytesMax) continue;
    const read = blocks.readMemory(readRequest(wanted, request.bytesMax - bytes, bytes === 0));
    if (read === undefined) continue;
    if (read === 'cold') {
      coldFirst ||= bytes === 0;
      cold.push(i);
    } else if (read instanceof Promise) soon.push(read);
    else {
      found.reading = read;
      bytes += read.bytes;
    }
  }
  return { partitions, bytes, failed, doubtful, cold, coldFirst, soon };
}

/** Asks the store for what a pass did not find in memory. A store that cannot give it is that partition's error. */
export async function readCold(pass: Pass, request: FetchRequest, blocks: BlockReader): Promise<BlockUnavailable[]> {
  const bytesLeft = request.bytesMax - pass.bytes;
  const requests = pass.cold.map((i) => readRequest(request.partitions[i]!, bytesLeft, true));
  const readings = await blocks.readCold(requests, bytesLeft);
  const failures: BlockUnavailable[] = [];
  for (const [k, reading] of readings.entries()) {
    const found = pass.partitions[pass.cold[k]!]!;
    if (reading === undefined) continue;
    if (reading instanceof BlockUnavailable) {
      found.error = KAFKA_STORAGE_ERROR;
      failures.push(reading);
    } else if (!(k === 0 && pass.coldFirst) && pass.bytes > 0 && pass.bytes + reading.bytes > request.bytesMax) {
      reading.release();
    } else {
      found.reading = reading;
      pass.bytes += reading.bytes;
    }
  }
  return failures;
}

/** Whether a partition has more than what it gave: a limit, or the end of what one read takes, ended its reading. */
export function isLimited(pass: Pass): boolean {
  return pass.partitions.some(
    ({ reading, highWatermark }) => reading !== undefined && reading.bytes > 0 && reading.nextOffset < highWatermark,
  );
}

export function answerOf(pass: Pass): FetchAnswer {
  const partitions = pass.partitions.map(
    (found): FetchedPartition => ({
      error: found.error,
      // With an error nothing more is told, as in Kafka.
      highWatermark: found.error === NONE ? found.highWatermark : -1,
      logStartOffset: found.error === NONE ? found.logStartOffset : -1,
      slices: found.reading?.slices ?? [],
      bytes: found.reading?.bytes ?? 0,
    }),
  );
  return { partitions, bytes: pass.bytes, release: () => drop(pass) };
}

/** Lets go of everything that a pass pinned. */
export function drop(pass: Pass): void {
  for (const found of pass.partitions) {
    found.reading?.release();
    found.reading = undefined;
  }
}

function locate(wanted: FetchPartition, view: MetadataView, fresh: boolean): Found {
  const partition = view.topicById(wanted.topicId)?.partitions[wanted.partition];
  if (partition === undefined) {
    return { error: UNKNOWN_TOPIC_OR_PARTITION, highWatermark: -1, logStartOffset: -1, reading: undefined };
  }
  const { highWatermark, logStartOffset } = partition;
  const outOfRange = wanted.offset < logStartOffset || (fresh && wanted.offset > highWatermark);
  return { error: outOfRange ? OFFSET_OUT_OF_RANGE : NONE, highWatermark, logStartOffset, reading: undefined };
}

function readRequest(wanted: FetchPartition, bytesLeft: number, atLeastOne: boolean): ReadRequest {
  return {
    topicId: wanted.topicId,
    partition: wanted.partition,
    offset: wanted.offset,
    bytesMax: Math.min(wanted.bytesMax, bytesLeft),
    atLeastOne,
  };
}
