import { ROWS_PER_ENTRY_MAX } from '../metadata/limits.js';

/** A client may name a quarter of a million partitions in one request; a command takes no more than an apply can bear. */
export function slicesOf<T>(rows: readonly T[]): T[][] {
  const slices: T[][] = [];
  for (let from = 0; from < rows.length; from += ROWS_PER_ENTRY_MAX) {
    slices.push(rows.slice(from, from + ROWS_PER_ENTRY_MAX));
  }
  return slices;
}

interface OfTopic {
  readonly topicId: string;
  readonly partitions: readonly number[];
}

/** The same for partitions by topic, in their order; a topic may go on in the next slice. At least one slice. */
export function topicSlicesOf(topics: readonly OfTopic[]): OfTopic[][] {
  const slices: OfTopic[][] = [[]];
  let rows = 0;
  for (const { topicId, partitions } of topics) {
    for (let from = 0; from < partitions.length; ) {
      if (rows === ROWS_PER_ENTRY_MAX) {
        slices.push([]);
        rows = 0;
      }
      const part = partitions.slice(from, from + ROWS_PER_ENTRY_MAX - rows);
      slices.at(-1)!.push({ topicId, partitions: part });
      rows += part.length;
      from += part.length;
    }
  }
  return slices;
}
