import { apis } from '../../src/protocol/apis.js';
import { errorByCode, errors as kafkaErrors } from '../../src/protocol/errors.js';
import { BatchHeader } from '../../src/records/header.js';
import { recordsOf } from '../../src/records/read.js';
import { storedBatchFault } from '../../src/records/stored.js';
import { keyOf, type Ledger } from './ledger.js';
import { askEarliest, askLatest } from './model-admin.js';
import type { SeededRandom } from './random.js';
import type { SimulatedNet } from './simulated-net.js';
import type { VirtualTime } from './virtual-time.js';
import { Disconnected, WireClient } from './wire-client.js';

export interface ConsumerPlan {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly topic: string;
  readonly partitions: number;
}

/**
 * A consumer of all partitions: long polls, now and then from the beginning again, and tells the ledger every record. What
 * it sees must be dense (invariant 3), and high watermarks and log starts must only grow (invariant 8). Where records were
 * deleted it goes on at the log start, as real clients do by default.
 */
export class ModelConsumer {
  readonly positions: number[];
  readonly #plan: ConsumerPlan;
  readonly #net: SimulatedNet;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #ledger: Ledger;
  readonly #highWatermarks: number[];
  readonly #logStarts: number[];

  constructor(plan: ConsumerPlan, net: SimulatedNet, time: VirtualTime, random: SeededRandom, ledger: Ledger) {
    this.#plan = plan;
    this.#net = net;
    this.#time = time;
    this.#random = random;
    this.#ledger = ledger;
    this.positions = Array.from({ length: plan.partitions }, () => 0);
    this.#highWatermarks = Array.from({ length: plan.partitions }, () => 0);
    this.#logStarts = Array.from({ length: plan.partitions }, () => 0);
  }

  /** Reads until `enough` says so; begins again at 0 before a poll with this chance. */
  async run(enough: () => boolean, restartChance: number): Promise<void> {
    while (!enough()) {
      const client = await WireClient.connect(this.#net, this.#plan.host, this.#plan.port, this.#plan.name);
      try {
        while (client !== undefined && !enough()) {
          if (this.#random.chance(restartChance)) this.positions.fill(0);
          if (this.#random.chance(0.1)) await this.#askLatest(client);
          await this.#poll(client);
        }
      } catch (error) {
        if (!(error instanceof Disconnected)) throw error;
      }
      client?.close();
      await new Promise<void>((resume) => this.#time.after(50, resume));
    }
  }

  /** ListOffsets must know of everything that anyone had been told before it was asked (docs/ARCHITECTURE.md, The journal: fresh reads). */
  async #askLatest(client: WireClient): Promise<void> {
    const { topic, partitions } = this.#plan;
    const told = this.positions.map(
      (_, partition) => this.#ledger.acknowledgedEnd.get(keyOf({ topic, partition })) ?? 0,
    );
    const ends = await askLatest(client, [{ name: topic, partitions }]);
    for (const [partition, end] of ends?.get(topic)?.entries() ?? []) {
      if (end < told[partition]!) {
        this.#ledger.violation(
          `invariant 8: ${topic}-${partition} was said to end at ${end} when ${told[partition]} was acknowledged`,
        );
      }
    }
  }

  async #poll(client: WireClient): Promise<void> {
    const { response, frame } = await client.call(apis.fetch, 11, {
      replicaId: -1,
      maxWaitMs: 100,
      minBytes: 1,
      maxBytes: this.#random.pick([200, 4_000, 1 << 20]),
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topic: this.#plan.topic,
          partitions: this.positions.map((fetchOffset, partition) => ({
            partition,
            currentLeaderEpoch: -1,
            fetchOffset,
            logStartOffset: -1,
            partitionMaxBytes: this.#random.pick([100, 2_000, 1 << 20]),
          })),
        },
      ],
      forgottenTopicsData: [],
      rackId: '',
    });
    let errors = 0;
    let bytes = 0;
    let behind = false;
    const deleted: number[] = [];
    for (const { partitionIndex, errorCode, highWatermark, logStartOffset, records } of response.responses[0]
      ?.partitions ?? []) {
      if (errorCode !== 0) {
        errors += 1;
        if (errorCode === kafkaErrors.OFFSET_OUT_OF_RANGE.code) {
          deleted.push(partitionIndex);
          continue;
        }
        const error = errorByCode(errorCode);
        if (error?.retriable !== true)
          this.#ledger.violation(`invariant 8: a consumer was told ${error?.name ?? errorCode}`);
        continue;
      }
      if (highWatermark < this.#highWatermarks[partitionIndex]!) {
        this.#ledger.violation(
          `invariant 8: high watermark fell from ${this.#highWatermarks[partitionIndex]} to ${highWatermark}`,
        );
      }
      this.#highWatermarks[partitionIndex] = highWatermark;
      this.#sawLogStart(partitionIndex, logStartOffset, this.positions[partitionIndex]!);
      behind ||= this.positions[partitionIndex]! < highWatermark;
      bytes += records?.length ?? 0;
      if (records !== null)
        this.#read(partitionIndex, frame.subarray(records.position, records.position + records.length));
    }
    if (errors === 0 && bytes === 0 && behind) {
      this.#ledger.violation(`invariant 1: ${this.#plan.name} was told of records and given none`);
    }
    if (deleted.length > 0) await this.#goToLogStart(client, deleted);
    if (errors > 0) await new Promise<void>((resume) => this.#time.after(50, resume));
  }

  /** Records were deleted where it was to read, and only there. */
  async #goToLogStart(client: WireClient, deleted: readonly number[]): Promise<void> {
    const { topic, partitions } = this.#plan;
    for (const partition of deleted) {
      const position = this.positions[partition]!;
      if (position >= this.#ledger.logStarts.atMost(keyOf({ topic, partition }))) {
        this.#ledger.violation(`invariant 1: ${topic}-${partition} ${position} is out of range and was not deleted`);
      }
    }
    const starts = (await askEarliest(client, [{ name: topic, partitions }]))?.get(topic);
    for (const partition of starts === undefined ? [] : deleted) {
      const start = starts![partition]!;
      if (start <= this.positions[partition]!) {
        this.#ledger.violation(
          `invariant 8: ${topic}-${partition} begins at ${start}, but ${this.positions[partition]} is out of range`,
        );
      }
      this.#sawLogStart(partition, start, start);
      this.positions[partition] = start;
    }
  }

  #sawLogStart(partition: number, logStart: number, position: number): void {
    const { topic } = this.#plan;
    const known = this.#logStarts[partition]!;
    const atMost = Math.min(position, this.#ledger.logStarts.atMost(keyOf({ topic, partition })));
    if (logStart < known || logStart > atMost) {
      this.#ledger.violation(
        `invariant 8: ${topic}-${partition}, read at ${position}, begins at ${logStart}, not from ${known} to ${atMost}`,
      );
    }
    this.#logStarts[partition] = logStart;
  }

  #read(partition: number, bytes: Uint8Array): void {
    for (let position = 0; position < bytes.length; ) {
      const fault = storedBatchFault(bytes, position, bytes.length);
      if (fault !== undefined) {
        this.#ledger.violation(`invariant 4: a fetched batch is damaged: ${fault}`);
        return;
      }
      for (const { offset, value } of recordsOf(bytes, position)) {
        this.#ledger.saw(this.#plan.topic, partition, offset, Buffer.from(value ?? []).toString());
        if (offset < this.positions[partition]!) continue;
        if (offset !== this.positions[partition]) {
          this.#ledger.violation(
            `invariant 3: ${this.#plan.topic}-${partition} jumps from ${this.positions[partition]} to ${offset}`,
          );
        }
        this.positions[partition] = offset + 1;
      }
      position += new BatchHeader(bytes, position).bytes;
    }
  }
}
