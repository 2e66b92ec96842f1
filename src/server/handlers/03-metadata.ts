/**
 * Metadata, v0 to v13.
 *
 * - v0: an empty list means all topics; v1+: null does. v12+ may ask by topic id (UNKNOWN_TOPIC_ID 100); in v10 and v11
 *   ids are ignored, as they were broken.
 * - A topic that does not exist is created when the client allows it (v0 to v3 always do) and --auto-create-topics is on;
 *   the answer waits for it, so that the client need not come again.
 * - Addresses are those of the listener by which the client came. "Leader" of a partition is an open agent by hash, with
 *   epoch 0 for ever; replicas and in-sync replicas are that agent. The controller is this agent: any may be.
 * - Authorized operations: everything, when asked for; there is no authorizer.
 */
import { isInternalTopic } from '../../metadata/internal-topics.js';
import type { TopicView } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import type { ResponseIn } from '../../protocol/codec.js';
import { errors } from '../../protocol/errors.js';
import { ZERO_UUID } from '../../bytes/uuid.js';
import { administer } from '../administration.js';
import { CLUSTER_OPERATIONS, NOT_REQUESTED, TOPIC_OPERATIONS } from '../authorized-operations.js';
import { type Broker, brokersOf, leaderOf } from '../brokers.js';
import { handler, type Services } from '../handler.js';
import { createTopic, isTopicName } from '../topic-creation.js';

/** Topics that one request may bring into being; further ones are answered LEADER_NOT_AVAILABLE, and asked for again. */
const CREATED_MAX = 100;
const CREATION_WAIT_MS_MAX = 5_000;

type TopicAnswer = ResponseIn<typeof apis.metadata>['topics'][number];

export const metadata = (services: Services) =>
  handler(apis.metadata, async (request, call) => {
    const { view, self } = services.metadata;
    const wantsAll = request.topics === null || (call.version === 0 && request.topics.length === 0);
    const mayCreate = request.allowAutoTopicCreation && services.settings.autoCreateTopics;
    const found: readonly Found[] = wantsAll
      ? Array.from(view.topics(), (topic) => ({ topic, error: 0, name: topic.name, topicId: topic.topicId }))
      : await findAll(services, request.topics ?? [], call.version, mayCreate);
    const brokers = brokersOf(view, call.listener);
    const operations = request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : NOT_REQUESTED;
    return {
      throttleTimeMs: 0,
      brokers,
      clusterId: services.settings.cluster,
      controllerId: self.nodeId,
      topics: found.map((each) => answer(each, brokers, operations, call.version)),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : NOT_REQUESTED,
      errorCode: errors.NONE.code,
    };
  });

interface Found {
  readonly topic: TopicView | undefined;
  readonly error: number;
  /** As asked for. */
  readonly name: string | null;
  readonly topicId: string;
}

async function findAll(
  services: Services,
  wanted: readonly { readonly name: string | null; readonly topicId: string }[],
  version: number,
  mayCreate: boolean,
): Promise<Found[]> {
  const { view } = services.metadata;
  const creations = new Map<string, Promise<number>>();
  return Promise.all(
    wanted.map(async ({ name, topicId }): Promise<Found> => {
      if (version >= 12 && topicId !== ZERO_UUID) {
        const topic = view.topicById(topicId);
        return { topic, error: topic === undefined ? errors.UNKNOWN_TOPIC_ID.code : 0, name: null, topicId };
      }
      if (name === null || !isTopicName(name)) {
        return { topic: undefined, error: errors.INVALID_TOPIC_EXCEPTION.code, name, topicId };
      }
      const topic = view.topicByName(name);
      if (topic !== undefined) {
        return { topic, error: 0, name, topicId };
      }
      if (!mayCreate) {
        return { topic, error: errors.UNKNOWN_TOPIC_OR_PARTITION.code, name, topicId };
      }
      const error = await createOnce(services, creations, name);
      return { topic: error === 0 ? view.topicByName(name) : undefined, error, name, topicId };
    }),
  );
}

function createOnce(services: Services, creations: Map<string, Promise<number>>, name: string): Promise<number> {
  let creation = creations.get(name);
  if (creation === undefined) {
    if (creations.size >= CREATED_MAX) {
      return Promise.resolve(errors.LEADER_NOT_AVAILABLE.code);
    }
    creation = create(services, name);
    creations.set(name, creation);
  }
  return creation;
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

function answer(found: Found, brokers: readonly Broker[], operations: number, version: number): TopicAnswer {
  const { topic } = found;
  if (topic === undefined) {
    // A topic that was deleted again between its creation and this answer is unknown.
    const errorCode = found.error === 0 ? errors.UNKNOWN_TOPIC_OR_PARTITION.code : found.error;
    const name = found.name ?? (version >= 12 ? null : '');
    return { errorCode, name, topicId: found.topicId, partitions: [], topicAuthorizedOperations: NOT_REQUESTED };
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
