import { apis } from '../../src/protocol/apis.js';
import { errorByCode } from '../../src/protocol/errors.js';
import { encodeBatch } from '../../src/records/encode.js';
import type { Ledger } from './ledger.js';
import type { SeededRandom } from './random.js';
import type { SimulatedNet } from './simulated-net.js';
import type { VirtualTime } from './virtual-time.js';
import { Disconnected, WireClient } from './wire-client.js';

export interface ProducerPlan {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly topic: string;
  readonly partition: number;
  readonly idempotent: boolean;
  /** Requests that may be unanswered at once. */
  readonly inFlightMax: number;
  readonly batches: number;
  /** Before each new batch. */
  readonly thinkMsMax: number;
  /** Most values are short; some are up to this long. */
  readonly valueBytesMax: number;
}

interface Batch {
  readonly values: readonly string[];
  readonly baseSequence: number;
  /** Sent at least once without a certain answer: it may be there already. */
  doubtful: boolean;
}

const OUT_OF_ORDER_SEQUENCE_NUMBER = 45;
const RETRY_MS = 60;

/**
 * A producer to one partition as stock clients behave: several requests in flight, answers in order, and after a retriable
 * error or a lost connection everything unanswered is sent again in the same order, with the same sequences when it is
 * idempotent. Without idempotence an outcome in doubt is recorded as unknown and its values are never sent again.
 */
export class ModelProducer {
  readonly #plan: ProducerPlan;
  readonly #net: SimulatedNet;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #ledger: Ledger;
  #id = -1;
  #epoch = -1;
  #sequence = 0;
  #values = 0;
  #made = 0;
  #lastTold = 'nothing';
  /** What it waits for; undefined when it has finished. */
  waiting: string | undefined = 'a connection';

  constructor(plan: ProducerPlan, net: SimulatedNet, time: VirtualTime, random: SeededRandom, ledger: Ledger) {
    this.#plan = plan;
    this.#net = net;
    this.#time = time;
    this.#random = random;
    this.#ledger = ledger;
  }

  /** Resolves when every batch has an outcome: acknowledged, or (without idempotence) unknown. */
  async run(): Promise<void> {
    const pending: Batch[] = [];
    while (this.#made < this.#plan.batches || pending.length > 0) {
      const client = await WireClient.connect(this.#net, this.#plan.host, this.#plan.port, this.#plan.name);
      if (client !== undefined) {
        try {
          if (this.#plan.idempotent && this.#id < 0) await this.#init(client);
          await this.#stream(client, pending);
        } catch (error) {
          if (!(error instanceof Disconnected)) throw error;
        }
        client.close();
        if (!this.#plan.idempotent) this.#ledger.unknown(pending.splice(0).flatMap(({ values }) => values));
        for (const batch of pending) batch.doubtful = true;
      }
      await this.#pass(2 * RETRY_MS);
    }
    this.waiting = undefined;
  }

  async #init(client: WireClient): Promise<void> {
    for (;;) {
      const { response } = await client.call(apis.initProducerId, 4, {
        transactionalId: null,
        transactionTimeoutMs: 0,
      });
      if (response.errorCode === 0) {
        this.#id = response.producerId;
        this.#epoch = response.producerEpoch;
        return;
      }
      this.#demandRetriable(response.errorCode);
      await this.#pass(2 * RETRY_MS);
    }
  }

  /** Sends until everything is answered; returns on a retriable error, with what is unanswered left in `pending`. */
  async #stream(client: WireClient, pending: Batch[]): Promise<void> {
    const answers: Promise<{ readonly batch: Batch; readonly error: number; readonly baseOffset: number }>[] = [];
    let next = 0;
    for (;;) {
      if (pending.length === 0 && this.#plan.idempotent && this.#random.chance(0.1)) {
        // The program was started again: another producer id, whose sequences begin at 0.
        this.#id = -1;
        this.#sequence = 0;
        return;
      }
      while (answers.length < this.#plan.inFlightMax && (next < pending.length || this.#made < this.#plan.batches)) {
        if (next === pending.length) {
          if (this.#plan.thinkMsMax > 0 && this.#random.chance(0.5)) await this.#pass(this.#plan.thinkMsMax);
          pending.push(this.#batch());
        }
        const sent = this.#send(client, pending[next]!);
        // Every answer is awaited in its turn below; one that fails earlier must not count as unhandled.
        sent.catch(() => {});
        answers.push(sent);
        next += 1;
      }
      const first = answers.shift();
      if (first === undefined) return;
      this.waiting = `${this.#plan.name}, told ${this.#lastTold}, waits for the answer to sequence ${pending[0]!.baseSequence}`;
      const { batch, error, baseOffset } = await first;
      if (error === 0) {
        this.#ledger.acknowledged(this.#plan, batch.values, baseOffset);
        pending.shift();
        next -= 1;
        continue;
      }
      this.#demandRetriable(error);
      batch.doubtful = true;
      // The rest of the window is answered first, as real clients drain their in-flight requests before they resend.
      await Promise.allSettled(answers);
      return;
    }
  }

  async #send(client: WireClient, batch: Batch): Promise<{ batch: Batch; error: number; baseOffset: number }> {
    const records = encodeBatch({
      records: batch.values.map((value) => ({
        value: Buffer.from(value),
        timestampMs: 1_767_225_600_000 + Math.floor(this.#time.nowMs),
      })),
      codec: this.#random.pick(['none', 'none', 'lz4', 'gzip'] as const),
      ...(this.#plan.idempotent
        ? { producer: { id: this.#id, epoch: this.#epoch, baseSequence: batch.baseSequence } }
        : {}),
    });
    const { response } = await client.call(apis.produce, 9, {
      acks: this.#random.pick([-1, 1]),
      // Short ones run out before the upload ends, or between the publish and its outcome.
      timeoutMs: this.#random.pick([30_000, 30_000, this.#random.between(20, 1_000)]),
      topicData: [
        {
          name: this.#plan.topic,
          partitionData: [{ index: this.#plan.partition, records: { slices: [records], bytes: records.length } }],
        },
      ],
    });
    const partition = response.responses[0]!.partitionResponses[0]!;
    return { batch, error: partition.errorCode, baseOffset: partition.baseOffset };
  }

  #batch(): Batch {
    const count = this.#random.between(1, 4);
    const bytes = this.#random.chance(0.2) ? this.#random.between(0, this.#plan.valueBytesMax) : 0;
    const values = Array.from({ length: count }, (_, i) => `${this.#plan.name}:${this.#values + i}`.padEnd(bytes, '.'));
    const batch = { values, baseSequence: this.#sequence, doubtful: false };
    this.#ledger.sending(this.#plan, values);
    this.#sequence += count;
    this.#values += count;
    this.#made += 1;
    return batch;
  }

  #pass(msMax: number): Promise<void> {
    return new Promise((resume) => void this.#time.after(msMax * this.#random.unit(), resume));
  }

  #demandRetriable(code: number): void {
    const error = errorByCode(code);
    this.#lastTold = error?.name ?? String(code);
    if (error?.retriable !== true && code !== OUT_OF_ORDER_SEQUENCE_NUMBER) {
      this.#ledger.violation(`${this.#plan.name} was told ${error?.name ?? code}, which is fatal to a producer`);
    }
  }
}
