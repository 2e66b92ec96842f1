import { type BlockReader, BlockUnavailable, type Reader, type Reading, type ReadRequest } from '../cache/blocks.js';
import type { MetadataView } from '../metadata/view.js';
import type { FetchAnswer, FetchedPartition, FetchPartition, FetchRequest } from './engine-contract.js';

const NONE = 0;
const OFFSET_OUT_OF_RANGE = 1;
const UNKNOWN_TOPIC_OR_PARTITION = 3;
const KAFKA_STORAGE_ERROR = 56;

/** Where a pass looks, and for what. */
export interface Look {
  readonly request: FetchRequest;
  readonly view: MetadataView;
  readonly blocks: BlockReader;
  /** Behind a fresh read. */
  readonly fresh: boolean;
}

/** What one look at the metadata and the memory gave. */
export interface Pass {
  readonly partitions: Found[];
  bytes: number;
  /** Some partition has an error: the answer goes out at once. */
  failed: boolean;
  /** Some offset lies beyond this replica's high watermark: only a fresh read can tell whether it is out of range. */
  doubtful: boolean;
  /** Partitions whose next bytes only the store has. */
  readonly cold: number[];
  /**
   * The first partition that has data is a cold one: its turn comes before what was found in memory. Clients name last what
   * they were served last, so that no partition starves beside a busy one.
   */
  coldFirst: boolean;
  /** Resolve when bytes that are being stamped can be read. */
  readonly soon: Promise<void>[];
}

interface Found {
  error: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  reading: Reading | undefined;
}

/** Reads everything that can be had without waiting, within the byte limits and in order. */
export function lookAround(look: Look): Pass {
  const pass: Pass = {
    partitions: [],
    bytes: 0,
    failed: false,
    doubtful: false,
    cold: [],
    coldFirst: false,
    soon: [],
  };
  for (let i = 0; i < look.request.partitions.length; i += 1) {
    const missing = lookAt(i, pass, look);
    if (missing === 'cold') {
      pass.coldFirst ||= pass.bytes === 0;
      pass.cold.push(i);
    } else if (missing !== undefined) pass.soon.push(missing);
  }
  return pass;
}

/** Adds what of one partition can be had without waiting. Returns what has to be waited for instead, if anything. */
function lookAt(i: number, pass: Pass, { request, view, blocks, fresh }: Look): 'cold' | Promise<void> | undefined {
  const wanted = request.partitions[i]!;
  const found = locate(wanted, view, fresh);
  pass.partitions[i] = found;
  if (found.error !== NONE) {
    pass.failed = true;
    return undefined;
  }
  pass.doubtful ||= wanted.offset > found.highWatermark;
  if (wanted.offset >= found.highWatermark || pass.bytes >= request.bytesMax) return undefined;
  const read = blocks.readMemory(readRequest(wanted, request.bytesMax - pass.bytes, pass.bytes === 0));
  if (read === undefined || read === 'cold' || read instanceof Promise) return read;
  found.reading = read;
  pass.bytes += read.bytes;
  return undefined;
}

/**
 * Asks the store for what a pass did not find in memory. A store that cannot give it is that partition's error. What was
 * found in memory is let go meanwhile and read again: the store may take a minute, in which pins would keep a lane from
 * using its memory, and its producers from their acks.
 */
export async function readCold(pass: Pass, look: Look, reader: Reader): Promise<BlockUnavailable[]> {
  const { request, blocks } = look;
  const bytesLeft = request.bytesMax - pass.bytes;
  const inMemory = letGo(pass);
  const requests = pass.cold.map((i) => readRequest(request.partitions[i]!, bytesLeft, true));
  const readings = await blocks.readCold(requests, bytesLeft, reader);
  const failures: BlockUnavailable[] = [];
  const take = (reading: Reading | BlockUnavailable | undefined, i: number): void => {
    const found = pass.partitions[i]!;
    if (reading === undefined) return;
    if (reading instanceof BlockUnavailable) {
      found.error = KAFKA_STORAGE_ERROR;
      failures.push(reading);
    } else if (pass.bytes > 0 && pass.bytes + reading.bytes > request.bytesMax) {
      reading.release();
    } else {
      found.reading = reading;
      pass.bytes += reading.bytes;
    }
  };
  const before = pass.coldFirst ? 1 : 0;
  for (let k = 0; k < before; k += 1) take(readings[k], pass.cold[k]!);
  // What is no longer there, or not yet, is left out.
  for (const i of inMemory) void lookAt(i, pass, look);
  for (let k = before; k < readings.length; k += 1) take(readings[k], pass.cold[k]!);
  return failures;
}

/** Gives back all that a pass has read; returns of which partitions. */
function letGo(pass: Pass): number[] {
  const read = pass.partitions.flatMap(({ reading }, i) => (reading === undefined ? [] : [i]));
  drop(pass);
  pass.bytes = 0;
  return read;
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
