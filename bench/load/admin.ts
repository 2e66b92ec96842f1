import { apis } from '../../src/protocol/apis.js';
import type { Clock, Pumped, Waker } from './clock.js';
import { check, type Topic, versions } from './cluster.js';
import type { Connection } from './connection.js';
import type { Counting, Timed } from './tally.js';

type Call = 'metadata' | 'listOffsets' | 'createTopics' | 'deleteTopics';
const calls: readonly Call[] = ['metadata', 'listOffsets', 'createTopics', 'deleteTopics'];

/**
 * Metadata, ListOffsets, CreateTopics and DeleteTopics in turns, one every `intervalMs`, each timed from when it was due.
 * The topic that is made is deleted by the next call.
 */
export class Admin implements Pumped {
  readonly #connection: Connection;
  readonly #topic: Topic;
  readonly #runId: number;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #waker: Waker;
  readonly #counting: Counting;
  #turn = 0;
  #dueMs: number;
  #stopped = false;
  #under: Promise<void> = Promise.resolve();

  constructor(
    connection: Connection,
    topic: Topic,
    runId: number,
    pace: { readonly startMs: number; readonly intervalMs: number },
    clock: Clock,
    waker: Waker,
    counting: Counting,
  ) {
    this.#connection = connection;
    this.#topic = topic;
    this.#runId = runId;
    this.#intervalMs = pace.intervalMs;
    this.#clock = clock;
    this.#waker = waker;
    this.#counting = counting;
    this.#dueMs = pace.startMs;
    waker.wakeAt(this, this.#dueMs);
  }

  pump(): void {
    if (this.#stopped) return;
    const call = calls[this.#turn % calls.length]!;
    const dueMs = this.#dueMs;
    this.#dueMs += this.#intervalMs;
    this.#under = this.#timed(call, this.#turn, dueMs);
    this.#turn += 1;
    void this.#under.finally(() => this.#waker.wakeAt(this, this.#dueMs));
  }

  /** Ends, and deletes what it has made. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#under;
    if (calls[this.#turn % calls.length] === 'deleteTopics') await this.#timed('deleteTopics', this.#turn, Number.NaN);
    this.#connection.close();
  }

  async #timed(call: Call, turn: number, dueMs: number): Promise<void> {
    try {
      await this.#call(call, turn);
      if (!this.#stopped) this.#counting.tally.times[call satisfies Timed].record(this.#clock.nowMs() - dueMs);
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
