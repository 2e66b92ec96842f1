/**
 * OffsetFetch, v1 to v10.
 *
 * - Behind a fresh read, so that a commit acknowledged by any agent is seen.
 * - v2+: null topics mean everything that the group committed. v8+: several groups. v10+: topics by id, an unknown one gets
 *   UNKNOWN_TOPIC_ID (100) for its partitions.
 * - A partition without an offset, and a group that does not exist, have offset -1 and no error.
 * - RequireStable (v7+) changes nothing: no offset is pending in a transaction yet.
 * - The member that v9+ names is held against a group of the consumer protocol: UNKNOWN_MEMBER_ID 25, STALE_MEMBER_EPOCH 113
 *   (ILLEGAL_GENERATION 22 for a member of the classic protocol); for classic groups it is not looked at, as in Kafka.
 */
import type { CommittedOffset, ConsumerGroupView, MetadataView } from '../../metadata/view.js';
import { ZERO_UUID } from '../../bytes/uuid.js';
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { once } from '../describe.js';
import { readFresh } from '../fresh.js';
import { handler, type Services } from '../handler.js';
import { topicOf } from '../topic-reference.js';

interface AskedTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitionIndexes: readonly number[];
}

export const offsetFetch = (services: Services) =>
  handler(apis.offsetFetch, async (request, call) => {
    const errorCode = ((await readFresh(services)) ? errors.NONE : errors.NOT_COORDINATOR).code;
    const { view } = services.metadata;
    const all = once((groupId: string) => allOffsetsOf(view, call.version, groupId));
    const topicsOf = (groupId: string, topics: readonly AskedTopic[] | null) =>
      topics === null ? all(groupId) : offsetsOf(view, call.version, groupId, topics);
    if (call.version < 8) {
      const topics = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null;
      if (call.version < 2 && errorCode !== errors.NONE.code) {
        // v1 has no error of its own: it stands at every partition.
        return { throttleTimeMs: 0, topics: (topics ?? []).map((topic) => failed(topic, errorCode)) };
      }
      const isFresh = errorCode === errors.NONE.code;
      return { throttleTimeMs: 0, topics: isFresh ? topicsOf(request.groupId, topics) : [], errorCode };
    }
    return {
      throttleTimeMs: 0,
      groups: request.groups.map(({ groupId, memberId, memberEpoch, topics }) => {
        const error = errorCode || staleMember(view.consumerGroup(groupId), memberId, memberEpoch);
        return {
          groupId,
          /** Made as they are written, a group at a time. */
          get topics() {
            return error === errors.NONE.code ? topicsOf(groupId, topics) : [];
          },
          errorCode: error,
        };
      }),
    };
  });

/** Kafka: ConsumerGroup.validateOffsetFetch. Who names no member, as administrators do, is not asked further. */
function staleMember(group: ConsumerGroupView | undefined, memberId: string | null, memberEpoch: number): number {
  if (group === undefined || (memberId === null && memberEpoch < 0)) {
    return errors.NONE.code;
  }
  const member = group.members.get(memberId ?? '');
  if (member === undefined) {
    return errors.UNKNOWN_MEMBER_ID.code;
  }
  if (member.epoch === memberEpoch) {
    return errors.NONE.code;
  }
  return (member.classic === undefined ? errors.STALE_MEMBER_EPOCH : errors.ILLEGAL_GENERATION).code;
}

function offsetsOf(view: MetadataView, version: number, groupId: string, topics: readonly AskedTopic[]) {
  return topics.map((topic) => {
    const found = version >= 10 ? topicOf(view, true, null, topic.topicId) : undefined;
    if (found !== undefined && found.topic === undefined) {
      return failed(topic, found.error);
    }
    const name = found?.topic?.name ?? topic.name;
    return {
      name,
      topicId: topic.topicId,
      partitions: topic.partitionIndexes.map((partition) =>
        committed(partition, view.committedOffset(groupId, name, partition)),
      ),
    };
  });
}

function allOffsetsOf(view: MetadataView, version: number, groupId: string) {
  const byTopic = new Map<string, ReturnType<typeof committed>[]>();
  for (const offset of view.committedOffsets(groupId)) {
    const partitions = byTopic.get(offset.topic) ?? [];
    byTopic.set(offset.topic, partitions);
    partitions.push(committed(offset.partition, offset));
  }
  const all = Array.from(byTopic, ([name, partitions]) => {
    const topicId = view.topicByName(name)?.topicId;
    return { name, topicId: topicId ?? ZERO_UUID, partitions };
  });
  // By id, offsets of a topic that is gone cannot be told.
  return version >= 10 ? all.filter(({ topicId }) => topicId !== ZERO_UUID) : all;
}

function committed(partitionIndex: number, offset: CommittedOffset | undefined) {
  return {
    partitionIndex,
    committedOffset: offset?.offset ?? -1,
    committedLeaderEpoch: offset?.leaderEpoch ?? -1,
    metadata: offset?.metadata ?? '',
    errorCode: errors.NONE.code as number,
  };
}

function failed(topic: AskedTopic, errorCode: number) {
  return {
    name: topic.name,
    topicId: topic.topicId,
    partitions: topic.partitionIndexes.map((partition) => ({ ...committed(partition, undefined), errorCode })),
  };
}
