/**
 * OffsetCommit, v2 to v10.
 *
 * - Offsets go to the metadata with the member's generation; generation -1 is accepted only while the group is empty.
 * - Members of the consumer protocol commit at their epoch with v9+ only (before: UNSUPPORTED_VERSION 35), at an older one
 *   what they have had since then (else STALE_MEMBER_EPOCH 113).
 * - v2 to v4's retention time is kept to: these offsets expire by it, others by the group's (see offset-expiry.ts).
 * - A group that does not exist takes offsets of generation -1 only; else GROUP_ID_NOT_FOUND (69), before v9 ILLEGAL_GENERATION (22).
 * - An unknown topic or partition gets UNKNOWN_TOPIC_OR_PARTITION (3), an unknown id (v10+) UNKNOWN_TOPIC_ID (100), metadata
 *   above 4,096 bytes OFFSET_METADATA_TOO_LARGE (12); the others are committed.
 * - Commits that a client sends behind one another run together: a consumer that commits every record costs one journal
 *   entry a round, and its heartbeats do not wait behind one entry a record.
 */
import { apis } from '../../protocol/apis.js';
import type { RequestOf, ResponseIn } from '../../protocol/codec.js';
import { errors } from '../../protocol/errors.js';
import { type Call, handler, type Services } from '../handler.js';
import { topicOf } from '../topic-reference.js';

function forVersion(version: number, error: number): number {
  const { GROUP_ID_NOT_FOUND, ILLEGAL_GENERATION } = errors;
  return version < 9 && error === GROUP_ID_NOT_FOUND.code ? ILLEGAL_GENERATION.code : error;
}

const commit =
  (services: Services) =>
  async (request: RequestOf<typeof apis.offsetCommit>, call: Call): Promise<ResponseIn<typeof apis.offsetCommit>> => {
    const { view } = services.metadata;
    const offsets: { topic: string; partition: number; offset: number; leaderEpoch: number; metadata: string }[] = [];
    const asked = request.topics.map((topic) => {
      const found = topicOf(view, call.version >= 10, topic.name, topic.topicId);
      return {
        topic,
        partitions: topic.partitions.map((partition) => {
          if (found.topic?.partitions[partition.partitionIndex] === undefined) {
            const error = found.topic === undefined ? found.error : errors.UNKNOWN_TOPIC_OR_PARTITION.code;
            return { partition, error, place: -1 };
          }
          offsets.push({
            topic: found.topic.name,
            partition: partition.partitionIndex,
            offset: partition.committedOffset,
            leaderEpoch: partition.committedLeaderEpoch,
            metadata: partition.committedMetadata ?? '',
          });
          return { partition, error: errors.NONE.code, place: offsets.length - 1 };
        }),
      };
    });
    const results =
      offsets.length === 0
        ? []
        : await services.groups.commit({
            group: request.groupId,
            generation: request.generationIdOrMemberEpoch,
            memberId: request.memberId,
            instanceId: request.groupInstanceId ?? undefined,
            memberEpochs: call.version >= 9,
            offsets,
            retentionMs: request.retentionTimeMs < 0 ? undefined : request.retentionTimeMs,
          });
    return {
      throttleTimeMs: 0,
      topics: asked.map(({ topic, partitions }) => ({
        name: topic.name,
        topicId: topic.topicId,
        partitions: partitions.map(({ partition, error, place }) => ({
          partitionIndex: partition.partitionIndex,
          errorCode: forVersion(call.version, results[place] ?? error),
        })),
      })),
    };
  };

export const offsetCommit = (services: Services) => handler(apis.offsetCommit, commit(services), { together: true });
