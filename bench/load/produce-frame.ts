import { apis } from '../../src/protocol/apis.js';
import { errors } from '../../src/protocol/errors.js';
import { decodeResponse, encodeRequestFrame } from '../../src/protocol/frames.js';
import { CLIENT_ID } from './connection.js';
import type { Part } from './gathering.js';
import type { BatchStamp } from './templates.js';

/** The version that is sent: flexible, with topics by name; every broker since Kafka 2.4 has it. */
export const PRODUCE_VERSION = 9;

/** Where in a frame its length, its correlation id and the rest of what changes lie. */
const CORRELATION = 8;
/** Behind each batch the tags of its partition; behind all those of its topic and of the request. */
const TAIL_BYTES = 2;
const INT32_BYTES = 4;
const VARINT_BYTES_MAX = 5;

/** Builds Produce requests for one topic without the codec, whose objects would cost more than the bytes. */
export class ProduceFrames {
  /** From the length to the topic's name: the same in every request. */
  readonly #lead: Buffer;

  constructor(topic: string, acks: number, timeoutMs: number) {
    const empty = { acks, timeoutMs, topicData: [{ name: topic, partitionData: [] }] };
    const frame = Buffer.concat(encodeRequestFrame(apis.produce, PRODUCE_VERSION, 0, CLIENT_ID, empty).slices);
    // The number of partitions, then no tags twice.
    this.#lead = frame.subarray(0, frame.length - 3);
  }

  /** The most bytes that a request of these parts takes. */
  bytesMax(parts: readonly Part[]): number {
    let bytes = this.#lead.length + VARINT_BYTES_MAX + TAIL_BYTES;
    for (const { template, count } of parts) bytes += INT32_BYTES + VARINT_BYTES_MAX + template.bytesOf(count) + 1;
    return bytes;
  }

  /** Writes a request; returns its bytes. `stampOf` gives what a part's batch is stamped with. */
  write(target: Buffer, correlationId: number, parts: readonly Part[], stampOf: (part: Part) => BatchStamp): number {
    this.#lead.copy(target);
    target.writeInt32BE(correlationId, CORRELATION);
    let position = writeVarint(target, this.#lead.length, parts.length + 1);
    for (const part of parts) {
      const bytes = part.template.bytesOf(part.count);
      target.writeInt32BE(part.partition, position);
      position = writeVarint(target, position + INT32_BYTES, bytes + 1);
      part.template.write(target, position, part.count, stampOf(part));
      position += bytes;
      target[position] = 0;
      position += 1;
    }
    target[position] = 0;
    target[position + 1] = 0;
    position += TAIL_BYTES;
    target.writeInt32BE(position - INT32_BYTES, 0);
    return position;
  }
}

function writeVarint(target: Buffer, at: number, value: number): number {
  let position = at;
  let rest = value;
  while (rest >= 128) {
    target[position] = (rest & 0x7f) | 0x80;
    position += 1;
    rest >>>= 7;
  }
  target[position] = rest;
  return position + 1;
}

/** Of a partition: index, error, base offset, append time, log start. */
const PARTITION_BYTES = 4 + 2 + 8 + 8 + 8;
const ERROR = 4;
const BASE_OFFSET = 6;
/** Each partition: no record errors, no message, no tags. */
const EMPTY_BYTES = 3;

/** What a broker says of a partition's batch. */
export interface ProduceAnswer {
  readonly errorCode: number;
  readonly baseOffset: number;
}

/**
 * Whether every partition of the answer from `start` was accepted, read without the codec. Anything else that it cannot
 * read in one go (an error, a message) is a no: `produceAnswers` knows more.
 */
export function allAccepted(bytes: Buffer, start: number, end: number, partitions: number): boolean {
  let position = firstPartition(bytes, start, partitions);
  if (position + partitions * (PARTITION_BYTES + EMPTY_BYTES) + 1 + INT32_BYTES + 1 !== end) return false;
  for (let i = 0; i < partitions; i += 1) {
    if (bytes[position + ERROR] !== 0 || bytes[position + ERROR + 1] !== 0) return false;
    position += PARTITION_BYTES + EMPTY_BYTES;
  }
  return true;
}

/** The base offsets by partition of an answer that `allAccepted` has found so. */
export function acceptedOffsets(bytes: Buffer, start: number, partitions: number): Map<number, number> {
  const offsets = new Map<number, number>();
  let position = firstPartition(bytes, start, partitions);
  for (let i = 0; i < partitions; i += 1) {
    offsets.set(bytes.readInt32BE(position), Number(bytes.readBigInt64BE(position + BASE_OFFSET)));
    position += PARTITION_BYTES + EMPTY_BYTES;
  }
  return offsets;
}

function firstPartition(bytes: Buffer, start: number, partitions: number): number {
  // Correlation id, no tags, one topic, its name, the partitions. Names are up to 249 bytes, so two bytes of length at most.
  let position = start + INT32_BYTES + 2;
  const nameLength =
    bytes[position]! < 128 ? bytes[position]! : (bytes[position]! & 0x7f) | (bytes[position + 1]! << 7);
  position += (nameLength < 128 ? 1 : 2) + nameLength - 1;
  return position + (partitions + 1 < 128 ? 1 : partitions + 1 < 16_384 ? 2 : 3);
}

/** By partition. Throws ProtocolError when the answer is none to Produce. */
export function produceAnswers(bytes: Buffer, start: number, end: number): Map<number, ProduceAnswer> {
  const { response } = decodeResponse(apis.produce, PRODUCE_VERSION, bytes, start, end);
  return new Map(
    response.responses.flatMap(({ partitionResponses }) =>
      partitionResponses.map(({ index, errorCode, baseOffset }) => [index, { errorCode, baseOffset }] as const),
    ),
  );
}

/** The broker has the batch already: as good as an acknowledgement. */
export function isAccepted(code: number): boolean {
  return code === 0 || code === errors.DUPLICATE_SEQUENCE_NUMBER.code;
}
