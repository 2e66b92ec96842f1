import { native } from '../../native-bindings/bindings.js';
import { CRC_START, crcOf } from '../../src/records/header.js';
import { setAppendTime, setMaxTimestamp } from '../../src/records/stored.js';
import { encodeFooter } from '../../src/segments/footer.js';
import { segmentKey } from '../../src/segments/keys.js';
import { type PlannedExtent, planSegment } from '../../src/segments/plan.js';
import type { ProducerRange, SegmentExtent } from '../../src/segments/segment.wire.js';
import type { SegmentRing, SegmentRoom } from '../../src/threads/segment-ring.js';
import type { Batch } from './requests.js';
import type { SegmentObject } from './upload.js';

/** From here on a checksum that is known saves more than its joining costs. */
const KNOWN_BYTES_MIN = 4096;

/** A batch in its place in a segment. */
export interface SealedBatch {
  readonly batch: Batch;
  /** From the segment's start. */
  readonly position: number;
}

/** A segment's batches, gathered; what names the object is added by `makeObject`. */
export interface SealedData {
  readonly room: SegmentRoom;
  /** The batches' memory in the lane's arena. */
  readonly memory: Uint8Array;
  readonly memoryCrc32c: number;
  /** In the order of positions. */
  readonly batches: readonly SealedBatch[];
  readonly extents: SegmentExtent[];
}

/**
 * Copies the batches, grouped by topic id and partition and otherwise in their order, into the lane's arena: the one copy
 * that they ever get (docs/decisions/001-gather-at-seal.md). Topics with LogAppendTime get `appendTimeMs` in it.
 * Undefined when the arena has no room now.
 */
export function gather(
  batches: readonly Batch[],
  ring: SegmentRing,
  arena: Uint8Array,
  appendTimeMs: number,
): SealedData | undefined {
  const plan = planSegment(batches);
  const room = ring.allocate(plan.dataBytes);
  if (room === undefined) {
    return undefined;
  }
  const memory = arena.subarray(room.position, room.position + plan.dataBytes);
  const sealed: SealedBatch[] = [];
  const extents = plan.extents.map((extent) => gatherExtent(extent, memory, appendTimeMs, sealed));
  const memoryCrc32c = extents.reduce((crc, extent) => native.joinCrc32c(crc, extent.crc32c, extent.length), 0);
  return { room, memory, memoryCrc32c, batches: sealed, extents };
}

/** The object of one attempt: the batches, and a footer that names the segment. */
export function makeObject(data: SealedData, cluster: string, agentEpoch: number, segment: number): SegmentObject {
  const footer = encodeFooter({ cluster, agentEpoch, segment, dataBytes: data.memory.length, extents: data.extents });
  return {
    key: segmentKey(cluster, agentEpoch, segment),
    segment,
    body: [data.memory, footer],
    bytes: data.memory.length + footer.length,
    crc32c: native.crc32c(footer, 0, footer.length, data.memoryCrc32c),
  };
}

function gatherExtent(
  extent: PlannedExtent<Batch>,
  memory: Uint8Array,
  appendTimeMs: number,
  sealed: SealedBatch[],
): SegmentExtent {
  let position = extent.position;
  let crc32c = 0;
  let records = 0;
  let minTimestamp = Number.MAX_SAFE_INTEGER;
  let maxTimestamp = -Number.MAX_SAFE_INTEGER;
  for (const batch of extent.batches) {
    const { source, sourcePosition, bytes } = batch;
    if (batch.topic.logAppendTime) {
      native.copy(memory, position, source, sourcePosition, bytes);
      setAppendTime(memory, position, appendTimeMs);
      crc32c = native.crc32c(memory, position, bytes, crc32c);
      batch.maxTimestamp = appendTimeMs;
      batch.answer.logAppendTimeMs = appendTimeMs;
    } else if (batch.maxTimestampWrong) {
      native.copy(memory, position, source, sourcePosition, bytes);
      setMaxTimestamp(memory, position, batch.maxTimestamp);
      crc32c = native.crc32c(memory, position, bytes, crc32c);
    } else if (bytes >= KNOWN_BYTES_MIN) {
      // The header's was verified when the batch came, or made when it was compressed anew.
      const known = crcOf(source, sourcePosition);
      crc32c = native.copyKnownCrc32c(memory, position, source, sourcePosition, bytes, crc32c, CRC_START, known);
    } else {
      crc32c = native.copyWithCrc32c(memory, position, source, sourcePosition, bytes, crc32c);
    }
    sealed.push({ batch, position });
    records += batch.records;
    minTimestamp = Math.min(minTimestamp, batch.minTimestamp);
    maxTimestamp = Math.max(maxTimestamp, batch.maxTimestamp);
    position += bytes;
  }
  return {
    topicId: extent.topicIdBytes,
    partition: extent.partition,
    position: extent.position,
    length: extent.length,
    records,
    batches: extent.batches.length,
    minTimestamp,
    maxTimestamp,
    stamped: false,
    producers: producersOf(extent.batches),
    crc32c,
  };
}

/** Sequences of each producer, neighbours joined. */
function producersOf(batches: readonly Batch[]): ProducerRange[] {
  const ranges: ProducerRange[] = [];
  for (const { producerId, producerEpoch: epoch, baseSequence, records } of batches) {
    if (producerId === -1) {
      continue;
    }
    const lastSequence = sequenceAfter(baseSequence, records - 1);
    const last = ranges.at(-1);
    const continues =
      last?.producerId === producerId && last.epoch === epoch && sequenceAfter(last.lastSequence, 1) === baseSequence;
    if (continues) {
      last.lastSequence = lastSequence;
    } else {
      ranges.push({ producerId, epoch, firstSequence: baseSequence, lastSequence });
    }
  }
  return ranges;
}

/** Sequences wrap from 2^31 - 1 to 0. */
function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31;
}
