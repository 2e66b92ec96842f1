import crc32c from 'crc-32/crc32c.js';
import { uuidToBytes } from '../../src/bytes/uuid.js';
import type { IngestTopic } from '../../src/ingest/messages.js';
import { errors } from '../../src/protocol/errors.js';
import { SegmentFooter } from '../../src/segments/segment.wire.js';
import type { RecordError } from './requests.js';

/** Interim: replaced by src/records and native-bindings as soon as they are there. */

export interface BatchFacts {
  readonly records: number;
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

export type Verdict =
  | { readonly kind: 'accepted'; readonly facts: BatchFacts }
  | {
      readonly kind: 'refused';
      readonly error: number;
      readonly message: string;
      readonly recordErrors: readonly RecordError[];
    };

export function validateBatch(source: Uint8Array, topic: IngestTopic, _apiVersion: number, _wallMs: number): Verdict {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  if (source.length < 61 || view.getInt32(8) !== source.length - 12 || source[16] !== 2) {
    return { kind: 'refused', error: errors.INVALID_RECORD.code, message: 'not one v2 batch', recordErrors: [] };
  }
  if (source.length > topic.maxMessageBytes) {
    return { kind: 'refused', error: errors.MESSAGE_TOO_LARGE.code, message: 'too large', recordErrors: [] };
  }
  if (checksum(source.subarray(21)) !== view.getUint32(17)) {
    return { kind: 'refused', error: errors.CORRUPT_MESSAGE.code, message: 'bad crc', recordErrors: [] };
  }
  if ((view.getInt16(21) & 0x10) !== 0) {
    return { kind: 'refused', error: errors.INVALID_TXN_STATE.code, message: 'transactional', recordErrors: [] };
  }
  return {
    kind: 'accepted',
    facts: {
      records: view.getInt32(57),
      minTimestamp: Number(view.getBigInt64(27)),
      maxTimestamp: Number(view.getBigInt64(35)),
      producerId: Number(view.getBigInt64(43)),
      producerEpoch: view.getInt16(51),
      baseSequence: view.getInt32(53),
    },
  };
}

export function checksum(bytes: Uint8Array, previous = 0): number {
  return crc32c.buf(bytes, previous | 0) >>> 0;
}

export function copyBatch(source: Uint8Array, target: Uint8Array, position: number): void {
  target.set(source, position);
}

export interface SegmentExtentFacts {
  readonly topicId: string;
  readonly partition: number;
  readonly position: number;
  readonly length: number;
  readonly records: number;
  readonly batches: number;
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
  readonly producers: readonly {
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly baseSequence: number;
    readonly records: number;
  }[];
  readonly crc32c: number;
}

export function encodeFooter(facts: {
  readonly cluster: string;
  readonly agentEpoch: number;
  readonly segment: number;
  readonly dataBytes: number;
  readonly extents: readonly SegmentExtentFacts[];
}): Uint8Array {
  const footer = SegmentFooter.encode({
    format: 1,
    cluster: facts.cluster,
    agentEpoch: facts.agentEpoch,
    segment: facts.segment,
    dataBytes: facts.dataBytes,
    extents: facts.extents.map((extent) => {
      const topicId = new Uint8Array(16);
      uuidToBytes(extent.topicId, topicId);
      return { ...extent, topicId, stamped: false, producers: [] };
    }),
  }).finish();
  const whole = new Uint8Array(footer.length + 20);
  whole.set(footer);
  const view = new DataView(whole.buffer, footer.length);
  view.setUint32(0, footer.length);
  view.setUint32(4, checksum(footer));
  view.setUint32(8, 1);
  whole.set(new TextEncoder().encode('WEFTSEG1'), footer.length + 12);
  return whole;
}

export function setLogAppendTime(segment: Uint8Array, position: number, length: number, timeMs: number): void {
  const view = new DataView(segment.buffer, segment.byteOffset + position, length);
  view.setInt16(21, view.getInt16(21) | 8);
  view.setBigInt64(35, BigInt(timeMs));
  view.setUint32(17, checksum(segment.subarray(position + 21, position + length)));
}

export function stampBatch(segment: Uint8Array, position: number, baseOffset: number): void {
  const view = new DataView(segment.buffer, segment.byteOffset + position, 16);
  view.setBigInt64(0, BigInt(baseOffset));
  view.setInt32(12, 0);
}
