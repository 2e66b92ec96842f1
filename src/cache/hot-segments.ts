import type { Extent } from '../metadata/view.js';
import type { Reading, ReadRequest } from './blocks.js';

/** A segment that an ingest worker has stamped and that still lies in its memory. */
export interface SealedSegment {
  /** 1…: whose memory it lies in. */
  readonly lane: number;
  readonly agentEpoch: number;
  readonly segment: number;
  readonly slot: number;
  readonly slotGeneration: number;
  /** The segment's bytes. */
  readonly memory: Uint8Array;
  readonly batches: SealedBatches;
}

/** Columns as in ingest's `ReadableBatches`: all visible batches in the order of positions. */
export interface SealedBatches {
  readonly baseOffsets: Float64Array;
  readonly positions: Uint32Array;
  readonly lengths: Uint32Array;
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
}

interface HotLane {
  readonly pins: SegmentPins;
  readonly bySlot: Map<number, HotSegment>;
  /** Segments whose publish was sent and that are not readable yet, and who waits for them. */
  readonly publishing: Map<string, (() => void)[]>;
}

/**
 * The segments of this agent's ingest workers, found by extent. A segment is published a moment before its batches are
 * stamped: a reader who comes in between waits for the stamp instead of asking the object store.
 */
export class HotSegments {
  readonly #lanes = new Map<number, HotLane>();
  /** By the agent's epoch and the segment's number: looked up for every extent of a fetch. */
  readonly #segments = new Map<number, Map<number, HotSegment>>();

  openLane(lane: number, pins: SegmentPins): void {
    this.#lanes.set(lane, { pins, bySlot: new Map(), publishing: new Map() });
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
    for (const hot of closed.bySlot.values()) this.#forget(hot);
    for (const waiting of closed.publishing.values()) for (const wake of waiting) wake();
  }

  register(sealed: SealedSegment): void {
    const lane = this.#lanes.get(sealed.lane);
    if (lane === undefined) return;
    const former = lane.bySlot.get(sealed.slot);
    if (former !== undefined) this.#forget(former);
    const hot = { sealed, pins: lane.pins };
    lane.bySlot.set(sealed.slot, hot);
    let ofEpoch = this.#segments.get(sealed.agentEpoch);
    if (ofEpoch === undefined) {
      ofEpoch = new Map();
      this.#segments.set(sealed.agentEpoch, ofEpoch);
    }
    ofEpoch.set(sealed.segment, hot);
    this.#wake(sealed.lane, keyOf(sealed.agentEpoch, sealed.segment));
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

  /**
   * Adds the extent's batches from `reading.nextOffset` on, as far as `request` has room for them; false when the extent's
   * segment is not in memory.
   */
  readOn(extent: Extent, request: ReadRequest, reading: MemoryReading): boolean {
    const hot = this.#segments.get(extent.agentEpoch)?.get(extent.segment);
    if (hot === undefined) return false;
    const { slot, slotGeneration, memory, batches } = hot.sealed;
    const { positions, baseOffsets, lengths } = batches;
    const begin = firstAtOrAfter(positions, extent.position, 0);
    const end = firstAtOrAfter(positions, extent.position + extent.length, begin);
    const from = containing(baseOffsets, reading.nextOffset, begin, end);
    if (from < 0) return false;
    if (!hot.pins.tryPin(slot, slotGeneration)) {
      this.#forget(hot);
      return false;
    }
    const to = fitting(lengths, from, end, request.bytesMax - reading.bytes, request.atLeastOne && reading.bytes === 0);
    const nextOffset = to === end ? extent.baseOffset + extent.records : baseOffsets[to]!;
    reading.add(hot.pins, slot, to === from ? reading.nextOffset : nextOffset);
    // Batches of one extent lie one behind the other.
    if (to > from) reading.slice(memory.subarray(positions[from]!, positions[to - 1]! + lengths[to - 1]!));
    return true;
  }

  #forget({ sealed }: HotSegment): void {
    const ofEpoch = this.#segments.get(sealed.agentEpoch);
    ofEpoch?.delete(sealed.segment);
    if (ofEpoch?.size === 0) this.#segments.delete(sealed.agentEpoch);
  }

  #wake(lane: number, key: string): void {
    const publishing = this.#lanes.get(lane)?.publishing;
    const waiting = publishing?.get(key);
    publishing?.delete(key);
    for (const wake of waiting ?? []) wake();
  }
}

/** Index after the last of the batches [from, end) that fit into `bytesMax`; the first one fits in any case `atLeastOne`. */
function fitting(lengths: Uint32Array, from: number, end: number, bytesMax: number, atLeastOne: boolean): number {
  let bytes = 0;
  for (let batch = from; batch < end; batch += 1) {
    bytes += lengths[batch]!;
    if (bytes > bytesMax && !(atLeastOne && batch === from)) return batch;
  }
  return end;
}

/** What one partition's reading of sealed segments gathers, each of them pinned. */
export class MemoryReading implements Reading {
  readonly place = 'memory';
  readonly slices: Uint8Array[] = [];
  bytes = 0;
  nextOffset: number;
  readonly #pins: SegmentPins[] = [];
  readonly #slots: number[] = [];

  constructor(offset: number) {
    this.nextOffset = offset;
  }

  get isEmpty(): boolean {
    return this.#pins.length === 0;
  }

  add(pins: SegmentPins, slot: number, nextOffset: number): void {
    this.#pins.push(pins);
    this.#slots.push(slot);
    this.nextOffset = nextOffset;
  }

  slice(bytes: Uint8Array): void {
    this.slices.push(bytes);
    this.bytes += bytes.length;
  }

  release(): void {
    for (let i = 0; i < this.#pins.length; i += 1) this.#pins[i]!.unpin(this.#slots[i]!);
  }
}

/** Index of the first position that is at least `position`; their count when none is. */
function firstAtOrAfter(positions: Uint32Array, position: number, from: number): number {
  let low = from;
  let high = positions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (positions[middle]! < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index, in [begin, end), of the last batch that begins at or before `offset`; -1 when none does. */
function containing(baseOffsets: Float64Array, offset: number, begin: number, end: number): number {
  if (begin === end || baseOffsets[begin]! > offset) return -1;
  let low = begin;
  let high = end - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (baseOffsets[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function keyOf(agentEpoch: number, segment: number): string {
  return `${agentEpoch}/${segment}`;
}
