import type { CommittedOffset } from './view.js';

/** What a group committed in one topic. */
export interface TopicOffsets {
  readonly partitions: Map<number, CommittedOffset>;
  bytes: number;
}

/**
 * A group of any kind, as far as its offsets go: they belong to the group's id and stay when the group becomes one of
 * another kind.
 */
export interface OffsetOwner {
  readonly groupId: string;
  /** By topic id. */
  readonly offsets: Map<string, TopicOffsets>;
}
