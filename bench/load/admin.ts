import { apis } from '../../src/protocol/apis.js';
import type { Clock, Waker } from './clock.js';
import { check, type Topic, versions } from './cluster.js';
import type { Connection } from './connection.js';
import type { Counting, Timed } from './tally.js';
import { type Pace, Timetable } from './timetable.js';

type Call = 'metadata' | 'listOffsets' | 'createTopics' | 'deleteTopics';
const calls: readonly Call[] = ['metadata', 'listOffsets', 'createTopics', 'deleteTopics'];
const callOf = (turn: number): Call => calls[turn % calls.length]!;

/**
 * Metadata, ListOffsets, CreateTopics and DeleteTopics in turns, one every `intervalMs`, each timed from when it was due.
 * The topic that is made is deleted by the next call.
 */
export class Admin {
  readonly #connection: Connection;
  readonly #topic: Topic;
  readonly #runId: number;
  readonly #clock: Clock;
  readonly #counting: Counting;
  readonly #timetable: Timetable;
  #turn = 0;

  constructor(
    connection: Connection,
    topic: Topic,
    runId: number,
    pace: Pace,
    clock: Clock,
    waker: Waker,
    counting: Counting,
  ) {
    this.#connection = connection;
    this.#topic = topic;
    this.#runId = runId;
    this.#clock = clock;
    this.#counting = counting;
    this.#timetable = new Timetable(pace, waker, (dueMs) => {
      this.#turn += 1;
      return this.#timed(this.#turn - 1, dueMs);
    });
  }

  /** Ends, and deletes what it has made. */
  async stop(): Promise<void> {
    await this.#timetable.stop();
    if (callOf(this.#turn) === 'deleteTopics') await this.#timed(this.#turn, Number.NaN);
    this.#connection.close();
  }

  async #timed(turn: number, dueMs: number): Promise<void> {
    const call = callOf(turn);
    try {
      await this.#call(call, turn);
      if (!Number.isNaN(dueMs)) this.#counting.tally.times[call satisfies Timed].record(this.#clock.nowMs() - dueMs);
    } catch (error) {
      this.#counting.tally.countError(call, error instanceof Error ? error.message : String(error));
    }
  }

  async #call(call: Call, turn: number): Promise<void> {
    const { name: topic, leaders } = this.#topic;
    const name = `${topic}-admin-${this.#runId}-${Math.floor(turn / calls.length)}`;
    switch (call) {
      case 'metadata':
        await this.#connection.call(apis.metadata, versions.metadata, { topics: [{ name: topic }] });
        return;
      case 'listOffsets': {
        const partitions = leaders.flatMap((leader, partitionIndex) =>
          leader === leaders[0] ? [{ partitionIndex, timestamp: -1 }] : [],
        );
        const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic, partitions }] };
        const { topics } = await this.#connection.call(apis.listOffsets, versions.listOffsets, request);
        for (const { errorCode } of topics[0]!.partitions) check('offsets', errorCode);
        return;
      }
      case 'createTopics': {
        const topics = [{ name, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] }];
        const answer = await this.#connection.call(apis.createTopics, versions.createTopics, { topics });
        check('topic', answer.topics[0]!.errorCode);
        return;
      }
      case 'deleteTopics': {
        const request = { topicNames: [name], timeoutMs: 30_000 };
        const answer = await this.#connection.call(apis.deleteTopics, versions.deleteTopics, request);
        check('topic', answer.responses[0]!.errorCode);
      }
    }
  }
}
