/**
 * Metadata, v0 to v13.
 *
 * - v0: an empty list means all topics; v1+: null does. A topic named twice is told once.
 * - v12+ may ask by topic id: UNKNOWN_TOPIC_ID (100). As soon as there is an id, topics without one are left out. An id in v10 or
 *   v11, or a topic with neither name nor id: INVALID_REQUEST (42) for every topic, and nothing else is told, as in Kafka.
 * - A topic that does not exist is created when the client allows it (v0 to v3 always do) and --auto-create-topics is on;
 *   the answer waits for it, so that the client need not come again.
 * - Addresses are those of the listener by which the client came. "Leader" of a partition is an open agent by hash, with
 *   epoch 0 for ever; replicas and in-sync replicas are that agent. The controller is this agent: any may be.
 * - Authorized operations: everything, when asked for; there is no authorizer. They are told of named topics that do not
 *   exist, too, but not of unknown ids.
 */
import { isInternalTopic } from '../../metadata/internal-topics.js';
import type { TopicView } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import type { ResponseIn } from '../../protocol/codec.js';
import { errors } from '../../protocol/errors.js';
import { ZERO_UUID } from '../../bytes/uuid.js';
import { administer } from '../administration.js';
import { CLUSTER_OPERATIONS, NOT_REQUESTED, TOPIC_OPERATIONS } from '../authorized-operations.js';
import { type Broker, brokersOf, controllerOf, leaderOf } from '../brokers.js';
import { type Call, handler, mayMutate, type Services } from '../handler.js';
import { createTopic, isTopicName } from '../topic-creation.js';

/** Topics that one request may bring into being; further ones are answered LEADER_NOT_AVAILABLE, and asked for again. */
const CREATED_MAX = 100;
const CREATION_WAIT_MS_MAX = 5_000;

type TopicAnswer = ResponseIn<typeof apis.metadata>['topics'][number];

export const metadata = (services: Services) =>
  handler(apis.metadata, async (request, call) => {
    const { view, self } = services.metadata;
    if (request.topics !== null && !isAskable(request.topics, call.version)) {
      return refused(request.topics, call.version);
    }
    const wantsAll = request.topics === null || (call.version === 0 && request.topics.length === 0);
    const mayCreate = request.allowAutoTopicCreation && services.settings.autoCreateTopics;
    const found: readonly Found[] = wantsAll
      ? Array.from(view.topics(), (topic) => ({ topic, error: 0, name: topic.name, topicId: topic.topicId }))
      : await findAll(services, request.topics ?? [], call, mayCreate);
    const brokers = brokersOf(view, call.listener);
    const operations = request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : NOT_REQUESTED;
    return {
      throttleTimeMs: 0,
      brokers,
      clusterId: services.settings.cluster,
      controllerId: controllerOf(brokers, self.nodeId),
      topics: found.map((each) => answer(each, brokers, operations)),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : NOT_REQUESTED,
      errorCode: errors.NONE.code,
    };
  });

interface Asked {
  readonly name: string | null;
  readonly topicId: string;
}

/** Whether each topic says which one it is, in a way that the version has; an id says it for those beside it, too. */
function isAskable(topics: readonly Asked[], version: number): boolean {
  const hasIds = topics.some(({ topicId }) => topicId !== ZERO_UUID);
  return hasIds ? version >= 12 : topics.every(({ name }) => name !== null);
}

function refused(topics: readonly Asked[], version: number): ResponseIn<typeof apis.metadata> {
  const errorCode = errors.INVALID_REQUEST.code;
  return {
    throttleTimeMs: 0,
    brokers: [],
    topics: topics.map(({ name, topicId }) => ({ errorCode, name: name ?? '', topicId, partitions: [] })),
    errorCode: version >= 13 ? errorCode : errors.NONE.code,
  };
}

interface Found {
  readonly topic: TopicView | undefined;
  readonly error: number;
  /** As asked for. */
  readonly name: string | null;
  readonly topicId: string;
}

function findAll(
  services: Services,
  wanted: readonly Asked[],
  call: Call,
  mayCreate: boolean,
): Promise<Found[]> | Found[] {
  const { view } = services.metadata;
  const ids = new Set(wanted.map(({ topicId }) => topicId).filter((topicId) => topicId !== ZERO_UUID));
  if (ids.size > 0) {
    return Array.from(ids, (topicId) => {
      const topic = view.topicById(topicId);
      return { topic, error: topic === undefined ? errors.UNKNOWN_TOPIC_ID.code : 0, name: null, topicId };
    });
  }
  const names = new Set(wanted.map(({ name }) => name ?? ''));
  let creations = 0;
  return Promise.all(
    Array.from(names, async (name): Promise<Found> => {
      const unknown = { topic: undefined, name, topicId: ZERO_UUID };
      if (!isTopicName(name)) {
        return { ...unknown, error: errors.INVALID_TOPIC_EXCEPTION.code };
      }
      const topic = view.topicByName(name);
      if (topic !== undefined) {
        return { ...unknown, topic, error: 0 };
      }
      if (!mayCreate) {
        return { ...unknown, error: errors.UNKNOWN_TOPIC_OR_PARTITION.code };
      }
      creations += 1;
      // A quota of mutations binds these, too, and strictly, whatever the version (KIP-599).
      const isLetIn = creations <= CREATED_MAX && mayMutate(call, 0, services.settings.defaultPartitions);
      const error = isLetIn ? await create(services, name) : errors.LEADER_NOT_AVAILABLE.code;
      return { ...unknown, topic: error === 0 ? view.topicByName(name) : undefined, error };
    }),
  );
}

async function create(services: Services, name: string): Promise<number> {
  if (!services.metadata.leaderKnown) {
    return errors.LEADER_NOT_AVAILABLE.code;
  }
  const creation = createTopic(services, name, services.settings.defaultPartitions, []);
  const { error } = await administer(services, CREATION_WAIT_MS_MAX, creation);
  switch (error) {
    case errors.TOPIC_ALREADY_EXISTS.code:
      return errors.NONE.code;
    case errors.REQUEST_TIMED_OUT.code:
    case errors.NOT_CONTROLLER.code:
      // Not there yet, as far as this agent can tell: clients ask again.
      return errors.LEADER_NOT_AVAILABLE.code;
    default:
      return error;
  }
}

function answer(found: Found, brokers: readonly Broker[], operations: number): TopicAnswer {
  const { topic } = found;
  if (topic === undefined) {
    // A topic that was deleted again between its creation and this answer is unknown.
    const errorCode = found.error === 0 ? errors.UNKNOWN_TOPIC_OR_PARTITION.code : found.error;
    const { name, topicId } = found;
    return name === null
      ? { errorCode, name, topicId, partitions: [] }
      : {
          errorCode,
          name,
          topicId,
          isInternal: isInternalTopic(name),
          partitions: [],
          topicAuthorizedOperations: operations,
        };
  }
  return {
    errorCode: errors.NONE.code,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((_partition, index) => {
      const leader = leaderOf(brokers, topic.topicId, index);
      const nodes = leader === undefined ? [] : [leader.nodeId];
      return {
        errorCode: leader === undefined ? errors.LEADER_NOT_AVAILABLE.code : errors.NONE.code,
        partitionIndex: index,
        leaderId: leader?.nodeId ?? -1,
        leaderEpoch: 0,
        replicaNodes: nodes,
        isrNodes: nodes,
        offlineReplicas: [],
      };
    }),
    topicAuthorizedOperations: operations,
  };
}
