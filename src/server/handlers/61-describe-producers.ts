/**
 * DescribeProducers, v0: what the metadata knows of each partition's idempotent producers, behind a fresh read.
 *
 * - No topic name: INVALID_TOPIC_EXCEPTION (17); unknown: UNKNOWN_TOPIC_OR_PARTITION (3); NOT_LEADER_OR_FOLLOWER (6), which
 *   clients retry, when it cannot be known whether this replica is up to date.
 * - Nothing is transactional yet: coordinator epoch and start of the transaction are -1.
 */
import type { ProducerView } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import type { ResponseIn } from '../../protocol/codec.js';
import { errors, type KafkaError } from '../../protocol/errors.js';
import { once } from '../describe.js';
import { readFresh } from '../fresh.js';
import { handler, type Services } from '../handler.js';
import { isTopicName } from '../topic-creation.js';

export const describeProducers = (services: Services) =>
  handler(apis.describeProducers, async (request) => {
    const isFresh = await readFresh(services);
    const describeTopic = once((name: string) => once(isFresh ? partitionsOf(services, name) : UNSURE));
    return {
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(describeTopic(name)),
      })),
    };
  });

/** What is told of the partition with that index. */
type Describe = (
  partitionIndex: number,
) => ResponseIn<typeof apis.describeProducers>['topics'][number]['partitions'][number];

const UNSURE = mistake(errors.NOT_LEADER_OR_FOLLOWER, null);

function partitionsOf({ metadata: { view } }: Services, name: string): Describe {
  if (!isTopicName(name)) return mistake(errors.INVALID_TOPIC_EXCEPTION, 'It is no topic name.');
  const topic = view.topicByName(name);
  if (topic === undefined) return mistake(errors.UNKNOWN_TOPIC_OR_PARTITION, `There is no topic ${name}.`);
  const unknown = mistake(errors.UNKNOWN_TOPIC_OR_PARTITION, null);
  return (partitionIndex) => {
    if (topic.partitions[partitionIndex] === undefined) return unknown(partitionIndex);
    let made: ReturnType<typeof activeProducer>[] | undefined;
    return {
      partitionIndex,
      errorCode: errors.NONE.code,
      /** Made when it is written, a partition at a time: there may be a hundred thousand in all. */
      get activeProducers() {
        made ??= Array.from(view.producers(topic.topicId, partitionIndex), activeProducer);
        return made;
      },
    };
  };
}

function activeProducer({ producerId, epoch, lastSequence, lastTimestamp }: ProducerView) {
  return {
    producerId,
    producerEpoch: epoch,
    lastSequence,
    lastTimestamp,
    coordinatorEpoch: -1,
    currentTxnStartOffset: -1,
  };
}

function mistake({ code }: KafkaError, errorMessage: string | null): Describe {
  return (partitionIndex) => ({ partitionIndex, errorCode: code, errorMessage, activeProducers: [] });
}
