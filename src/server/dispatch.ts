/** The hub: which APIs are served, and by what. What is not here is not advertised. */
import { apis } from '../protocol/apis.js';
import type { Api } from '../protocol/codec.js';
import type { Handler, Services } from './handler.js';
import { produceVersions } from './handlers/00-produce.js';
import { fetch } from './handlers/01-fetch.js';
import { listOffsets } from './handlers/02-list-offsets.js';
import { metadata } from './handlers/03-metadata.js';
import { offsetCommit } from './handlers/08-offset-commit.js';
import { offsetFetch } from './handlers/09-offset-fetch.js';
import { findCoordinator } from './handlers/10-find-coordinator.js';
import { joinGroup } from './handlers/11-join-group.js';
import { heartbeat } from './handlers/12-heartbeat.js';
import { leaveGroup } from './handlers/13-leave-group.js';
import { syncGroup } from './handlers/14-sync-group.js';
import { describeGroups } from './handlers/15-describe-groups.js';
import { listGroups } from './handlers/16-list-groups.js';
import { apiVersions } from './handlers/18-api-versions.js';
import { createTopics } from './handlers/19-create-topics.js';
import { deleteTopics } from './handlers/20-delete-topics.js';
import { deleteRecords } from './handlers/21-delete-records.js';
import { initProducerId } from './handlers/22-init-producer-id.js';
import { offsetForLeaderEpoch } from './handlers/23-offset-for-leader-epoch.js';
import { describeConfigs } from './handlers/32-describe-configs.js';
import { alterConfigs } from './handlers/33-alter-configs.js';
import { describeLogDirs } from './handlers/35-describe-log-dirs.js';
import { createPartitions } from './handlers/37-create-partitions.js';
import { deleteGroups } from './handlers/42-delete-groups.js';
import { electLeaders } from './handlers/43-elect-leaders.js';
import { incrementalAlterConfigs } from './handlers/44-incremental-alter-configs.js';
import { alterPartitionReassignments } from './handlers/45-alter-partition-reassignments.js';
import { listPartitionReassignments } from './handlers/46-list-partition-reassignments.js';
import { offsetDelete } from './handlers/47-offset-delete.js';
import { describeClientQuotas } from './handlers/48-describe-client-quotas.js';
import { alterClientQuotas } from './handlers/49-alter-client-quotas.js';
import { describeUserScramCredentials } from './handlers/50-describe-user-scram-credentials.js';
import { describeCluster } from './handlers/60-describe-cluster.js';
import { describeProducers } from './handlers/61-describe-producers.js';
import { consumerGroupHeartbeat } from './handlers/68-consumer-group-heartbeat.js';
import { consumerGroupDescribe } from './handlers/69-consumer-group-describe.js';
import { listConfigResources } from './handlers/74-list-config-resources.js';
import { describeTopicPartitions } from './handlers/75-describe-topic-partitions.js';

/** In order of the API keys. Produce is served by the ingest engine, its handler only says what it is. */
const table = [
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  describeConfigs,
  alterConfigs,
  describeLogDirs,
  createPartitions,
  deleteGroups,
  electLeaders,
  incrementalAlterConfigs,
  alterPartitionReassignments,
  listPartitionReassignments,
  offsetDelete,
  describeClientQuotas,
  alterClientQuotas,
  describeUserScramCredentials,
  describeCluster,
  describeProducers,
  consumerGroupHeartbeat,
  consumerGroupDescribe,
  listConfigResources,
  describeTopicPartitions,
] as const;

export interface Dispatch {
  /** Undefined: the API is not served. Produce has no handler of this kind. */
  handlerOf(apiKey: number): Handler | undefined;
  /** Whether a version of a served API is served. */
  serves(apiKey: number, version: number): boolean;
}

export function createDispatch(services: Services): Dispatch {
  const handlers = table.map((create) => create(services));
  const served: Api[] = [produceVersions, ...handlers.map(({ api }) => api), apis.apiVersions];
  handlers.push(apiVersions(served));
  const byKey = new Map(handlers.map((handler) => [handler.api.key, handler]));
  const apiByKey = new Map(served.map((api) => [api.key, api]));
  return {
    handlerOf: (apiKey) => byKey.get(apiKey),
    serves: (apiKey, version) => apiByKey.get(apiKey)?.request.supports(version) ?? false,
  };
}
