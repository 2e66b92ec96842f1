/**
 * DescribeProducers, v0: what the metadata knows of each partition's idempotent producers, behind a fresh read.
 *
 * - No topic name: INVALID_TOPIC_EXCEPTION (17); unknown: UNKNOWN_TOPIC_OR_PARTITION (3); NOT_LEADER_OR_FOLLOWER (6), which
 *   clients retry, when it cannot be known whether this replica is up to date.
 * - Nothing is transactional yet: coordinator epoch and start of the transaction are -1.
 */
import { apis } from '../../protocol/apis.js';
import { errors, type KafkaError } from '../../protocol/errors.js';
import { readFresh } from '../fresh.js';
import { handler, type Services } from '../handler.js';
import { isTopicName } from '../topic-creation.js';

export const describeProducers = (services: Services) =>
  handler(apis.describeProducers, async (request) => {
    const isFresh = await readFresh(services);
    return {
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          ...(isFresh ? describe(services, name, partitionIndex) : mistake(errors.NOT_LEADER_OR_FOLLOWER, null)),
        })),
      })),
    };
  });

function describe({ metadata: { view } }: Services, name: string, index: number) {
  if (!isTopicName(name)) {
    return mistake(errors.INVALID_TOPIC_EXCEPTION, 'It is no topic name.');
  }
  const topic = view.topicByName(name);
  if (topic?.partitions[index] === undefined) {
    return mistake(errors.UNKNOWN_TOPIC_OR_PARTITION, topic === undefined ? `There is no topic ${name}.` : null);
  }
  return {
    errorCode: errors.NONE.code,
    activeProducers: Array.from(view.producers(topic.topicId, index), (producer) => ({
      producerId: producer.producerId,
      producerEpoch: producer.epoch,
      lastSequence: producer.lastSequence,
      lastTimestamp: producer.lastTimestamp,
      coordinatorEpoch: -1,
      currentTxnStartOffset: -1,
    })),
  };
}

function mistake({ code }: KafkaError, errorMessage: string | null) {
  return { errorCode: code, errorMessage, activeProducers: [] };
}
