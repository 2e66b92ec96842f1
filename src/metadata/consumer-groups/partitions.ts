import type { PartitionList, TopicPartitions } from '../journal.wire.js';
import { topicIdBytes, topicIdText } from '../topic-id.js';

/** Partitions that a member has, by topic id, each with the member epoch at which it was assigned. */
export type Owned = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** Partitions that a member shall have, by topic id, ascending. */
export type Target = ReadonlyMap<string, readonly number[]>;

/** Partitions that a member says it has, by topic id. */
export type Reported = ReadonlyMap<string, ReadonlySet<number>>;

export const NOTHING_OWNED: Owned = new Map();
export const NO_TARGET: Target = new Map();

export function sameOwned(one: Owned, other: Owned): boolean {
  if (one === other) {
    return true;
  }
  if (one.size !== other.size) {
    return false;
  }
  for (const [topicId, partitions] of one) {
    const others = other.get(topicId);
    if (others?.size !== partitions.size) {
      return false;
    }
    for (const [partition, epoch] of partitions) {
      if (others.get(partition) !== epoch) {
        return false;
      }
    }
  }
  return true;
}

export function sameTarget(one: Target, other: Target): boolean {
  if (one === other) {
    return true;
  }
  if (one.size !== other.size) {
    return false;
  }
  for (const [topicId, partitions] of one) {
    const others = other.get(topicId);
    if (others?.length !== partitions.length || partitions.some((partition, at) => others[at] !== partition)) {
      return false;
    }
  }
  return true;
}

/** Topics whose id is none are left out: nobody can have them. */
export function reported(list: PartitionList | undefined): Reported | undefined {
  if (list === undefined) {
    return undefined;
  }
  const found = new Map<string, Set<number>>();
  for (const { topicId, partitions } of list.topics) {
    const id = topicIdText(topicId);
    if (id !== undefined) {
      const known = found.get(id) ?? new Set();
      found.set(id, known);
      for (const partition of partitions) {
        known.add(partition);
      }
    }
  }
  return found;
}

export function targetOf(rows: readonly TopicPartitions[]): Target {
  const target = new Map<string, readonly number[]>();
  for (const { topicId, partitions } of rows) {
    const id = topicIdText(topicId);
    if (id !== undefined && partitions.length > 0) {
      target.set(id, [...new Set(partitions)].sort(ascending));
    }
  }
  return target;
}

export function targetRows(target: Target): TopicPartitions[] {
  return Array.from(target, ([topicId, partitions]) => ({
    topicId: topicIdBytes(topicId),
    partitions: [...partitions],
  }));
}

/** The same partitions, each as assigned at `epoch`. */
export function ownedAt(target: Target, epoch: number): Owned {
  return new Map(Array.from(target, ([topicId, of]) => [topicId, new Map(of.map((partition) => [partition, epoch]))]));
}

/** The same partitions without their epochs, ascending. */
export function withoutEpochs(owned: Owned): Target {
  return new Map(Array.from(owned, ([topicId, partitions]) => [topicId, [...partitions.keys()].sort(ascending)]));
}

export function countOf(owned: Owned): number {
  let count = 0;
  for (const partitions of owned.values()) {
    count += partitions.size;
  }
  return count;
}

export function ascending(one: number, other: number): number {
  return one - other;
}
