import { apis } from '../../src/protocol/apis.js';
import type { Clock, Pumped, Waker } from './clock.js';
import { versions } from './cluster.js';
import type { Connection } from './connection.js';
import type { Counting } from './tally.js';

/** Who commits: a group's member, or -1 and '' for a consumer that only keeps its offsets there. */
export interface Committer {
  readonly groupId: string;
  readonly generation: number;
  readonly memberId: string;
}

/** Commits a consumer's offsets at fixed times, and times each commit from when it was due. One at a time. */
export class Commits implements Pumped {
  readonly #connection: Connection;
  readonly #topic: string;
  readonly #offsets: () => ReadonlyMap<number, number>;
  readonly #committer: () => Committer | undefined;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #waker: Waker;
  readonly #counting: Counting;
  #dueMs: number;
  #stopped = false;

  constructor(
    connection: Connection,
    topic: string,
    offsets: () => ReadonlyMap<number, number>,
    committer: () => Committer | undefined,
    pace: { readonly startMs: number; readonly intervalMs: number },
    clock: Clock,
    waker: Waker,
    counting: Counting,
  ) {
    this.#connection = connection;
    this.#topic = topic;
    this.#offsets = offsets;
    this.#committer = committer;
    this.#intervalMs = pace.intervalMs;
    this.#clock = clock;
    this.#waker = waker;
    this.#counting = counting;
    this.#dueMs = pace.startMs;
    waker.wakeAt(this, this.#dueMs);
  }

  stop(): void {
    this.#stopped = true;
  }

  pump(): void {
    if (this.#stopped || this.#connection.isClosed) return;
    const dueMs = this.#dueMs;
    this.#dueMs += this.#intervalMs;
    const committer = this.#committer();
    if (committer === undefined) this.#waker.wakeAt(this, this.#dueMs);
    else void this.#commit(committer, dueMs).finally(() => this.#waker.wakeAt(this, this.#dueMs));
  }

  async #commit({ groupId, generation, memberId }: Committer, dueMs: number): Promise<void> {
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
      if (!this.#stopped) this.#counting.tally.countError('OffsetCommit', String(error));
    }
  }
}
