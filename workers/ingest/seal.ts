import { segmentKey } from '../../src/segments/keys.js';
import type { SegmentRing, SegmentRoom } from '../../src/threads/segment-ring.js';
import { checksum, copyBatch, encodeFooter, type SegmentExtentFacts, setLogAppendTime } from './batches.js';
import type { Batch } from './requests.js';
import type { SegmentObject } from './upload.js';

/** A batch in its place in a segment. */
export interface SealedBatch {
  readonly batch: Batch;
  /** From the segment's start. */
  readonly position: number;
  readonly length: number;
}

/** A segment's batches, gathered; what names the object is added by `makeObject`. */
export interface SealedData {
  readonly room: SegmentRoom;
  /** The batches' memory in the lane's arena. */
  readonly memory: Uint8Array;
  readonly memoryCrc32c: number;
  /** In the order of positions. */
  readonly batches: readonly SealedBatch[];
  readonly extents: readonly SegmentExtentFacts[];
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
  const bytes = batches.reduce((sum, batch) => sum + batch.source.length, 0);
  const room = ring.allocate(bytes);
  if (room === undefined) {
    return undefined;
  }
  const memory = arena.subarray(room.position, room.position + bytes);
  const sealed: SealedBatch[] = [];
  const extents: SegmentExtentFacts[] = [];
  let position = 0;
  for (const group of grouped(batches)) {
    const start = position;
    for (const batch of group) {
      const { length } = batch.source;
      copyBatch(batch.source, memory, position);
      if (batch.topic.logAppendTime) {
        setLogAppendTime(memory, position, length, appendTimeMs);
        batch.maxTimestamp = appendTimeMs;
        batch.partition.logAppendTimeMs = appendTimeMs;
      }
      sealed.push({ batch, position, length });
      position += length;
    }
    extents.push(extentOf(group, start, position, memory));
  }
  return { room, memory, memoryCrc32c: checksum(memory), batches: sealed, extents };
}

/** The object of one attempt: the batches, and a footer that names the segment. */
export function makeObject(data: SealedData, cluster: string, agentEpoch: number, segment: number): SegmentObject {
  const footer = encodeFooter({ cluster, agentEpoch, segment, dataBytes: data.memory.length, extents: data.extents });
  return {
    key: segmentKey(cluster, agentEpoch, segment),
    segment,
    body: [data.memory, footer],
    bytes: data.memory.length + footer.length,
    crc32c: checksum(footer, data.memoryCrc32c),
  };
}

/** Batches of one partition together, ordered by topic id and partition. */
function grouped(batches: readonly Batch[]): Batch[][] {
  const groups = new Map<string, Map<number, Batch[]>>();
  for (const batch of batches) {
    const { topicId } = batch.topic;
    let partitions = groups.get(topicId);
    if (partitions === undefined) {
      partitions = new Map();
      groups.set(topicId, partitions);
    }
    const group = partitions.get(batch.partition.index);
    if (group === undefined) {
      partitions.set(batch.partition.index, [batch]);
    } else {
      group.push(batch);
    }
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, partitions]) => [...partitions].sort(([a], [b]) => a - b).map(([, group]) => group));
}

function extentOf(group: readonly Batch[], start: number, end: number, memory: Uint8Array): SegmentExtentFacts {
  const first = group[0]!;
  return {
    topicId: first.topic.topicId,
    partition: first.partition.index,
    position: start,
    length: end - start,
    records: group.reduce((sum, batch) => sum + batch.records, 0),
    batches: group.length,
    minTimestamp: group.reduce((least, batch) => Math.min(least, batch.minTimestamp), Number.MAX_SAFE_INTEGER),
    maxTimestamp: group.reduce((most, batch) => Math.max(most, batch.maxTimestamp), Number.MIN_SAFE_INTEGER),
    producers: group.filter((batch) => batch.producerId !== -1),
    crc32c: checksum(memory.subarray(start, end)),
  };
}
