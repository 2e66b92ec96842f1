import { readFileSync } from 'node:fs';
import { apis } from '../../src/protocol/apis.js';
import { makeBatch } from '../unit/ingest/make-batch.js';
import type { AgentProcess } from './agent.js';
import { produce, readValues, WireClient } from './wire.js';

/** A well-behaved client beside hostile ones: produces a record, reads it back, again and again. Any error ends it. */
export class Neighbour {
  readonly topic: string;
  readonly acknowledged: string[] = [];
  readonly #producer: WireClient;
  readonly #consumer: WireClient;
  #stopping = false;
  #wake: () => void = () => {};
  readonly #ended: Promise<unknown>;

  static async start(agent: AgentProcess, topic: string): Promise<Neighbour> {
    const [producer, consumer] = [await WireClient.connect(agent.kafka), await WireClient.connect(agent.kafka)];
    await producer.call(apis.metadata, 9, { topics: [{ name: topic }] });
    return new Neighbour(topic, producer, consumer);
  }

  private constructor(topic: string, producer: WireClient, consumer: WireClient) {
    this.topic = topic;
    this.#producer = producer;
    this.#consumer = consumer;
    this.#ended = this.#run().catch((failure: unknown) => failure);
  }

  /** Resolves when it has produced and read `count` more records; rejects when it cannot. */
  async served(count = 3): Promise<void> {
    const enough = this.acknowledged.length + count;
    while (this.acknowledged.length < enough) {
      const next = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const failure = await Promise.race([next, this.#ended]);
      if (failure !== undefined) throw failure;
    }
  }

  /** Ends and compares the log with what was acknowledged: the differences, none when all is well. */
  async stop(): Promise<readonly string[]> {
    this.#stopping = true;
    const failure = await this.#ended;
    if (failure !== undefined) throw failure;
    const read = await readValues(this.#consumer, this.topic, 0);
    this.#producer.socket.destroy();
    this.#consumer.socket.destroy();
    if (read.length !== this.acknowledged.length) {
      return [`${read.length} records in the log, ${this.acknowledged.length} acknowledged`];
    }
    return this.acknowledged.filter((value, index) => value !== read[index]);
  }

  async #run(): Promise<void> {
    for (let n = 0; !this.#stopping; n += 1) {
      const value = `${this.topic}-${n}`;
      const { errorCode, baseOffset } = await produce(this.#producer, this.topic, 0, makeBatch({ values: [value] }));
      if (errorCode !== 0 || baseOffset !== n) throw new Error(`record ${n}: error ${errorCode}, offset ${baseOffset}`);
      const [read] = await readValues(this.#consumer, this.topic, 0, n);
      if (read !== value) throw new Error(`read ${read} where ${value} was written`);
      this.acknowledged.push(value);
      this.#wake();
    }
  }
}

/** The most resident memory that the process has had, bytes: VmHWM of Linux. Elsewhere NaN, which no comparison passes. */
export function residentBytesPeak(pid: number): number {
  const status = process.platform === 'linux' ? readFileSync(`/proc/${pid}/status`, 'latin1') : '';
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}
