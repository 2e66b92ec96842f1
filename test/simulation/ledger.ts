import { GroupHistory } from './group-history.js';
import { LogStarts } from './log-starts.js';

/** What the model clients were told and saw. The checkers in invariants/ read it; every violation names its invariant. */
export class Ledger {
  readonly violations: string[] = [];
  /** Per partition, per producer: its values in sending order. */
  readonly sent = new Map<string, Map<string, string[]>>();
  /** Values whose producer knows that they are durable, and at which offset. */
  readonly acknowledgedAt = new Map<string, { readonly partition: string; readonly offset: number }>();
  /** Per partition: the offset after the last record that anyone was told is durable. */
  readonly acknowledgedEnd = new Map<string, number>();
  /** Values that were sent but never answered, with the number of the lost connection. */
  readonly unknownValues = new Map<string, number>();
  #losses = 0;
  /** Per partition: offset to value, as the first reader saw it. */
  log = new Map<string, Map<number, string>>();
  /** The same, as it was before everything was read once more. */
  seenBefore: ReadonlyMap<string, ReadonlyMap<number, string>> = new Map();
  readonly idempotent = new Set<string>();
  readonly groups = new GroupHistory();
  readonly logStarts = new LogStarts();
  /** Per partition: where the log began at the end. Of what was below, only some was seen. */
  readonly #begins = new Map<string, number>();

  sending(
    producer: {
      readonly name: string;
      readonly topic: string;
      readonly partition: number;
      readonly idempotent: boolean;
    },
    values: readonly string[],
  ): void {
    const byProducer = atKey(this.sent, keyOf(producer), () => new Map<string, string[]>());
    atKey(byProducer, producer.name, () => []).push(...values);
    if (producer.idempotent) this.idempotent.add(producer.name);
  }

  acknowledged(
    producer: { readonly topic: string; readonly partition: number },
    values: readonly string[],
    baseOffset: number,
  ): void {
    const key = keyOf(producer);
    this.acknowledgedEnd.set(key, Math.max(this.acknowledgedEnd.get(key) ?? 0, baseOffset + values.length));
    for (const [i, value] of values.entries()) {
      const former = this.acknowledgedAt.get(value);
      if (former !== undefined) this.violation(`invariant 7: ${value} was acknowledged twice`);
      this.acknowledgedAt.set(value, { partition: keyOf(producer), offset: baseOffset + i });
    }
  }

  /** What one lost connection left unanswered, all of it in one call. */
  unknown(values: readonly string[]): void {
    this.#losses += 1;
    for (const value of values) this.unknownValues.set(value, this.#losses);
  }

  /** A consumer saw a record. One value per offset for all readers, all caches, all times. */
  saw(topic: string, partition: number, offset: number, value: string): void {
    const log = atKey(this.log, keyOf({ topic, partition }), () => new Map<number, string>());
    const former = log.get(offset);
    if (former === undefined) log.set(offset, value);
    else if (former !== value)
      this.violation(`invariant 4: ${topic}-${partition} offset ${offset} is ${value}, was ${former}`);
  }

  /** What is seen from now on is all that there is at the end. */
  beginFinalRead(): void {
    this.seenBefore = this.log;
    this.log = new Map();
  }

  /** Where each partition begins when everything is over, by topic. */
  began(starts: ReadonlyMap<string, readonly number[]>): void {
    for (const [topic, offsets] of starts)
      for (const [partition, offset] of offsets.entries()) this.#begins.set(keyOf({ topic, partition }), offset);
  }

  /** What was deleted and seen before belongs to the log, too: it must fit the rest. */
  remember(): void {
    for (const [key, begin] of this.#begins) {
      const log = atKey(this.log, key, () => new Map<number, string>());
      for (const [offset, value] of this.seenBefore.get(key) ?? []) {
        if (offset < begin && !log.has(offset)) log.set(offset, value);
      }
    }
  }

  /** At the end; 0 when nothing was deleted. */
  beginOf(key: string): number {
    return this.#begins.get(key) ?? 0;
  }

  violation(sentence: string): void {
    this.violations.push(sentence);
  }
}

export function keyOf(partition: { readonly topic: string; readonly partition: number }): string {
  return `${partition.topic}-${partition.partition}`;
}

function atKey<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
