/**
 * DescribeTopicPartitions, v0: Metadata's account of topics, in pages.
 *
 * - No topics named means all. They come by name, each once; a page ends after `responsePartitionLimit` partitions, which is
 *   taken as at least 1 and at most 2,000 (Kafka's max.request.partition.size.limit), and `nextCursor` says where to go on.
 * - Topics before the cursor's are skipped. A cursor with a negative partition, or of a topic that is not among the named
 *   ones: INVALID_REQUEST (42) for every named topic.
 * - A named topic that does not exist: UNKNOWN_TOPIC_OR_PARTITION (3), or INVALID_TOPIC_EXCEPTION (17) for what is no name.
 * - Operations are always told, all of them: there is no authorizer. Eligible leaders are none, since no replica is ever
 *   out of sync.
 */
import { ZERO_UUID } from '../../bytes/uuid.js';
import { isInternalTopic } from '../../metadata/internal-topics.js';
import type { TopicView } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import type { RequestOf, ResponseIn } from '../../protocol/codec.js';
import { errors } from '../../protocol/errors.js';
import { TOPIC_OPERATIONS } from '../authorized-operations.js';
import { type Broker, brokersOf, leaderOf } from '../brokers.js';
import { handler, type Services } from '../handler.js';
import { isTopicName } from '../topic-creation.js';

const PARTITIONS_MAX = 2_000;

type Request = RequestOf<typeof apis.describeTopicPartitions>;
type TopicAnswer = ResponseIn<typeof apis.describeTopicPartitions>['topics'][number];

export const describeTopicPartitions = (services: Services) =>
  handler(apis.describeTopicPartitions, (request, call) => {
    const { view } = services.metadata;
    const { cursor } = request;
    const wantsAll = request.topics.length === 0;
    const isNamed = wantsAll || request.topics.some(({ name }) => name === cursor?.topicName);
    if (cursor !== null && (cursor.partitionIndex < 0 || !isNamed)) {
      const refuse = ({ name }: { name: string }) => withoutPartitions(name, errors.INVALID_REQUEST.code);
      return { throttleTimeMs: 0, topics: request.topics.map(refuse), nextCursor: null };
    }
    const brokers = brokersOf(view, call.listener);
    let left = Math.max(1, Math.min(request.responsePartitionLimit, PARTITIONS_MAX));
    const topics: TopicAnswer[] = [];
    for (const name of namesFrom(services, request)) {
      if (left === 0) {
        return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: 0 } };
      }
      const topic = view.topicByName(name);
      if (topic === undefined) {
        const error = isTopicName(name) ? errors.UNKNOWN_TOPIC_OR_PARTITION : errors.INVALID_TOPIC_EXCEPTION;
        topics.push({
          ...withoutPartitions(name, error.code),
          isInternal: isInternalTopic(name),
          topicAuthorizedOperations: TOPIC_OPERATIONS,
        });
        continue;
      }
      const first = name === cursor?.topicName ? cursor.partitionIndex : 0;
      const end = Math.min(first + left, topic.partitions.length);
      topics.push(describe(topic, brokers, first, end));
      if (end < topic.partitions.length) {
        return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: end } };
      }
      left -= Math.max(0, end - first);
    }
    return { throttleTimeMs: 0, topics, nextCursor: null };
  });

/** In Java's order of strings, which is JavaScript's: by UTF-16 unit. */
function namesFrom({ metadata }: Services, { topics, cursor }: Request): string[] {
  const from = cursor?.topicName ?? '';
  const names = topics.length === 0 ? Array.from(metadata.view.topics(), ({ name }) => name) : distinct(topics);
  return names.filter((name) => name >= from).sort();
}

function distinct(topics: Request['topics']): string[] {
  return [...new Set(topics.map(({ name }) => name))];
}

function describe(topic: TopicView, brokers: readonly Broker[], first: number, end: number): TopicAnswer {
  return {
    errorCode: errors.NONE.code,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: isInternalTopic(topic.name),
    partitions: Array.from({ length: Math.max(0, end - first) }, (_, i) => {
      const leader = leaderOf(brokers, topic.topicId, first + i);
      const nodes = leader === undefined ? [] : [leader.nodeId];
      return {
        errorCode: errors.NONE.code,
        partitionIndex: first + i,
        leaderId: leader?.nodeId ?? -1,
        leaderEpoch: 0,
        replicaNodes: nodes,
        isrNodes: nodes,
        eligibleLeaderReplicas: [],
        lastKnownElr: [],
        offlineReplicas: [],
      };
    }),
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  };
}

function withoutPartitions(name: string, errorCode: number): TopicAnswer {
  return { errorCode, name, topicId: ZERO_UUID, partitions: [] };
}
