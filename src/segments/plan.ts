/** A batch that waits to be laid into a segment. */
export interface WaitingBatch {
  /** 16 bytes. */
  readonly topicIdBytes: Uint8Array;
  readonly topicId: string;
  readonly partition: number;
  readonly bytes: number;
}

/** Batches of one partition, together and in the order in which they came. */
export interface PlannedExtent<B extends WaitingBatch> {
  readonly topicId: string;
  readonly topicIdBytes: Uint8Array;
  readonly partition: number;
  /** Of the first batch, in the segment. */
  readonly position: number;
  readonly length: number;
  readonly batches: readonly B[];
}

export interface SegmentPlan<B extends WaitingBatch> {
  /** By topic id (bytewise), then partition. */
  readonly extents: readonly PlannedExtent<B>[];
  /** Bytes of all batches; the footer comes behind them. */
  readonly dataBytes: number;
}

/** The layout of a segment: batches grouped by topic id and partition, arrival order kept inside a group. */
export function planSegment<B extends WaitingBatch>(batches: readonly B[]): SegmentPlan<B> {
  const groups = new Map<string, Map<number, B[]>>();
  for (const batch of batches) {
    let partitions = groups.get(batch.topicId);
    if (partitions === undefined) {
      partitions = new Map();
      groups.set(batch.topicId, partitions);
    }
    const group = partitions.get(batch.partition);
    if (group === undefined) partitions.set(batch.partition, [batch]);
    else group.push(batch);
  }
  const ordered = [...groups.values()].flatMap((partitions) => [...partitions.values()]);
  ordered.sort(([a], [b]) => compareBytes(a!.topicIdBytes, b!.topicIdBytes) || a!.partition - b!.partition);
  const extents: PlannedExtent<B>[] = [];
  let position = 0;
  for (const group of ordered) {
    const { topicId, topicIdBytes, partition } = group[0]!;
    const length = group.reduce((sum, batch) => sum + batch.bytes, 0);
    extents.push({ topicId, topicIdBytes, partition, position, length, batches: group });
    position += length;
  }
  return { extents, dataBytes: position };
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
