import { apis } from '../../src/protocol/apis.js';
import type { Clock, Waker } from './clock.js';
import { versions } from './cluster.js';
import type { Connection } from './connection.js';
import type { Counting } from './tally.js';
import { type Pace, Timetable } from './timetable.js';

/** Who commits: a group's member, or -1 and '' for a consumer that only keeps its offsets there. */
export interface Committer {
  readonly groupId: string;
  readonly generation: number;
  readonly memberId: string;
}

/** Commits a consumer's offsets at fixed times, and times each commit from when it was due. One at a time. */
export class Commits {
  readonly #connection: Connection;
  readonly #topic: string;
  readonly #offsets: () => ReadonlyMap<number, number>;
  readonly #committer: () => Committer | undefined;
  readonly #clock: Clock;
  readonly #counting: Counting;
  readonly #timetable: Timetable;

  constructor(
    connection: Connection,
    topic: string,
    offsets: () => ReadonlyMap<number, number>,
    committer: () => Committer | undefined,
    pace: Pace,
    clock: Clock,
    waker: Waker,
    counting: Counting,
  ) {
    this.#connection = connection;
    this.#topic = topic;
    this.#offsets = offsets;
    this.#committer = committer;
    this.#clock = clock;
    this.#counting = counting;
    this.#timetable = new Timetable(pace, waker, (dueMs) => this.#commit(dueMs));
  }

  /** Begins no further commit; resolves when the one under way has its answer. */
  stop(): Promise<void> {
    return this.#timetable.stop();
  }

  async #commit(dueMs: number): Promise<void> {
    const committer = this.#committer();
    if (committer === undefined || this.#connection.isClosed) return;
    const { groupId, generation, memberId } = committer;
    const partitions = [...this.#offsets()].map(([partitionIndex, committedOffset]) => ({
      partitionIndex,
      committedOffset,
      committedMetadata: null,
    }));
    try {
      const { topics } = await this.#connection.call(apis.offsetCommit, versions.offsetCommit, {
        groupId,
        generationIdOrMemberEpoch: generation,
        memberId,
        topics: [{ name: this.#topic, partitions }],
      });
      const { tally } = this.#counting;
      const codes = topics.flatMap((topic) => topic.partitions.map(({ errorCode }) => errorCode));
      const refused = codes.find((code) => code !== 0);
      if (refused === undefined) tally.times.offsetCommit.record(this.#clock.nowMs() - dueMs);
      else tally.countError('OffsetCommit', refused);
    } catch (error) {
      this.#counting.tally.countError('OffsetCommit', String(error));
    }
  }
}
