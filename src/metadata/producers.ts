import { errors } from '../protocol/errors.js';
import type { AllocateProducerIds } from './journal.wire.js';
import type { Ledger } from './limits.js';
import { SIZE } from './limits.js';
import type { Outcome } from './outcomes.js';
import { refused } from './outcomes.js';

/** Where a producer's row belongs: a partition, with its rows by producer id. */
export interface ProducerOwner {
  readonly topicId: string;
  readonly index: number;
  readonly producers: Map<number, number>;
}

/** Batches that a producer may have in flight, and so the window in which a repeat is recognised (Kafka: 5). */
export const WINDOW = 5;
export const PRODUCER_IDS_PER_COMMAND_MAX = 1_000_000;

/**
 * What idempotent producers did last, one row for each partition and producer id: the epoch and the last
 * five batches. Rows are columns in chunks, linked in the order of their last use; above `producerRowsMax` the one used
 * longest ago goes (a producer without state may go on with any sequence, so nothing breaks).
 */
export class Producers {
  readonly #ledger: Ledger;
  readonly #chunks: Chunk[] = [];
  readonly #free: number[] = [];
  #rows = 0;
  #oldest = -1;
  #newest = -1;
  /** The next producer id that no one was given. */
  nextProducerId = 1;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get count(): number {
    return this.#rows - this.#free.length;
  }

  /**
   * Judges a batch of `records` records: the original's base offset when it repeats one of the window, else a Kafka error
   * or 0. Changes nothing.
   */
  judge(owner: ProducerOwner, producerId: number, epoch: number, sequence: number, records: number): Judgement {
    const row = owner.producers.get(producerId);
    if (row === undefined) {
      return ACCEPT;
    }
    const chunk = this.#chunks[row >>> CHUNK_SHIFT]!;
    const at = row & CHUNK_MASK;
    const known = chunk.epochs[at]!;
    if (epoch < known) {
      return STALE_EPOCH;
    }
    if (epoch > known) {
      return sequence === 0 ? ACCEPT : OUT_OF_ORDER;
    }
    const last = lastSequence(sequence, records);
    const count = chunk.counts[at]!;
    for (let slot = at * WINDOW; slot < at * WINDOW + count; slot++) {
      if (chunk.firsts[slot] === sequence && chunk.lasts[slot] === last) {
        return { error: errors.NONE.code, duplicateOf: chunk.offsets[slot]! };
      }
    }
    const previous = chunk.lasts[at * WINDOW + count - 1]!;
    return sequence === nextSequence(previous) ? ACCEPT : OUT_OF_ORDER;
  }

  /** Notes an accepted batch: the producer's row is made or moved to the end of the order of use. */
  accept(
    owner: ProducerOwner,
    producerId: number,
    epoch: number,
    sequence: number,
    records: number,
    baseOffset: number,
    maxTimestamp: number,
    timeMs: number,
  ): void {
    let row = owner.producers.get(producerId);
    if (row === undefined) {
      row = this.#add(owner, producerId);
    } else {
      this.#unlink(row);
      this.#linkNewest(row);
    }
    const chunk = this.#chunks[row >>> CHUNK_SHIFT]!;
    const at = row & CHUNK_MASK;
    const first = at * WINDOW;
    if (chunk.epochs[at] !== epoch) {
      chunk.epochs[at] = epoch;
      chunk.counts[at] = 0;
    }
    let count = chunk.counts[at]!;
    if (count === WINDOW) {
      count--;
      for (let slot = first; slot < first + count; slot++) {
        chunk.firsts[slot] = chunk.firsts[slot + 1]!;
        chunk.lasts[slot] = chunk.lasts[slot + 1]!;
        chunk.offsets[slot] = chunk.offsets[slot + 1]!;
      }
    }
    chunk.firsts[first + count] = sequence;
    chunk.lasts[first + count] = lastSequence(sequence, records);
    chunk.offsets[first + count] = baseOffset;
    chunk.counts[at] = count + 1;
    chunk.usedMs[at] = timeMs;
    chunk.lastTimestamps[at] = maxTimestamp;
    this.#ledger.digest.number(producerId);
    this.#ledger.digest.number(sequence);
  }

  allocate(command: AllocateProducerIds): Outcome {
    if (command.count < 1 || command.count > PRODUCER_IDS_PER_COMMAND_MAX) {
      return refused(errors.INVALID_REQUEST.code, `a block holds 1 to ${PRODUCER_IDS_PER_COMMAND_MAX} producer ids`);
    }
    const first = this.nextProducerId;
    this.nextProducerId += command.count;
    return { kind: 'producer-ids-allocated', first, count: command.count };
  }

  /** Drops a row. */
  remove(row: number): void {
    const chunk = this.#chunks[row >>> CHUNK_SHIFT]!;
    const at = row & CHUNK_MASK;
    chunk.owners[at]!.producers.delete(chunk.ids[at]!);
    chunk.owners[at] = undefined;
    this.#unlink(row);
    this.#free.push(row);
    this.#ledger.bytes -= SIZE.producer;
    this.#ledger.digest.number(chunk.ids[at]!);
  }

  /** Drops the rows used longest ago until the cap holds again, at most `rowsMax` of them. */
  trim(rowsMax: number): void {
    for (let left = rowsMax; left > 0 && this.count > this.#ledger.producerRowsMax; left--) {
      this.remove(this.#oldest);
    }
  }

  /** A copy of a row, for snapshots and tests. */
  read(row: number): ProducerRow {
    const chunk = this.#chunks[row >>> CHUNK_SHIFT]!;
    const at = row & CHUNK_MASK;
    const first = at * WINDOW;
    const end = first + chunk.counts[at]!;
    return {
      owner: chunk.owners[at]!,
      producerId: chunk.ids[at]!,
      epoch: chunk.epochs[at]!,
      usedMs: chunk.usedMs[at]!,
      lastTimestamp: chunk.lastTimestamps[at]!,
      firstSequences: [...chunk.firsts.subarray(first, end)],
      lastSequences: [...chunk.lasts.subarray(first, end)],
      baseOffsets: [...chunk.offsets.subarray(first, end)],
    };
  }

  /** Puts back a row that `read` gave, as the one used last. */
  restore(saved: ProducerRow): number {
    const row = this.#add(saved.owner, saved.producerId);
    const chunk = this.#chunks[row >>> CHUNK_SHIFT]!;
    const at = row & CHUNK_MASK;
    chunk.epochs[at] = saved.epoch;
    chunk.usedMs[at] = saved.usedMs;
    chunk.lastTimestamps[at] = saved.lastTimestamp;
    chunk.counts[at] = saved.firstSequences.length;
    chunk.firsts.set(saved.firstSequences, at * WINDOW);
    chunk.lasts.set(saved.lastSequences, at * WINDOW);
    chunk.offsets.set(saved.baseOffsets, at * WINDOW);
    return row;
  }

  /** Orders all rows by these numbers, the one used longest ago first. */
  restoreOrder(rows: Iterable<number>): void {
    for (const row of rows) {
      this.#unlink(row);
      this.#linkNewest(row);
    }
  }

  /** Row numbers, the one used longest ago first. */
  *byUse(): Generator<number> {
    for (let row = this.#oldest; row !== -1; row = this.#chunks[row >>> CHUNK_SHIFT]!.next[row & CHUNK_MASK]!) {
      yield row;
    }
  }

  #add(owner: ProducerOwner, producerId: number): number {
    if (this.count >= this.#ledger.producerRowsMax) {
      this.remove(this.#oldest);
    }
    let row = this.#free.pop();
    if (row === undefined) {
      row = this.#rows++;
      if (row % CHUNK_ROWS === 0) {
        this.#chunks.push(new Chunk());
      }
    }
    const chunk = this.#chunks[row >>> CHUNK_SHIFT]!;
    const at = row & CHUNK_MASK;
    chunk.owners[at] = owner;
    chunk.ids[at] = producerId;
    chunk.epochs[at] = -1;
    chunk.counts[at] = 0;
    owner.producers.set(producerId, row);
    this.#linkNewest(row);
    this.#ledger.bytes += SIZE.producer;
    return row;
  }

  #linkNewest(row: number): void {
    const chunk = this.#chunks[row >>> CHUNK_SHIFT]!;
    const at = row & CHUNK_MASK;
    chunk.previous[at] = this.#newest;
    chunk.next[at] = -1;
    if (this.#newest === -1) {
      this.#oldest = row;
    } else {
      this.#chunks[this.#newest >>> CHUNK_SHIFT]!.next[this.#newest & CHUNK_MASK] = row;
    }
    this.#newest = row;
  }

  #unlink(row: number): void {
    const chunk = this.#chunks[row >>> CHUNK_SHIFT]!;
    const previous = chunk.previous[row & CHUNK_MASK]!;
    const next = chunk.next[row & CHUNK_MASK]!;
    if (previous === -1) {
      this.#oldest = next;
    } else {
      this.#chunks[previous >>> CHUNK_SHIFT]!.next[previous & CHUNK_MASK] = next;
    }
    if (next === -1) {
      this.#newest = previous;
    } else {
      this.#chunks[next >>> CHUNK_SHIFT]!.previous[next & CHUNK_MASK] = previous;
    }
  }
}

export interface Judgement {
  readonly error: number;
  /** Base offset of the original, when the batch repeats one; -1 otherwise. */
  readonly duplicateOf: number;
}

/** Columns of equal length for the batches of the window, oldest first. */
export interface ProducerRow {
  readonly owner: ProducerOwner;
  readonly producerId: number;
  readonly epoch: number;
  /** Entry time of the last accepted batch, and its greatest timestamp, as the producer sent it. */
  readonly usedMs: number;
  readonly lastTimestamp: number;
  readonly firstSequences: readonly number[];
  readonly lastSequences: readonly number[];
  readonly baseOffsets: readonly number[];
}

const ACCEPT: Judgement = { error: errors.NONE.code, duplicateOf: -1 };
const STALE_EPOCH: Judgement = { error: errors.INVALID_PRODUCER_EPOCH.code, duplicateOf: -1 };
const OUT_OF_ORDER: Judgement = { error: errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code, duplicateOf: -1 };

/** Sequences run from 0 to 2,147,483,647 and then from 0 again. */
function lastSequence(first: number, records: number): number {
  return (first + records - 1) % 0x8000_0000;
}

function nextSequence(last: number): number {
  return last === 0x7fff_ffff ? 0 : last + 1;
}

const CHUNK_SHIFT = 10;
const CHUNK_ROWS = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_ROWS - 1;

class Chunk {
  readonly owners: (ProducerOwner | undefined)[] = new Array<ProducerOwner | undefined>(CHUNK_ROWS).fill(undefined);
  readonly ids = new Float64Array(CHUNK_ROWS);
  readonly epochs = new Int16Array(CHUNK_ROWS);
  readonly counts = new Uint8Array(CHUNK_ROWS);
  readonly usedMs = new Float64Array(CHUNK_ROWS);
  readonly lastTimestamps = new Float64Array(CHUNK_ROWS);
  readonly firsts = new Int32Array(CHUNK_ROWS * WINDOW);
  readonly lasts = new Int32Array(CHUNK_ROWS * WINDOW);
  readonly offsets = new Float64Array(CHUNK_ROWS * WINDOW);
  readonly previous = new Int32Array(CHUNK_ROWS);
  readonly next = new Int32Array(CHUNK_ROWS);
}
