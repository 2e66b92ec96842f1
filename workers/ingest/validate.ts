import { errors } from '../../src/protocol/errors.js';
import { BATCH_OVERHEAD_BYTES, BatchHeader, TRANSACTIONAL } from '../../src/records/header.js';
import { recompress } from '../../src/records/recompress.js';
import {
  type BatchRules,
  envelopeFault,
  type SentBatch,
  type Verdict,
  validateProduceBatches,
} from '../../src/records/validate.js';
import type { ProduceRequest } from './decode.js';
import type { Batch, Request, RequestPartition, RequestTopic } from './requests.js';
import type { LaneTopic, TopicsView } from './topics.js';

/** First version that names topics by id (KIP-516). */
const TOPIC_IDS_SINCE = 13;
/** First version that may carry zstd (KIP-110). */
const ZSTD_SINCE = 7;

/** What the lane decides about a request's partitions before anything is stored. */
export interface Examined {
  readonly topics: readonly RequestTopic[];
  /** Without their request, which does not exist yet. */
  readonly batches: readonly Omit<Batch, 'request'>[];
  /** What was decompressed to look at them. */
  readonly decompressedBytes: number;
}

interface Failure {
  readonly error: number;
  readonly message: string;
}

/**
 * Judges a request partition by partition, as Kafka's KafkaApis.handleProduceRequest and UnifiedLog do:
 * a bad partition fails alone. Whatever concerns the whole request fails each of its partitions. Batches of another
 * codec than their topic's compression.type are written anew into memory of `take`.
 */
export function examine(
  request: ProduceRequest,
  apiVersion: number,
  body: Uint8Array,
  view: TopicsView,
  wallMs: number,
  segmentBytesMax: number,
  take: (length: number) => Uint8Array,
): Examined {
  const room = { bytes: recompressedBytesMax(segmentBytesMax) };
  const sent: SentPartition[] = [];
  const wholeFailure = failureOfSize(body.length, segmentBytesMax) ?? failureOfTransaction(request, body);
  const acksFailure = failureOfAcks(request);
  const byId = apiVersion >= TOPIC_IDS_SINCE;
  const named = request.topicData.map(({ topicId, name }) => (byId ? view.byId(topicId) : view.byName(name)));
  const repeated = repeatedPartitions(request, named);
  const topics = request.topicData.map((topicData, at): RequestTopic => {
    const topic = named[at];
    const rules = topic && rulesOf(topic, apiVersion, wallMs);
    return {
      name: topicData.name,
      topicId: topicData.topicId,
      partitions: topicData.partitionData.map(({ index, records }) => {
        const partition = unanswered(index);
        const failure =
          wholeFailure ??
          failureOfTopic(topic, index, byId) ??
          failureOfRepeat(repeated, topic!, index) ??
          (records === null ? NULL_RECORDS : undefined) ??
          (acksFailure && (failureOfEnvelope(body, records!, apiVersion) ?? acksFailure));
        if (failure !== undefined) {
          fail(partition, failure);
          return partition;
        }
        const { position, length } = records!;
        sent.push({ position, length, rules: rules!, topic: topic!, answer: partition });
        return partition;
      }),
    };
  });
  const batches: Omit<Batch, 'request'>[] = [];
  const decompressedBytes = validateProduceBatches(body, sent, (one, verdict) => {
    const judged = judge(one, verdict, body, room, take);
    if ('error' in judged) fail(one.answer, judged);
    else batches.push(judged);
  });
  return { topics, batches, decompressedBytes };
}

/** A partition of which nothing but its records can be wrong. */
interface SentPartition extends SentBatch {
  readonly topic: LaneTopic;
  readonly answer: RequestPartition;
}

/** What is stored of a partition, or why it fails. */
function judge(
  { topic, answer, position }: SentPartition,
  verdict: Verdict,
  body: Uint8Array,
  room: { bytes: number },
  take: (length: number) => Uint8Array,
): Failure | Omit<Batch, 'request'> {
  if (verdict.kind === 'refused') {
    answer.recordErrors = verdict.recordFaults.map((fault) => ({
      batchIndex: fault.index,
      batchIndexErrorMessage: fault.message,
    }));
    return verdict;
  }
  const { facts, records } = verdict;
  if (facts.transactional) return NO_TRANSACTION;
  const stored =
    records === undefined
      ? { source: body, sourcePosition: position, bytes: facts.bytes }
      : recompressed(topic, body, position, records, room, take);
  if ('error' in stored) return stored;
  // Field by field: copying the properties of two objects into a third took half as long as all the rest of this.
  return {
    topic,
    topicId: topic.topicId,
    topicIdBytes: topic.topicIdBytes,
    partition: answer.index,
    answer,
    source: stored.source,
    sourcePosition: stored.sourcePosition,
    bytes: stored.bytes,
    records: facts.records,
    minTimestamp: facts.minTimestamp,
    maxTimestamp: facts.maxTimestamp,
    maxTimestampWrong: facts.maxTimestampWrong,
    producerId: facts.producerId,
    producerEpoch: facts.producerEpoch,
    baseSequence: facts.baseSequence,
  };
}

/**
 * A request's batches may have so many bytes once they are compressed anew: one segment takes them, and half of its lane's
 * memory is left for the others.
 */
function recompressedBytesMax(segmentBytesMax: number): number {
  return Math.floor(segmentBytesMax / 2);
}

/** The batch in its topic's codec. Its size counts anew, as in Kafka (UnifiedLog.append). */
function recompressed(
  topic: LaneTopic,
  body: Uint8Array,
  position: number,
  records: Uint8Array,
  room: { bytes: number },
  take: (length: number) => Uint8Array,
): Failure | Pick<Batch, 'source' | 'sourcePosition' | 'bytes'> {
  const { codec, level } = topic.compression!;
  const bytesMax = Math.min(topic.maxMessageBytes, room.bytes);
  const source = recompress(body, position, records, { codec, level, bytesMax }, take);
  if (source === 'too-large') {
    const what = 'the batch, compressed as its topic demands, exceeds';
    const message =
      bytesMax === topic.maxMessageBytes
        ? `${what} max.message.bytes, ${bytesMax}`
        : `${what} the ${bytesMax} bytes that an agent of this memory has left for its request`;
    return { error: errors.MESSAGE_TOO_LARGE.code, message };
  }
  room.bytes -= source.length;
  return { source, sourcePosition: 0, bytes: source.length };
}

/** Fails every partition that was fine so far: the request as a whole will not be stored. */
export function failAccepted(request: Request, error: number, message: string): void {
  for (const { answer } of request.batches) {
    fail(answer, { error, message });
  }
}

function fail(partition: RequestPartition, { error, message }: Failure): void {
  partition.error = error;
  partition.message = message;
  partition.baseOffset = -1;
  partition.logAppendTimeMs = -1;
  partition.logStartOffset = -1;
}

function unanswered(index: number): RequestPartition {
  return {
    index,
    error: 0,
    message: null,
    recordErrors: [],
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
  };
}

/** Kafka looks at acks when topics and batches are found to be there. */
function failureOfAcks({ acks }: ProduceRequest): Failure | undefined {
  return acks === -1 || acks === 0 || acks === 1
    ? undefined
    : { error: errors.INVALID_REQUIRED_ACKS.code, message: `acks must be -1, 0 or 1, not ${acks}` };
}

function failureOfEnvelope(body: Uint8Array, records: { position: number; length: number }, apiVersion: number) {
  const fault = envelopeFault(body, records.position, records.length, apiVersion >= ZSTD_SINCE);
  return fault?.kind === 'refused' ? fault : undefined;
}

/** Transactional batches in a request that names no transaction fail all of it, as a producer without the right does. */
function failureOfTransaction({ transactionalId, topicData }: ProduceRequest, body: Uint8Array): Failure | undefined {
  if (transactionalId !== null) return undefined;
  const header = new BatchHeader(body);
  for (const { partitionData } of topicData) {
    for (const { records } of partitionData) {
      if (records === null || records.length < BATCH_OVERHEAD_BYTES) continue;
      header.position = records.position;
      if (header.magic === 2 && (header.attributes & TRANSACTIONAL) !== 0) return NO_TRANSACTIONAL_ID;
    }
  }
  return undefined;
}

/** Java producers split a batch that is too large; other clients give up, as they must: it never could be stored. */
function failureOfSize(bodyBytes: number, segmentBytesMax: number): Failure | undefined {
  return bodyBytes > segmentBytesMax
    ? {
        error: errors.MESSAGE_TOO_LARGE.code,
        message: `a request of ${bodyBytes} bytes exceeds the ${segmentBytesMax} that an agent of this memory can take`,
      }
    : undefined;
}

function failureOfTopic(topic: LaneTopic | undefined, index: number, byId: boolean): Failure | undefined {
  if (topic === undefined && byId) {
    return { error: errors.UNKNOWN_TOPIC_ID.code, message: 'no topic has this id' };
  }
  if (topic === undefined || !(index >= 0 && index < topic.partitions)) {
    return { error: errors.UNKNOWN_TOPIC_OR_PARTITION.code, message: 'no such topic or partition' };
  }
  return undefined;
}

function rulesOf(topic: LaneTopic, apiVersion: number, nowMs: number): BatchRules {
  const { maxMessageBytes, logAppendTime, timestampBeforeMaxMs, timestampAfterMaxMs, compacted, walkRecords } = topic;
  return {
    maxMessageBytes,
    logAppendTime,
    timestampBeforeMaxMs,
    timestampAfterMaxMs,
    nowMs,
    compacted,
    walkRecords,
    zstdAllowed: apiVersion >= ZSTD_SINCE,
    codec: topic.compression?.codec,
  };
}

const NO_TRANSACTION: Failure = {
  error: errors.INVALID_TXN_STATE.code,
  message: 'no transaction of this producer is open',
};
const NO_TRANSACTIONAL_ID: Failure = {
  error: errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED.code,
  message: 'a transactional batch in a request without a transactional id',
};
const NULL_RECORDS: Failure = { error: errors.INVALID_RECORD.code, message: 'the partition has no record batch' };

type PartitionData = ProduceRequest['topicData'][number]['partitionData'];
/** Indexes that a request has more than once. */
type Repeated = ReadonlyMap<LaneTopic, ReadonlySet<number>>;

/**
 * Kafka keeps one of two entries for the same partition and answers once; the other's records are lost without a word.
 * "One batch per partition per request" is the rule behind it, so every entry of such a partition is refused.
 */
function failureOfRepeat(repeated: Repeated, topic: LaneTopic, index: number): Failure | undefined {
  return repeated.get(topic)?.has(index)
    ? { error: errors.INVALID_RECORD.code, message: 'the request names this partition more than once' }
    : undefined;
}

/** By the topics that there are: keys of names as the client sent them would be as many and as long as it likes. */
function repeatedPartitions({ topicData }: ProduceRequest, named: readonly (LaneTopic | undefined)[]): Repeated {
  if (topicData.length === 1 && !repeats(topicData[0]!.partitionData)) {
    return NONE;
  }
  const seen = new Map<LaneTopic, Set<number>>();
  const repeated = new Map<LaneTopic, Set<number>>();
  for (const [at, { partitionData }] of topicData.entries()) {
    const topic = named[at];
    if (topic === undefined) continue;
    const indexes = setOf(seen, topic);
    for (const { index } of partitionData) {
      if (indexes.has(index)) setOf(repeated, topic).add(index);
      indexes.add(index);
    }
  }
  return repeated;
}

function setOf(sets: Map<LaneTopic, Set<number>>, topic: LaneTopic): Set<number> {
  let set = sets.get(topic);
  if (set === undefined) {
    set = new Set();
    sets.set(topic, set);
  }
  return set;
}

const NONE: Repeated = new Map();
/** So few partitions are compared with one another; a set costs more. */
const COMPARED_MAX = 16;

function repeats(partitions: PartitionData): boolean {
  const count = partitions.length;
  if (count > COMPARED_MAX) {
    return new Set(partitions.map(({ index }) => index)).size < count;
  }
  for (let at = 1; at < count; at += 1) {
    for (let before = 0; before < at; before += 1) {
      if (partitions[before]!.index === partitions[at]!.index) {
        return true;
      }
    }
  }
  return false;
}
