import { apis } from '../../src/protocol/apis.js';
import { errorByCode, errors } from '../../src/protocol/errors.js';
import { keyOf, type Ledger } from './ledger.js';
import type { SeededRandom } from './random.js';
import type { SimulatedNet } from './simulated-net.js';
import type { VirtualTime } from './virtual-time.js';
import { Disconnected, WireClient } from './wire-client.js';

export interface DeleterPlan {
  readonly host: string;
  readonly port: number;
  readonly topics: readonly { readonly name: string; readonly partitions: number }[];
  /** The mean time between two deletions. */
  readonly pauseMs: number;
}

const HIGH_WATERMARK = -1;

/**
 * An administrator that deletes records now and then: up to some offset, up to the end, or beyond it. What it is told must
 * agree with everything that was acknowledged and told before it asked (invariant 8): the log start only grows, never passes
 * what was asked for, and the end is the end of all that was acknowledged.
 */
export class ModelDeleter {
  readonly #plan: DeleterPlan;
  readonly #net: SimulatedNet;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #ledger: Ledger;
  deletions = 0;

  constructor(plan: DeleterPlan, net: SimulatedNet, time: VirtualTime, random: SeededRandom, ledger: Ledger) {
    this.#plan = plan;
    this.#net = net;
    this.#time = time;
    this.#random = random;
    this.#ledger = ledger;
  }

  async run(enough: () => boolean): Promise<void> {
    while (!enough()) {
      await this.#pause(2 * this.#plan.pauseMs * this.#random.unit());
      const { name, partitions } = this.#random.pick(this.#plan.topics);
      const partition = this.#random.between(0, partitions - 1);
      if (!enough()) await this.#delete(name, partition, this.#offset(keyOf({ topic: name, partition })));
    }
  }

  /**
   * The exact log starts, by topic, when nothing is produced any more: an answered deletion of nothing, behind which none of
   * this agent's is on its way, and those of agents that are gone have no way.
   */
  async settled(): Promise<ReadonlyMap<string, readonly number[]>> {
    const starts = new Map<string, readonly number[]>();
    for (const { name, partitions } of this.#plan.topics) {
      const of: number[] = [];
      for (let partition = 0; partition < partitions; partition += 1) {
        let start: number | undefined;
        while (start === undefined) {
          start = await this.#delete(name, partition, 0);
          if (start === undefined) await this.#pause(this.#plan.pauseMs);
        }
        of.push(start);
      }
      starts.set(name, of);
    }
    return starts;
  }

  #offset(key: string): number {
    const from = this.#ledger.logStarts.atLeast(key);
    const end = this.#ledger.acknowledgedEnd.get(key) ?? 0;
    const kind = this.#random.unit();
    if (kind < 0.15) return HIGH_WATERMARK;
    if (kind < 0.25) return end + this.#random.between(1, 5);
    return from + Math.floor(Math.max(0, end - from) * this.#random.unit() * this.#random.unit());
  }

  /** The log start that it was told; undefined when it was refused, or not told. */
  async #delete(topic: string, partition: number, offset: number): Promise<number | undefined> {
    const key = keyOf({ topic, partition });
    const { logStarts, acknowledgedEnd } = this.#ledger;
    const [known, end] = [logStarts.atLeast(key), acknowledgedEnd.get(key) ?? 0];
    const asked = logStarts.asking(key, offset === HIGH_WATERMARK ? Number.POSITIVE_INFINITY : offset);
    const answer = await this.#ask(topic, partition, offset);
    if (answer === undefined) return undefined;
    const { errorCode, lowWatermark } = answer;
    if (errorCode === errors.OFFSET_OUT_OF_RANGE.code) {
      logStarts.answered(key, asked, undefined);
      if (offset <= end) this.#violation(`${key} was said to end before ${offset} when ${end} was acknowledged`);
      return undefined;
    }
    if (errorCode !== 0) {
      const error = errorByCode(errorCode);
      if (error?.retriable !== true) this.#violation(`an administrator was told ${error?.name ?? errorCode}`);
      return undefined;
    }
    const atMost = logStarts.atMost(key);
    logStarts.answered(key, asked, lowWatermark);
    this.deletions += 1;
    const atLeast = Math.max(known, offset === HIGH_WATERMARK ? end : offset);
    if (lowWatermark < atLeast || lowWatermark > atMost) {
      this.#violation(`${key} begins at ${lowWatermark}, which is not from ${atLeast} to ${atMost}`);
    }
    return lowWatermark;
  }

  async #ask(name: string, partitionIndex: number, offset: number) {
    const client = await WireClient.connect(this.#net, this.#plan.host, this.#plan.port, 'deleter');
    try {
      const request = { topics: [{ name, partitions: [{ partitionIndex, offset }] }], timeoutMs: 30_000 };
      const answered = await client?.call(apis.deleteRecords, 2, request);
      return answered?.response.topics[0]?.partitions[0];
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error;
      return undefined;
    } finally {
      client?.close();
    }
  }

  #violation(sentence: string): void {
    this.#ledger.violation(`invariant 8: ${sentence}`);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resume) => void this.#time.after(ms, resume));
  }
}
