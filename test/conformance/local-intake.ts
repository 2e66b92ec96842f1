import type { BlockReader, Reading, ReadRequest } from '../../src/cache/blocks.js';
import type { TimestampedOffset } from '../../src/fetch/engine-contract.js';
import { Command } from '../../src/metadata/journal.wire.js';
import { apis } from '../../src/protocol/apis.js';
import { encodeResponseFrame, joined } from '../../src/protocol/frames.js';
import type { IncomingProduce } from '../../src/ingest/engine.js';
import type { ProduceIntake } from '../../src/server/connection.js';
import type { Chunks } from '../../src/threads/chunks.js';
import { topicIdBytes } from '../../src/server/topic-creation.js';
import type { LocalMetadata } from './local-metadata.js';

interface StoredBatch {
  readonly baseOffset: number;
  readonly records: number;
  readonly timestampMs: number;
  readonly bytes: Uint8Array;
}

/**
 * Stands for the ingest engine and the block cache: every Produce request is published at once as a segment of its own,
 * its batches are not validated, and stay in shared memory. Errors: an unknown topic or partition only.
 */
export class LocalIntake implements ProduceIntake, BlockReader {
  /** Requests are kept here instead while it is set. */
  parked: IncomingProduce[] | undefined;
  readonly closed: number[] = [];
  pins = 0;
  /** What a lane would have taken. */
  busyMs = 0;
  readonly #chunks: Chunks;
  readonly #metadata: LocalMetadata;
  readonly #batches = new Map<string, StoredBatch[]>();
  #segment = 0;

  constructor(chunks: Chunks, metadata: LocalMetadata) {
    this.#chunks = chunks;
    this.#metadata = metadata;
  }

  produce(request: IncomingProduce): void {
    if (this.parked !== undefined) {
      this.parked.push(request);
    } else {
      void this.#publish(request);
    }
  }

  connectionClosed(connection: number): void {
    this.closed.push(connection);
  }

  async #publish(request: IncomingProduce): Promise<void> {
    const body = new Uint8Array(Buffer.concat(request.pieces.map((piece) => this.#chunks.view(piece).slice())));
    request.released();
    const { topicData, acks } = apis.produce.request.decode(request.apiVersion, body);
    const responses = [];
    for (const { name, topicId, partitionData } of topicData) {
      const topic =
        request.apiVersion >= 13 ? this.#metadata.view.topicById(topicId) : this.#metadata.view.topicByName(name);
      const partitionResponses = [];
      for (const { index, records } of partitionData) {
        if (topic?.partitions[index] === undefined || records === null) {
          partitionResponses.push({ index, errorCode: 3, baseOffset: -1 });
        } else {
          const bytes = new Uint8Array(new SharedArrayBuffer(records.length));
          bytes.set(body.subarray(records.position, records.position + records.length));
          partitionResponses.push({ index, errorCode: 0, baseOffset: await this.#store(topic.topicId, index, bytes) });
        }
      }
      responses.push({ name, topicId, partitionResponses });
    }
    const frame = encodeResponseFrame(apis.produce, request.apiVersion, request.correlationId, { responses });
    request.answered(acks === 0 ? undefined : joined(frame), false, this.busyMs);
  }

  async #store(topicId: string, partition: number, bytes: Uint8Array): Promise<number> {
    const header = new DataView(bytes.buffer, bytes.byteOffset);
    const records = header.getInt32(57);
    const timestampMs = Number(header.getBigInt64(35));
    const producerId = Number(header.getBigInt64(43));
    const idempotent = producerId !== -1;
    this.#segment += 1;
    const columns = {
      topicId: topicIdBytes(topicId),
      partition,
      position: 0,
      lengths: [bytes.length],
      records: [records],
      maxTimestamps: [timestampMs],
      producerIds: idempotent ? [producerId] : [],
      producerEpochs: idempotent ? [header.getInt16(51)] : [],
      baseSequences: idempotent ? [header.getInt32(53)] : [],
    };
    const value = { segment: this.#segment, bytes: bytes.length + 100, partitions: [columns] };
    const command = Command.encode({ kind: { $case: 'publishSegment', value } }).finish();
    const outcome = await this.#metadata.forward(1, this.#segment, command);
    if (outcome.kind !== 'published') {
      throw new Error(`not published: ${JSON.stringify(outcome)}`);
    }
    const baseOffset = outcome.partitions[0]!.baseOffsets[0]!;
    header.setBigInt64(0, BigInt(baseOffset));
    header.setInt32(12, 0);
    const stored = this.#batches.get(`${topicId}/${partition}`) ?? [];
    this.#batches.set(`${topicId}/${partition}`, stored);
    stored.push({ baseOffset, records, timestampMs, bytes });
    return baseOffset;
  }

  // ---- BlockReader

  readMemory({ topicId, partition, offset, bytesMax, atLeastOne }: ReadRequest): Reading | undefined {
    const from = (this.#batches.get(`${topicId}/${partition}`) ?? []).filter(
      ({ baseOffset, records }) => baseOffset + records > offset,
    );
    const slices: Uint8Array[] = [];
    let bytes = 0;
    let nextOffset = offset;
    for (const batch of from) {
      if (bytes + batch.bytes.length > bytesMax && !(atLeastOne && bytes === 0)) {
        break;
      }
      slices.push(batch.bytes);
      bytes += batch.bytes.length;
      nextOffset = batch.baseOffset + batch.records;
    }
    if (from.length === 0) {
      return undefined;
    }
    this.pins += 1;
    return { slices, bytes, nextOffset, place: 'memory', release: () => (this.pins -= 1) };
  }

  async readCold(): Promise<never> {
    throw new Error('everything lies in memory');
  }

  /** Batches that the log start does not cut. */
  #present(topicId: string, partition: number): StoredBatch[] {
    const { logStartOffset } = this.#metadata.view.topicById(topicId)!.partitions[partition]!;
    const batches = this.#batches.get(`${topicId}/${partition}`) ?? [];
    return batches.filter(({ baseOffset }) => baseOffset >= logStartOffset);
  }

  // ---- timestamps: all records of a test's batch have the same one

  firstAtOrAfter(topicId: string, partition: number, timestampMs: number): TimestampedOffset | undefined {
    const found = this.#present(topicId, partition).find((batch) => batch.timestampMs >= timestampMs);
    return found === undefined ? undefined : { offset: found.baseOffset, timestampMs: found.timestampMs };
  }

  greatest(topicId: string, partition: number): TimestampedOffset | undefined {
    const batches = this.#present(topicId, partition);
    const most = Math.max(...batches.map((batch) => batch.timestampMs));
    return this.firstAtOrAfter(topicId, partition, most);
  }
}
