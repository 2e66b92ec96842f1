/** What producers were told and what a fresh consumer read afterwards, and the sentences that must hold between them. */
export interface History {
  /** Per producer, in sending order. */
  readonly sent: ReadonlyMap<string, readonly SentRecord[]>;
  /** Per partition, in the order in which the consumer saw them. */
  readonly read: ReadonlyMap<number, readonly ReadRecord[]>;
}

export interface SentRecord {
  readonly partition: number;
  readonly value: string;
  /** True when the producer was told that it is durable; false: the outcome is unknown. */
  readonly acknowledged: boolean;
}

export interface ReadRecord {
  readonly offset: number;
  readonly value: string;
}

/** Every violation as a sentence; empty when the history is right. */
export function violations(history: History): string[] {
  return [...lostOrDoubled(history), ...outOfOrder(history), ...gaps(history)];
}

function lostOrDoubled(history: History): string[] {
  const seen = new Map<string, number>();
  for (const records of history.read.values())
    for (const { value } of records) seen.set(value, (seen.get(value) ?? 0) + 1);
  const found: string[] = [];
  const known = new Set<string>();
  for (const [producer, records] of history.sent) {
    for (const { value, acknowledged, partition } of records) {
      known.add(value);
      const times = seen.get(value) ?? 0;
      if (acknowledged && times === 0)
        found.push(`lost: ${producer} was acknowledged ${value} (partition ${partition})`);
      if (times > 1) found.push(`duplicate: ${value} of ${producer} is there ${times} times`);
    }
  }
  for (const value of seen.keys()) if (!known.has(value)) found.push(`invented: ${value} was never sent`);
  return found;
}

function outOfOrder(history: History): string[] {
  const found: string[] = [];
  const position = new Map<string, number>();
  for (const records of history.read.values()) for (const [i, { value }] of records.entries()) position.set(value, i);
  for (const [producer, records] of history.sent) {
    const last = new Map<number, number>();
    for (const { value, partition } of records) {
      const at = position.get(value);
      if (at === undefined) continue;
      if (at < (last.get(partition) ?? -1))
        found.push(`reordered: ${value} of ${producer} comes before an earlier one`);
      last.set(partition, at);
    }
  }
  return found;
}

function gaps(history: History): string[] {
  const found: string[] = [];
  for (const [partition, records] of history.read) {
    for (const [i, { offset }] of records.entries()) {
      if (offset !== i) {
        found.push(`offsets of partition ${partition} are not dense: ${offset} where ${i} was due`);
        break;
      }
    }
  }
  return found;
}
