import type { Counting } from './tally.js';

/**
 * How long after its acknowledgement each batch reached a consumer. Either may come first, so the first one is kept until the
 * other comes; several consumers of a batch count once. A batch that was there before its acknowledgement counts as 0.
 */
export class AfterAck {
  readonly #counting: Counting;
  /** By partition, then base offset: when it was acknowledged, or read. */
  readonly #acknowledged = new Map<number, Map<number, number>>();
  readonly #read = new Map<number, Map<number, number>>();
  /** By partition: what lies below it was read before. */
  readonly #readTo = new Map<number, number>();

  constructor(counting: Counting) {
    this.#counting = counting;
  }

  acknowledged(partition: number, baseOffset: number, records: number, nowMs: number): void {
    const readMs = taken(this.#read, partition, baseOffset);
    if (readMs === undefined) keep(this.#acknowledged, partition, baseOffset, nowMs);
    else this.#record(nowMs, readMs, records);
  }

  read(partition: number, baseOffset: number, records: number, nowMs: number): void {
    if (baseOffset < (this.#readTo.get(partition) ?? 0)) return;
    this.#readTo.set(partition, baseOffset + records);
    const ackMs = taken(this.#acknowledged, partition, baseOffset);
    if (ackMs === undefined) keep(this.#read, partition, baseOffset, nowMs);
    else this.#record(ackMs, nowMs, records);
  }

  #record(ackMs: number, readMs: number, records: number): void {
    const tookMs = readMs - ackMs;
    this.#counting.tally.times.afterAck.recordSpread(tookMs, tookMs, records);
  }
}

function taken(times: Map<number, Map<number, number>>, partition: number, baseOffset: number): number | undefined {
  const own = times.get(partition);
  const ms = own?.get(baseOffset);
  if (ms !== undefined) own!.delete(baseOffset);
  return ms;
}

function keep(times: Map<number, Map<number, number>>, partition: number, baseOffset: number, ms: number): void {
  const own = times.get(partition) ?? new Map<number, number>();
  own.set(baseOffset, ms);
  times.set(partition, own);
}
