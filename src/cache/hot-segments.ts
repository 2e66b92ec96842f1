import type { Extent } from '../metadata/view.js';
import { type BatchColumns, batchAt, batchesWithin, type Reading, type ReadRequest } from './blocks.js';

/** A segment that an ingest worker has stamped and that still lies in its memory. Columns as in ingest's `ReadableExtent`. */
export interface SealedSegment {
  /** 1…: whose memory it lies in. */
  readonly lane: number;
  readonly agentEpoch: number;
  readonly segment: number;
  readonly slot: number;
  readonly slotGeneration: number;
  /** The segment's bytes. */
  readonly memory: Uint8Array;
  readonly extents: readonly SealedExtent[];
}

export interface SealedExtent {
  readonly topicId: string;
  readonly partition: number;
  readonly baseOffsets: Float64Array;
  readonly positions: Uint32Array;
  readonly lengths: Uint32Array;
  readonly records: Uint32Array;
}

/** Main's side of a lane's pin words. */
export interface SegmentPins {
  /** False when the slot was evicted or holds another segment by now. */
  tryPin(slot: number, slotGeneration: number): boolean;
  unpin(slot: number): void;
}

interface HotSegment {
  readonly sealed: SealedSegment;
  readonly pins: SegmentPins;
  readonly columns: ReadonlyMap<string, BatchColumns>;
}

interface HotLane {
  readonly pins: SegmentPins;
  readonly keyBySlot: Map<number, string>;
  /** Segments whose publish was sent and that are not readable yet, and who waits for them. */
  readonly publishing: Map<string, (() => void)[]>;
}

/**
 * The segments of this agent's ingest workers, found by extent. A segment is published a moment before its batches are
 * stamped: a reader who comes in between waits for the stamp instead of asking the object store.
 */
export class HotSegments {
  readonly #lanes = new Map<number, HotLane>();
  readonly #segments = new Map<string, HotSegment>();

  openLane(lane: number, pins: SegmentPins): void {
    this.#lanes.set(lane, { pins, keyBySlot: new Map(), publishing: new Map() });
  }

  /** A segment's publish is on its way: from when it is applied until `register` or `notReadable`, readers wait for it. */
  publishing(lane: number, agentEpoch: number, segment: number): void {
    this.#lanes.get(lane)?.publishing.set(keyOf(agentEpoch, segment), []);
  }

  /** Nothing of the segment became visible. */
  notReadable(lane: number, agentEpoch: number, segment: number): void {
    this.#wake(lane, keyOf(agentEpoch, segment));
  }

  /** The lane's worker is gone, and its memory with it. */
  closeLane(lane: number): void {
    const closed = this.#lanes.get(lane);
    if (closed === undefined) return;
    this.#lanes.delete(lane);
    for (const key of closed.keyBySlot.values()) this.#segments.delete(key);
    for (const waiting of closed.publishing.values()) for (const wake of waiting) wake();
  }

  register(sealed: SealedSegment): void {
    const lane = this.#lanes.get(sealed.lane);
    if (lane === undefined) return;
    const key = keyOf(sealed.agentEpoch, sealed.segment);
    const former = lane.keyBySlot.get(sealed.slot);
    if (former !== undefined) this.#segments.delete(former);
    lane.keyBySlot.set(sealed.slot, key);
    const columns = new Map<string, BatchColumns>();
    for (const extent of sealed.extents) {
      const last = extent.baseOffsets.length - 1;
      if (last < 0) continue;
      const endOffset = extent.baseOffsets[last]! + extent.records[last]!;
      columns.set(`${extent.topicId}/${extent.partition}`, { ...extent, endOffset });
    }
    this.#segments.set(key, { sealed, pins: lane.pins, columns });
    this.#wake(sealed.lane, key);
  }

  /** Resolves when an extent that this agent has just published is stamped; undefined when it is not one of those. */
  soon(extent: Extent): Promise<void> | undefined {
    const key = keyOf(extent.agentEpoch, extent.segment);
    for (const { publishing } of this.#lanes.values()) {
      const waiting = publishing.get(key);
      if (waiting !== undefined) return new Promise((wake) => waiting.push(wake));
    }
    return undefined;
  }

  /** Batches of `request` that lie in the extent's segment, pinned; undefined when the segment is not in memory. */
  read(extent: Extent, request: ReadRequest): Reading | undefined {
    const key = keyOf(extent.agentEpoch, extent.segment);
    const hot = this.#segments.get(key);
    if (hot === undefined) return undefined;
    const columns = hot.columns.get(`${request.topicId}/${request.partition}`);
    const first = columns === undefined ? -1 : batchAt(columns, request.offset);
    if (columns === undefined || first < 0 || columns.baseOffsets[first]! > request.offset) return undefined;
    if (!hot.pins.tryPin(hot.sealed.slot, hot.sealed.slotGeneration)) {
      this.#segments.delete(key);
      return undefined;
    }
    const { end, bytes } = batchesWithin(columns, first, request.bytesMax, request.atLeastOne);
    return {
      slices: runs(hot.sealed.memory, columns, first, end),
      bytes,
      nextOffset: end === first ? request.offset : (columns.baseOffsets[end] ?? columns.endOffset),
      place: 'memory',
      release: () => hot.pins.unpin(hot.sealed.slot),
    };
  }

  #wake(lane: number, key: string): void {
    const publishing = this.#lanes.get(lane)?.publishing;
    const waiting = publishing?.get(key);
    publishing?.delete(key);
    for (const wake of waiting ?? []) wake();
  }
}

/** Slices of batches [first, end), neighbours joined: refused batches between accepted ones leave gaps. */
function runs(memory: Uint8Array, columns: BatchColumns, first: number, end: number): Uint8Array[] {
  const slices: Uint8Array[] = [];
  let from = first;
  for (let batch = first; batch < end; batch += 1) {
    const after = columns.positions[batch]! + columns.lengths[batch]!;
    if (batch + 1 < end && columns.positions[batch + 1] === after) continue;
    slices.push(memory.subarray(columns.positions[from]!, after));
    from = batch + 1;
  }
  return slices;
}

function keyOf(agentEpoch: number, segment: number): string {
  return `${agentEpoch}/${segment}`;
}
