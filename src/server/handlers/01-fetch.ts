/**
 * Fetch, v4 to v18.
 *
 * - Sessions (KIP-227, v7+): see fetch-sessions.ts. A session lives in one agent; another one answers
 *   FETCH_SESSION_ID_NOT_FOUND (70) and gets a full request.
 * - v13+ name topics by id: an unknown id is UNKNOWN_TOPIC_ID (100), an unknown name or partition
 *   UNKNOWN_TOPIC_OR_PARTITION (3). As in Kafka, they come last in the answer and do not keep the others from waiting for
 *   records; any other error ends the wait at once.
 * - An offset below the log start, or above the high watermark behind a fresh read, is OFFSET_OUT_OF_RANGE (1); bytes that
 *   the store cannot give now are KAFKA_STORAGE_ERROR (56), which clients retry: never an empty answer.
 * - An agent whose epoch was closed serves nothing, since what it would read may be deleted: NOT_LEADER_OR_FOLLOWER (6).
 * - Nothing is transactional yet: the last stable offset is the high watermark and no transaction was aborted.
 * - Before v10 a topic with compression.type=zstd is UNSUPPORTED_COMPRESSION_TYPE (76), as in Kafka; zstd that producers
 *   chose themselves is given to everyone.
 * - Leader epochs are constant (0): FENCED and UNKNOWN_LEADER_EPOCH, diverging epochs and leader hints do not occur.
 */
import { configured } from '../../config/topic-configs.js';
import type { FetchAnswer, FetchedPartition } from '../../fetch/engine-contract.js';
import { apis } from '../../protocol/apis.js';
import type { RequestOf, ResponseIn } from '../../protocol/codec.js';
import { errors } from '../../protocol/errors.js';
import { encodeResponseFrame } from '../../protocol/frames.js';
import { once } from '../describe.js';
import type { FetchList, ListedPartition, ListedTopic } from '../fetch-session.js';
import type { FetchContext, SessionRequest } from '../fetch-sessions.js';
import { type Call, handler, type Services } from '../handler.js';
import { timedFor } from '../turns.js';

type Request = RequestOf<typeof apis.fetch>;
type Topics = ResponseIn<typeof apis.fetch>['responses'];

/** Kafka's fetch.max.bytes: no answer is longer, but for a single batch that is. */
const BYTES_MAX = 57_671_680;
const READ_COMMITTED = 1;

export const fetch = (services: Services) =>
  handler(apis.fetch, async (request, call: Call) => {
    const { fetchSessions, world, metadata } = services;
    const context = fetchSessions.begin(sessionRequest(request, call.version), world.clock.monotonicMs());
    if (typeof context === 'number') return { throttleTimeMs: 0, errorCode: context, responses: [] };
    const { view, self } = metadata;
    const errorOf = readErrors(services, call.version, view.isEpochOpen(self.agentEpoch));
    const { wanted, failed, waits } = sort(context.list, view, errorOf);
    // The first batch is given whatever the limit, even if that is nothing.
    const bytesMax = Math.min(Math.max(1, request.maxBytes), BYTES_MAX, call.account?.fetchBytesMax ?? BYTES_MAX);
    const found = await services.fetch.fetch(
      {
        waitMaxMs: waits ? Math.max(0, request.maxWaitMs) : 0,
        bytesMin: Math.min(Math.max(0, request.minBytes), bytesMax),
        bytesMax,
        partitions: wanted,
      },
      call.signal,
      call.crowded?.(),
    );
    call.whenSent(() => found.release());
    if (context.error !== 0) {
      return { throttleTimeMs: 0, errorCode: context.error, sessionId: context.idle, responses: [] };
    }
    const respond = () => {
      const chosen = choose(context, found, wanted, failed, request.isolationLevel === READ_COMMITTED);
      return answer(services, call, context, chosen, topicsOf(chosen));
    };
    return timedFor(call.account)(respond);
  });

/** The response, unless a quota is exceeded by it: then an empty one, and the session stays as it was (KIP-13, KIP-219). */
function answer(
  { fetchSessions, world, meters }: Services,
  { account, version }: Call,
  context: FetchContext,
  chosen: readonly Chosen[],
  responses: Topics,
): ResponseIn<typeof apis.fetch> {
  if (account !== undefined) {
    const { bytes } = encodeResponseFrame(apis.fetch, version, 0, { throttleTimeMs: 0, errorCode: 0, responses });
    if (!account.mayFetch(bytes)) {
      return { throttleTimeMs: 0, errorCode: 0, sessionId: context.idle, responses: [] };
    }
  }
  const sessionId = context.finish(chosen, world.clock.monotonicMs());
  meters.fetchSessions.set(fetchSessions.count);
  meters.fetchSessionPartitions.set(fetchSessions.partitions);
  return { throttleTimeMs: 0, errorCode: 0, sessionId, responses };
}

function sessionRequest(request: Request, version: number): SessionRequest {
  const byId = version >= 13;
  const reference = ({ topic, topicId }: { readonly topic: string | null; readonly topicId: string }) =>
    byId ? topicId : (topic ?? '');
  return {
    sessionId: request.sessionId,
    sessionEpoch: request.sessionEpoch,
    byId,
    privileged: (version >= 15 ? request.replicaState.replicaId : request.replicaId) >= 0,
    asked: request.topics.map((topic) => ({ reference: reference(topic), partitions: topic.partitions })),
    forgotten: request.forgottenTopicsData.map((topic) => ({
      reference: reference(topic),
      partitions: topic.partitions,
    })),
  };
}

interface Failed {
  readonly partition: ListedPartition;
  readonly error: number;
}

/** First version whose readers know zstd (KIP-110). */
const ZSTD_SINCE = 10;

type ErrorOf = (partition: ListedPartition, byId: boolean) => number;

/** Why a partition cannot be read; 0: it can. */
function readErrors({ metadata: { view }, configs }: Services, version: number, isOpen: boolean): ErrorOf {
  if (!isOpen) return () => errors.NOT_LEADER_OR_FOLLOWER.code;
  const known: ErrorOf = ({ topic, partition }, byId) => topic.errorOf(partition, byId);
  if (version >= ZSTD_SINCE) return known;
  // Once for all partitions of a topic: the text may have 32 KiB.
  const isZstd = once((topicId: string) => {
    const topic = view.topicById(topicId);
    return topic !== undefined && configured(topic.configs, 'compression.type', configs.now) === 'zstd';
  });
  return (partition, byId) => {
    const error = known(partition, byId);
    if (error !== 0) return error;
    return isZstd(partition.topic.topicId) ? errors.UNSUPPORTED_COMPRESSION_TYPE.code : 0;
  };
}

/** Errors that come last in the answer and do not keep the others from waiting. */
const UNKNOWN: ReadonlySet<number> = new Set([errors.UNKNOWN_TOPIC_OR_PARTITION.code, errors.UNKNOWN_TOPIC_ID.code]);

/** Parts what can be read from what cannot. The usual list, of which all can be read, is taken as it is. */
function sort(list: FetchList, view: Services['metadata']['view'], errorOf: ErrorOf) {
  const { partitions, byId } = list;
  list.resolve(view);
  const failed: Failed[] = [];
  let ends = false;
  for (const partition of partitions) {
    const error = errorOf(partition, byId);
    if (error === 0) continue;
    failed.push({ partition, error });
    ends ||= !UNKNOWN.has(error);
  }
  if (failed.length === 0) return { wanted: partitions, failed, waits: partitions.length > 0 };
  const without = new Set(failed.map(({ partition }) => partition));
  const wanted = partitions.filter((partition) => !without.has(partition));
  return { wanted, failed, waits: wanted.length > 0 && !ends };
}

interface Chosen {
  readonly partition: ListedPartition;
  readonly told: FetchedPartition;
  readonly aborted: readonly never[] | null;
}

/** What the answer tells, in the order of serving; what cannot be read comes last. */
function choose(
  context: FetchContext,
  found: FetchAnswer,
  wanted: readonly ListedPartition[],
  failed: readonly Failed[],
  committedOnly: boolean,
): Chosen[] {
  const chosen: Chosen[] = [];
  for (let i = 0; i < wanted.length; i += 1) {
    const partition = wanted[i]!;
    const told = found.partitions[i]!;
    const aborted = committedOnly && told.error === errors.NONE.code ? [] : null;
    if (context.tells(partition, told)) chosen.push({ partition, told, aborted });
  }
  for (const { partition, error } of failed) {
    const told = { error, highWatermark: -1, logStartOffset: -1, slices: [], bytes: 0 };
    chosen.push({ partition, told, aborted: [] });
  }
  return chosen;
}

/** Neighbours of one topic together. Records are never null, which some clients cannot read. */
function topicsOf(chosen: readonly Chosen[]): Topics {
  const topics: { topic: string; topicId: string; partitions: Topics[number]['partitions'][number][] }[] = [];
  let last: ListedTopic | undefined;
  for (const { partition, told, aborted } of chosen) {
    const { topic } = partition;
    if (topic !== last) {
      topics.push({ topic: topic.reference, topicId: topic.reference, partitions: [] });
      last = topic;
    }
    topics.at(-1)!.partitions.push({
      partitionIndex: partition.partition,
      errorCode: told.error,
      highWatermark: told.highWatermark,
      lastStableOffset: told.highWatermark,
      logStartOffset: told.logStartOffset,
      abortedTransactions: aborted,
      records: told,
    });
  }
  return topics;
}
