/**
 * CreateTopics, v2 to v7.
 *
 * - Partitions -1 take --default-partitions; 0, below -1 or above the metadata's limit: INVALID_PARTITIONS (37).
 * - Replication factor -1 or any positive number is accepted, though nothing is replicated here: tools pass 3 by habit and
 *   the object store is more durable. The answer tells 1. 0 and below -1: INVALID_REPLICATION_FACTOR (38).
 * - A manual assignment is accepted when it is consistent (partitions 0 to n-1, distinct brokers, equally many each), else
 *   INVALID_REPLICA_ASSIGNMENT (39), and has no effect beyond the number of partitions.
 * - Configs as src/config/topic-configs.ts; an unknown name or bad value: INVALID_CONFIG (40).
 * - TOPIC_ALREADY_EXISTS 36, INVALID_TOPIC_EXCEPTION 17, a name given twice INVALID_REQUEST 42; REQUEST_TIMED_OUT 7 after the
 *   client's timeout, though it may still be created; v6+ THROTTLING_QUOTA_EXCEEDED 89; NOT_CONTROLLER 41 while the metadata leader cannot be reached.
 * - validateOnly makes every check but those that only the metadata can. v5+ tell the configs, v7 the topic's id.
 */
import { topicConfigsFlaw } from '../../config/topic-configs.js';
import type { RequestOf, ResponseIn } from '../../protocol/codec.js';
import { ZERO_UUID } from '../../bytes/uuid.js';
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { administer } from '../administration.js';
import { ConfigDescriptions, type Told } from '../config-description.js';
import { type Call, handler, mayMutate, QUOTA_EXCEEDED, type Services } from '../handler.js';
import { createTopic, isTopicName } from '../topic-creation.js';
import { turnsOf } from '../turns.js';

type Wanted = RequestOf<typeof apis.createTopics>['topics'][number];
type Answer = ResponseIn<typeof apis.createTopics>['topics'][number];

const STRICT_QUOTA_SINCE = 6;

interface Mistake {
  readonly errorCode: number;
  readonly errorMessage: string;
}

/** Kafka's ReplicationControlManager: more in one request fail it as a whole, whatever else is wrong with it. */
const PARTITIONS_MAX = 10_000;

export const createTopics = (services: Services) =>
  handler(apis.createTopics, async (request, call) => {
    const times = new Map<string, number>();
    for (const { name } of request.topics) {
      times.set(name, (times.get(name) ?? 0) + 1);
    }
    const once = request.topics.filter(({ name }) => times.get(name) === 1);
    const total = once.reduce((sum, topic) => sum + Math.max(0, partitionsOf(services, topic)), 0);
    if (total > PARTITIONS_MAX) {
      const errorMessage = `A request may ask for ${PARTITIONS_MAX} partitions, not ${total}.`;
      const refused = { topicId: ZERO_UUID, errorCode: errors.POLICY_VIOLATION.code, errorMessage, configs: [] };
      return { throttleTimeMs: 0, topics: request.topics.map(({ name }) => ({ name, ...refused })) };
    }
    // A name that is given twice is answered once.
    const wanted = new Map(request.topics.map((topic) => [topic.name, topic]));
    const inTurn = turnsOf(services.world.timers, call);
    const means = { services, call, descriptions: new ConfigDescriptions(services.configs.now, NAMES_AND_VALUES) };
    const topics = await Promise.all(
      Array.from(wanted.values(), (topic) =>
        inTurn(async () => {
          const mistake =
            times.get(topic.name)! > 1
              ? { errorCode: errors.INVALID_REQUEST.code, errorMessage: 'Duplicate topic name.' }
              : findMistake(services, topic);
          return mistake === undefined
            ? create(means, topic, request.validateOnly, request.timeoutMs)
            : { name: topic.name, topicId: ZERO_UUID, configs: [], ...mistake };
        }),
      ),
    );
    return { throttleTimeMs: 0, topics };
  });

const NAMES_AND_VALUES: Told = { includeSynonyms: false, includeDocumentation: false };

interface Means {
  readonly services: Services;
  readonly call: Call;
  readonly descriptions: ConfigDescriptions;
}

async function create(
  { services, call, descriptions }: Means,
  topic: Wanted,
  validateOnly: boolean,
  timeoutMs: number,
): Promise<Answer> {
  const partitions = partitionsOf(services, topic);
  if (!mayMutate(call, STRICT_QUOTA_SINCE, partitions)) {
    const { error, message } = QUOTA_EXCEEDED;
    return { name: topic.name, topicId: ZERO_UUID, errorCode: error, errorMessage: message, configs: [] };
  }
  const configs = topic.configs.map(({ name, value }) => ({ name, value: value ?? '' }));
  let topicId = ZERO_UUID;
  if (!validateOnly) {
    const { outcome, error, message } = await administer(
      services,
      timeoutMs,
      createTopic(services, topic.name, partitions, configs),
    );
    if (outcome === undefined) {
      return { name: topic.name, topicId, errorCode: error, errorMessage: message, configs: [] };
    }
    topicId = outcome.kind === 'topic-created' ? outcome.topicId : topicId;
  }
  const set = new Map(configs.map(({ name, value }) => [name, value]));
  return {
    name: topic.name,
    topicId,
    errorCode: errors.NONE.code,
    errorMessage: null,
    numPartitions: partitions,
    replicationFactor: 1,
    configs: descriptions.topic(set).map(({ name, value, configSource, isSensitive, readOnly }) => ({
      name,
      // Kafka repeats what it was given; DescribeConfigs shows it as its type writes it.
      value: set.get(name) ?? value,
      readOnly,
      configSource,
      isSensitive,
    })),
  };
}

function partitionsOf(services: Services, topic: Wanted): number {
  if (topic.assignments.length > 0) {
    return topic.assignments.length;
  }
  return topic.numPartitions === -1 ? services.settings.defaultPartitions : topic.numPartitions;
}

function findMistake(services: Services, topic: Wanted): Mistake | undefined {
  const { name, numPartitions, replicationFactor, assignments, configs } = topic;
  if (!isTopicName(name)) {
    const errorMessage =
      'A topic name has 1 to 249 characters of a-z, A-Z, 0-9, ".", "_" and "-", and is not "." or "..".';
    return { errorCode: errors.INVALID_TOPIC_EXCEPTION.code, errorMessage };
  }
  if (services.metadata.view.topicByName(name) !== undefined) {
    return { errorCode: errors.TOPIC_ALREADY_EXISTS.code, errorMessage: `Topic '${name}' already exists.` };
  }
  const like = services.metadata.view.topicLike(name);
  if (like !== undefined) {
    const errorMessage = `Topic '${name}' collides with existing topic: ${like} ('.' and '_' count as one)`;
    return { errorCode: errors.INVALID_TOPIC_EXCEPTION.code, errorMessage };
  }
  const withoutValue = configs.filter(({ value }) => value === null).map((config) => config.name);
  if (withoutValue.length > 0) {
    const errorMessage = `Null value not supported for topic configs: ${withoutValue.join(',')}`;
    return { errorCode: errors.INVALID_CONFIG.code, errorMessage };
  }
  const flaw = topicConfigsFlaw(
    new Map(configs.map((config) => [config.name, config.value ?? ''])),
    services.configs.now,
  );
  if (flaw !== undefined) return { errorCode: errors.INVALID_CONFIG.code, errorMessage: flaw };
  if (assignments.length > 0) {
    if (numPartitions !== -1 || replicationFactor !== -1) {
      const errorMessage = 'Both a number of partitions or replicas and an assignment were given.';
      return { errorCode: errors.INVALID_REQUEST.code, errorMessage };
    }
    if (!isConsistent(assignments)) {
      const errorMessage = 'An assignment names partitions 0 to n-1, each with equally many distinct brokers.';
      return { errorCode: errors.INVALID_REPLICA_ASSIGNMENT.code, errorMessage };
    }
  } else if (replicationFactor < -1 || replicationFactor === 0) {
    const errorMessage = 'Replication factor must be larger than 0, or -1 for the default.';
    return { errorCode: errors.INVALID_REPLICATION_FACTOR.code, errorMessage };
  } else if (numPartitions < -1 || numPartitions === 0) {
    const errorMessage = 'Number of partitions must be larger than 0, or -1 for the default.';
    return { errorCode: errors.INVALID_PARTITIONS.code, errorMessage };
  }
  return undefined;
}

function isConsistent(assignments: Wanted['assignments']): boolean {
  const partitions = new Set(assignments.map(({ partitionIndex }) => partitionIndex));
  const replicas = assignments[0]!.brokerIds.length;
  return (
    replicas > 0 &&
    assignments.every(
      ({ partitionIndex, brokerIds }) =>
        partitionIndex >= 0 &&
        partitionIndex < assignments.length &&
        brokerIds.length === replicas &&
        new Set(brokerIds).size === replicas,
    ) &&
    partitions.size === assignments.length
  );
}
