/**
 * Fetch, v4 to v18.
 *
 * - No sessions (KIP-227): the session id of every answer is 0, so clients send full requests; a request that names a
 *   session gets FETCH_SESSION_ID_NOT_FOUND (70) and comes again with a full one.
 * - v13+ name topics by id: an unknown id is UNKNOWN_TOPIC_ID (100), an unknown name or partition
 *   UNKNOWN_TOPIC_OR_PARTITION (3). Any error ends the wait at once, as in Kafka.
 * - An offset below the log start, or above the high watermark behind a fresh read, is OFFSET_OUT_OF_RANGE (1); bytes that
 *   the store cannot give now are KAFKA_STORAGE_ERROR (56), which clients retry: never an empty answer.
 * - An agent whose epoch was closed serves nothing, since what it would read may be deleted: NOT_LEADER_OR_FOLLOWER (6).
 * - Nothing is transactional yet: the last stable offset is the high watermark and no transaction was aborted.
 * - Leader epochs are constant (0): FENCED and UNKNOWN_LEADER_EPOCH, diverging epochs and leader hints do not occur.
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { type Call, handler, type Services } from '../handler.js';
import { topicOf } from '../topic-reference.js';

/** Kafka's fetch.max.bytes: no answer is longer, but for a single batch that is. */
const BYTES_MAX = 57_671_680;
const READ_COMMITTED = 1;

export const fetch = (services: Services) =>
  handler(apis.fetch, async (request, call: Call) => {
    if (request.sessionId !== 0) {
      return { throttleTimeMs: 0, errorCode: errors.FETCH_SESSION_ID_NOT_FOUND.code, responses: [] };
    }
    const { view, self } = services.metadata;
    const isOpen = view.isEpochOpen(self.agentEpoch);
    const wanted: { topicId: string; partition: number; offset: number; bytesMax: number }[] = [];
    const asked = request.topics.map((topic) => {
      const found = topicOf(view, call.version >= 13, topic.topic, topic.topicId);
      return {
        topic,
        partitions: topic.partitions.map((partition) => {
          if (!isOpen) {
            return { partition, error: errors.NOT_LEADER_OR_FOLLOWER.code, place: -1 };
          }
          if (found.topic?.partitions[partition.partition] === undefined) {
            return { partition, error: found.topic === undefined ? found.error : UNKNOWN, place: -1 };
          }
          wanted.push({
            topicId: found.topic.topicId,
            partition: partition.partition,
            offset: partition.fetchOffset,
            bytesMax: Math.max(0, partition.partitionMaxBytes),
          });
          return { partition, error: errors.NONE.code, place: wanted.length - 1 };
        }),
      };
    });
    const someFailed = asked.some(({ partitions }) => partitions.some(({ error }) => error !== errors.NONE.code));
    const answer = await services.fetch.fetch(
      {
        waitMaxMs: someFailed ? 0 : Math.max(0, request.maxWaitMs),
        bytesMin: Math.max(0, request.minBytes),
        bytesMax: Math.min(Math.max(0, request.maxBytes), BYTES_MAX),
        partitions: wanted,
      },
      call.signal,
    );
    call.whenSent(() => answer.release());
    return {
      throttleTimeMs: 0,
      responses: asked.map(({ topic, partitions }) => ({
        topic: topic.topic,
        topicId: topic.topicId,
        partitions: partitions.map(({ partition, error, place }) => {
          const found = answer.partitions[place];
          return {
            partitionIndex: partition.partition,
            errorCode: found === undefined || found.error === errors.NONE.code ? error : found.error,
            highWatermark: found?.highWatermark ?? -1,
            lastStableOffset: found?.highWatermark ?? -1,
            logStartOffset: found?.logStartOffset ?? -1,
            abortedTransactions: request.isolationLevel === READ_COMMITTED ? [] : null,
            records: found ?? NO_RECORDS,
          };
        }),
      })),
    };
  });

const UNKNOWN = errors.UNKNOWN_TOPIC_OR_PARTITION.code;
/** Not null, which some clients cannot read. */
const NO_RECORDS = { slices: [], bytes: 0 };
