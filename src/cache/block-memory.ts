import type { Reader } from './blocks.js';
import { BuddyAllocator } from './buddy.js';

/** One aligned piece of a segment in the cold arena. */
export interface Block {
  readonly key: string;
  /** In the arena. */
  readonly position: number;
  readonly length: number;
  /** Resolves when the bytes are there. */
  loaded: Promise<void>;
  /** Positions (in the segment) of the extents whose batches in this block are stamped. */
  readonly stamped: Set<number>;
  pins: number;
}

interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
}

/**
 * The arena of cold blocks: least recently used ones make room, pinned ones never. Readers are admitted one after the
 * other with all the bytes that they will pin, so that no two of them can wait for each other.
 */
export class BlockMemory {
  readonly #bytes: number;
  readonly #buddy: BuddyAllocator;
  /** In the order of use, least recent first. */
  readonly #blocks = new Map<string, Block>();
  /** In order of arrival. */
  readonly #waiting = new Set<Waiter>();
  /** Forgotten while readers held them: their room comes free with the last pin. */
  readonly #forgotten = new Set<Block>();
  #admittedBytes = 0;

  constructor(arenaBytes: number, pieceBytesMin: number) {
    this.#bytes = arenaBytes;
    this.#buddy = new BuddyAllocator(arenaBytes, pieceBytesMin);
  }

  /** Bytes that a reader may ask admission for at a time: several readers fit beside one another. */
  get admissionBytesMax(): number {
    return this.#bytes / 4;
  }

  /** Readers that wait in line. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** What a block of `length` bytes counts for admission. */
  cost(length: number): number {
    return this.#buddy.rounded(length);
  }

  /**
   * Waits in line until the bytes may be pinned; more than half of the arena waits to be alone. False: the reader left the
   * line before its turn.
   */
  async admit(bytes: number, { signal, crowded }: Reader): Promise<boolean> {
    if (this.#waiting.size === 0 && this.#fits(bytes)) {
      this.#admittedBytes += bytes;
      return true;
    }
    if (signal.aborted || crowded?.aborted) return false;
    return new Promise((resolve) => {
      const end = (admitted: boolean): void => {
        signal.removeEventListener('abort', leave);
        crowded?.removeEventListener('abort', leave);
        resolve(admitted);
      };
      const waiter: Waiter = { bytes, admit: () => end(true) };
      const leave = (): void => {
        this.#waiting.delete(waiter);
        end(false);
        // One who needs less may have stood behind.
        this.#admitNext();
      };
      signal.addEventListener('abort', leave);
      crowded?.addEventListener('abort', leave);
      this.#waiting.add(waiter);
    });
  }

  /** Gives back what `admit` granted, or part of it. */
  leave(bytes: number): void {
    this.#admittedBytes -= bytes;
    this.#admitNext();
  }

  get(key: string): Block | undefined {
    const block = this.#blocks.get(key);
    if (block === undefined) return undefined;
    this.#blocks.delete(key);
    this.#blocks.set(key, block);
    return block;
  }

  /** Makes room for a block, evicting what nobody pins; undefined when pinned blocks leave no piece that large. */
  place(key: string, length: number): Block | undefined {
    for (const block of this.#forgotten) {
      if (block.pins > 0) continue;
      this.#forgotten.delete(block);
      this.#buddy.release(block.position);
    }
    let position = this.#buddy.allocate(length);
    for (const block of this.#blocks.values()) {
      if (position !== undefined) break;
      if (block.pins > 0) continue;
      this.drop(block);
      position = this.#buddy.allocate(length);
    }
    if (position === undefined) return undefined;
    const block: Block = { key, position, length, loaded: Promise.resolve(), stamped: new Set(), pins: 0 };
    this.#blocks.set(key, block);
    return block;
  }

  /** Forgets an unpinned block. */
  drop(block: Block): void {
    if (this.#blocks.get(block.key) !== block) return;
    this.#blocks.delete(block.key);
    this.#buddy.release(block.position);
  }

  /** The next reader must load it anew; those who hold it keep its bytes. */
  forget(block: Block): void {
    if (this.#blocks.get(block.key) !== block) return;
    this.#blocks.delete(block.key);
    this.#forgotten.add(block);
  }

  #admitNext(): void {
    for (const next of this.#waiting) {
      if (!this.#fits(next.bytes)) return;
      this.#waiting.delete(next);
      this.#admittedBytes += next.bytes;
      next.admit();
    }
  }

  /** Half of the arena is for pinned blocks, so that buddy fragments and rounding never leave an admitted reader without room. */
  #fits(bytes: number): boolean {
    return this.#admittedBytes === 0 || this.#admittedBytes + bytes <= this.#bytes / 2;
  }
}
