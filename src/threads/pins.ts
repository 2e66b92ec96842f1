/**
 * One word for each place of a lane's sealed-segment arena: `generation << 16 | pins`. Readers pin and unpin, the lane
 * opens and evicts, all by compare-and-exchange; a segment is evicted only while nobody has pinned it, and a pin fails
 * once it is gone or its place was given to another segment (another generation).
 */

const PINS_MASK = 0xffff;
/** In the place of a pin count: nothing readable here. */
const CLOSED = 0xffff;
const GENERATION_MASK = 0xffff;

/** Memory for `slots` words, all closed at generation 0. */
export function createPins(slots: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(slots * 4);
  new Int32Array(memory).fill(CLOSED);
  return memory;
}

/** Lane: makes a closed slot readable; returns its new generation. */
export function openSlot(words: Int32Array, slot: number): number {
  const word = Atomics.load(words, slot);
  if ((word & PINS_MASK) !== CLOSED) {
    throw new Error(`slot ${slot} is open already`);
  }
  const generation = ((word >>> 16) + 1) & GENERATION_MASK;
  Atomics.store(words, slot, generation << 16);
  return generation;
}

/** Lane: closes an open slot; false when it is pinned. */
export function evictSlot(words: Int32Array, slot: number): boolean {
  const word = Atomics.load(words, slot);
  return (word & PINS_MASK) === 0 && Atomics.compareExchange(words, slot, word, word | CLOSED) === word;
}

/** Lane: whether `evictSlot` would succeed at this moment. */
export function isUnpinned(words: Int32Array, slot: number): boolean {
  return (Atomics.load(words, slot) & PINS_MASK) === 0;
}

/** Reader: true when the slot's bytes stay until `unpinSlot`; false when that generation is gone. */
export function pinSlot(words: Int32Array, slot: number, generation: number): boolean {
  let word = Atomics.load(words, slot);
  for (;;) {
    const pins = word & PINS_MASK;
    // One below CLOSED is as many pins as a word can count: then the reader goes elsewhere.
    if (word >>> 16 !== generation || pins >= CLOSED - 1) {
      return false;
    }
    const found = Atomics.compareExchange(words, slot, word, word + 1);
    if (found === word) {
      return true;
    }
    word = found;
  }
}

/** Reader: gives one pin back. */
export function unpinSlot(words: Int32Array, slot: number): void {
  const word = Atomics.sub(words, slot, 1);
  const pins = word & PINS_MASK;
  if (pins === 0 || pins === CLOSED) {
    throw new Error(`slot ${slot} was not pinned`);
  }
}
