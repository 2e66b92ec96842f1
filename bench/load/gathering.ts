import { Random } from './random.js';
import type { Template, Templates } from './templates.js';

/** One partition's part of a request. Times are of the run's clock, milliseconds. */
export interface Part {
  readonly partition: number;
  readonly template: Template;
  count: number;
  firstMs: number;
  lastMs: number;
  /** Given when it is sent; kept when it is sent again. */
  sequence: number;
}

export interface Pace {
  /** When the first record may be due. */
  readonly startMs: number;
  /** Nothing is due later. */
  readonly endMs: number;
  /** Milliseconds between two records of this connection; 0: flat out, a record is always due. */
  readonly intervalMs: number;
  readonly arrivals: 'even' | 'poisson';
  /** How long a batch waits for more records. */
  readonly lingerMs: number;
  /** A request holds at most this, but always one batch. */
  readonly requestBytes: number;
}

/**
 * The schedule of one producer: when each record is due follows from seed and pace alone, never from the server, so a
 * stalled server finds all that was due meanwhile, and each record's latency counts from its own time (no coordinated
 * omission). Records become requests as with Kafka's producers: without keys they stick to a partition until its batch is
 * full, with keys they go where the key says; a request leaves when a batch is full or has lingered, with one batch for
 * each partition that has any. What is due but not yet gathered costs no memory: it is the distance of a cursor to now.
 */
export class Gathering {
  readonly #templates: Templates;
  readonly #partitions: readonly number[];
  readonly #pace: Pace;
  readonly #random: Random;
  #parts: Part[] = [];
  readonly #byPartition = new Map<number, Part>();
  #bytes = 0;
  #anyFull = false;
  #closed = false;
  #next: number;
  #sticky: number;
  /** Of the template opened last: what the next one probably has. */
  #capacity = 1;
  /** Flat out, whether the end has come. */
  #over = false;
  /** When the next record is due. */
  #dueMs: number;
  #endMs: number;

  constructor(
    templates: Templates,
    partitions: readonly number[],
    pace: Pace,
    seed: number,
    stream: number,
    phase: number,
  ) {
    this.#templates = templates;
    this.#partitions = partitions;
    this.#pace = pace;
    this.#random = new Random(seed, stream);
    this.#sticky = this.#random.below(partitions.length);
    this.#next = phase;
    this.#dueMs = pace.startMs;
    this.#endMs = pace.endMs;
    this.#advance();
  }

  /** Takes what is due by now into the request that is gathered, up to what a request holds. */
  gather(nowMs: number): void {
    if (this.#pace.intervalMs === 0) {
      if (nowMs < this.#endMs) this.#fill(nowMs);
      else this.#over = true;
      return;
    }
    while (!this.#closed && this.#dueMs <= nowMs && this.#dueMs < this.#endMs) {
      const part = this.#partFor();
      if (part === undefined) return;
      if (part.count === 0) part.firstMs = this.#dueMs;
      const count = this.#dueBy(nowMs, part.template.capacity - part.count);
      this.#skip(count - 1);
      part.count += count;
      part.lastMs = this.#dueMs;
      if (part.count === part.template.capacity) this.#full();
      this.#advance();
    }
  }

  /** Whether the request leaves now: a batch is full, one has lingered, or no more will come. */
  ready(nowMs: number): boolean {
    if (this.#parts.length === 0) return false;
    return this.#anyFull || this.#closed || nowMs >= this.#parts[0]!.firstMs + this.#pace.lingerMs || this.isOver();
  }

  /** The request; the next one begins. */
  take(): Part[] {
    const parts = this.#parts;
    this.#parts = [];
    this.#byPartition.clear();
    this.#bytes = 0;
    this.#anyFull = false;
    this.#closed = false;
    return parts;
  }

  /** When it is worth looking again, if nothing is ready; Infinity when never. */
  wakeMs(): number {
    const { lingerMs, intervalMs } = this.#pace;
    const [first] = this.#parts;
    if (first === undefined) {
      return this.isOver() ? Number.POSITIVE_INFINITY : this.#dueMs + Math.min(lingerMs, this.#untilFullMs(0));
    }
    return Math.min(
      first.firstMs + lingerMs,
      Math.max(this.#dueMs, first.firstMs + intervalMs) + this.#untilFullMs(this.#most()),
    );
  }

  /** Nothing from then on is due. */
  end(nowMs: number): void {
    this.#endMs = Math.min(this.#endMs, nowMs);
  }

  /** Whether everything that the pace has was taken. */
  isOver(): boolean {
    return this.#over || (this.#pace.intervalMs > 0 && this.#dueMs >= this.#endMs);
  }

  /** Records due by then that no request has taken. */
  unsent(nowMs: number): number {
    const gathered = this.#parts.reduce((sum, { count }) => sum + count, 0);
    const { intervalMs } = this.#pace;
    if (intervalMs === 0) return 0;
    return gathered + Math.max(0, Math.ceil((Math.min(nowMs, this.#endMs) - this.#dueMs) / intervalMs));
  }

  /** How many records, one at least, go to the same part: as many as are due by then and fit, where that can be counted. */
  #dueBy(nowMs: number, countMax: number): number {
    const { arrivals, intervalMs } = this.#pace;
    if (arrivals !== 'even' || this.#templates.keyed) return 1;
    // Strictly before the end. A rounding error takes a record late rather than early.
    const count = Math.min(
      Math.floor((nowMs - this.#dueMs) / intervalMs) + 1,
      Math.ceil((this.#endMs - this.#dueMs) / intervalMs),
    );
    return Math.max(1, Math.min(count, countMax));
  }

  #skip(count: number): void {
    if (count === 0) return;
    this.#next += count;
    this.#dueMs = this.#pace.startMs + (this.#next - 1) * this.#pace.intervalMs;
  }

  #most(): number {
    return this.#parts.reduce((most, { count }) => Math.max(most, count), 0);
  }

  /** The least time in which the batch that has `count` records can fill up. */
  #untilFullMs(count: number): number {
    return Math.max(0, this.#capacity - count - 1) * this.#pace.intervalMs;
  }

  #advance(): void {
    const { startMs, intervalMs, arrivals } = this.#pace;
    if (arrivals === 'even') {
      this.#dueMs = startMs + this.#next * intervalMs;
      this.#next += 1;
    } else {
      this.#dueMs += -Math.log(1 - this.#random.next()) * intervalMs;
    }
  }

  #full(): void {
    this.#anyFull = true;
    // The key says where the next record goes: it may be there, and a request has one batch of a partition.
    if (this.#templates.keyed) this.#closed = true;
  }

  /** The part that takes the next record; undefined when the request cannot take it. */
  #partFor(): Part | undefined {
    if (this.#templates.keyed) {
      const partition = this.#templates.drawPartition(this.#random);
      return this.#byPartition.get(partition) ?? this.#open(partition);
    }
    const last = this.#parts.at(-1);
    if (last !== undefined && last.count < last.template.capacity) return last;
    if (this.#parts.length === this.#partitions.length) {
      this.#closed = true;
      return undefined;
    }
    return this.#openNext();
  }

  #openNext(): Part | undefined {
    const part = this.#open(this.#partitions[this.#sticky]!);
    if (part !== undefined) this.#sticky = (this.#sticky + 1) % this.#partitions.length;
    return part;
  }

  #open(partition: number): Part | undefined {
    const template = this.#templates.draw(partition, this.#random);
    const bytes = template.bytesOf(template.capacity);
    if (this.#parts.length > 0 && this.#bytes + bytes > this.#pace.requestBytes) {
      this.#closed = true;
      return undefined;
    }
    const part = { partition, template, count: 0, firstMs: 0, lastMs: 0, sequence: -1 };
    this.#capacity = template.capacity;
    this.#parts.push(part);
    this.#byPartition.set(partition, part);
    this.#bytes += bytes;
    return part;
  }

  /** Flat out: full batches of as many partitions as a request holds; with keys until the first is full. */
  #fill(nowMs: number): void {
    while (!this.#closed) {
      const part = this.#partFor();
      if (part === undefined) break;
      part.count = this.#templates.keyed ? part.count + 1 : part.template.capacity;
      part.firstMs = nowMs;
      part.lastMs = nowMs;
      if (part.count === part.template.capacity) this.#full();
    }
    this.#closed = true;
  }
}
