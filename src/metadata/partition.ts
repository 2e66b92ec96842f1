import { Extents } from './extents.js';
import type { PartitionView } from './view.js';

/** One partition of a topic. */
export class Partition implements PartitionView {
  readonly topicId: string;
  readonly index: number;
  readonly extents = new Extents();
  /** Row numbers in `Producers` by producer id. */
  readonly producers = new Map<number, number>();
  logStartOffset = 0;
  highWatermark = 0;
  bytes = 0;
  /** The revision that last raised the high watermark in this replica's run: names it once in an entry's changes. No state. */
  advancedAt = 0;

  /** Its first extent lies wholly below the log start. */
  get hasExtentBelowLogStart(): boolean {
    return this.extents.count > 0 && this.extents.endOffset(0) <= this.logStartOffset;
  }

  get partition(): number {
    return this.index;
  }

  constructor(topicId: string, index: number) {
    this.topicId = topicId;
    this.index = index;
  }
}
