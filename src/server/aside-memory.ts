const STEP_BYTES = 4 * 1024;
/** Longer memory is made for each frame anew. */
const KEPT_BYTES_MAX = 64 * 1024;
/** Kept of each length while no frame needs it; of all lengths sixteen times as much. */
const SPARE_BYTES_MAX = 256 * 1024;

/**
 * Heap for frames that are put together outside the arena. It is kept for the next frame: memory outside V8's heap that is
 * made anew for each drives its collector.
 */
export class AsideMemory {
  /** By length in steps. */
  readonly #spare: Uint8Array[][] = Array.from({ length: KEPT_BYTES_MAX / STEP_BYTES + 1 }, () => []);

  /**
   * For a frame of `most` bytes of which `count` have come: at least that much, with what others wrote there before. It grows
   * with what has come, never with what was declared, but that for all of a frame memory is taken once an eighth is there.
   */
  take(count: number, most: number): Uint8Array {
    const bytes = 8 * count >= most && most <= KEPT_BYTES_MAX ? most : Math.min(most, 2 * count);
    // Less than a step would be rounded up to many times what was reserved for it.
    if (bytes < STEP_BYTES || bytes > KEPT_BYTES_MAX) return new Uint8Array(bytes);
    const steps = Math.ceil(bytes / STEP_BYTES);
    return this.#spare[steps]!.pop() ?? new Uint8Array(steps * STEP_BYTES);
  }

  /** Nobody reads or writes it any more. */
  giveBack(memory: Uint8Array): void {
    if (memory.length < STEP_BYTES || memory.length > KEPT_BYTES_MAX) return;
    const spare = this.#spare[memory.length / STEP_BYTES]!;
    if ((spare.length + 1) * memory.length <= SPARE_BYTES_MAX) spare.push(memory);
  }
}
