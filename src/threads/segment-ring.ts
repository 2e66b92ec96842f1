import { evictSlot, isUnpinned, openSlot } from './pins.js';

/**
 * Contiguous room for sealed segments in a lane's arena. A segment is first *held* (being filled, uploaded, published:
 * never evicted), then *readable* (evicted when its room is needed and no reader has pinned it), or freed at once.
 * Room is sought from behind the newest segment onwards, so the oldest readable segments go first; a pinned or held one
 * is stepped over, so that one reader who never finishes costs its own segment's room and no more.
 */
export interface SegmentRoom {
  /** Place of its state word in the pins. */
  readonly slot: number;
  readonly position: number;
  readonly length: number;
}

interface Region {
  readonly slot: number;
  readonly position: number;
  length: number;
  readable: boolean;
}

export class SegmentRing {
  readonly #bytes: number;
  readonly #pins: Int32Array;
  readonly #slotsFree: number[] = [];
  /** Ordered by position, never overlapping. */
  readonly #regions: Region[] = [];
  /** The same by their slots. */
  readonly #bySlot: (Region | undefined)[];
  #cursor = 0;

  constructor(bytes: number, pins: Int32Array) {
    this.#bytes = bytes;
    this.#pins = pins;
    this.#bySlot = new Array<Region | undefined>(pins.length).fill(undefined);
    for (let slot = pins.length - 1; slot >= 0; slot -= 1) {
      this.#slotsFree.push(slot);
    }
  }

  /** The longest segment that an arena without pins could hold. */
  get bytesMax(): number {
    return this.#bytes;
  }

  /** Room of `length` > 0 bytes, held; undefined when pinned and held segments leave none now: try again later. */
  allocate(length: number): SegmentRoom | undefined {
    const position = this.#seek(length, this.#cursor) ?? this.#seek(length, 0);
    if (position === undefined || !this.#evict(position, position + length) || !this.#ensureSlot()) {
      return undefined;
    }
    const region: Region = { slot: this.#slotsFree.pop()!, position, length, readable: false };
    this.#regions.splice(this.#indexFrom(position), 0, region);
    this.#bySlot[region.slot] = region;
    this.#cursor = position + length;
    return { slot: region.slot, position, length };
  }

  /** Gives back the end of a held segment that turned out shorter. */
  shrink(room: SegmentRoom, length: number): void {
    const region = this.#region(room.slot);
    if (region.readable || length > region.length) {
      throw new Error(`slot ${room.slot} cannot shrink to ${length}`);
    }
    if (this.#cursor === region.position + region.length) {
      this.#cursor = region.position + length;
    }
    region.length = length;
  }

  /** A held segment may be read, and evicted, from now on; returns the generation that readers must name. */
  makeReadable(room: SegmentRoom): number {
    const region = this.#region(room.slot);
    if (region.readable) {
      throw new Error(`slot ${room.slot} is readable already`);
    }
    region.readable = true;
    return openSlot(this.#pins, room.slot);
  }

  /** Frees a held segment: nobody was told of it. */
  free(room: SegmentRoom): void {
    const region = this.#region(room.slot);
    if (region.readable) {
      throw new Error(`slot ${room.slot} is readable: only eviction frees it`);
    }
    this.#remove(this.#regions.indexOf(region));
  }

  /** The first position at or after `from` before which nothing held or pinned ends a run of `length` bytes. */
  #seek(length: number, from: number): number | undefined {
    let start = from;
    for (let i = this.#indexFrom(from); i < this.#regions.length; i += 1) {
      const region = this.#regions[i]!;
      if (region.position - start >= length) {
        return start;
      }
      if (!region.readable || !isUnpinned(this.#pins, region.slot)) {
        start = region.position + region.length;
      }
    }
    return this.#bytes - start >= length ? start : undefined;
  }

  /** Evicts every readable segment between; false when a reader was faster. */
  #evict(start: number, end: number): boolean {
    const i = this.#indexFrom(start);
    while (i < this.#regions.length && this.#regions[i]!.position < end) {
      if (!evictSlot(this.#pins, this.#regions[i]!.slot)) {
        return false;
      }
      this.#remove(i);
    }
    return true;
  }

  /** Slots can run out before bytes when segments are small: then the oldest readable one after the cursor goes. */
  #ensureSlot(): boolean {
    const count = this.#regions.length;
    const first = this.#indexFrom(this.#cursor);
    for (let step = 0; this.#slotsFree.length === 0 && step < count; step += 1) {
      const i = (first + step) % count;
      const region = this.#regions[i]!;
      if (region.readable && evictSlot(this.#pins, region.slot)) {
        this.#remove(i);
      }
    }
    return this.#slotsFree.length > 0;
  }

  /** Index of the first region that ends behind `position`. */
  #indexFrom(position: number): number {
    let low = 0;
    let high = this.#regions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const region = this.#regions[middle]!;
      if (region.position + region.length <= position) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  #region(slot: number): Region {
    const region = this.#bySlot[slot];
    if (region === undefined) {
      throw new Error(`slot ${slot} holds no segment`);
    }
    return region;
  }

  #remove(index: number): void {
    const [region] = this.#regions.splice(index, 1);
    this.#bySlot[region!.slot] = undefined;
    this.#slotsFree.push(region!.slot);
  }
}
