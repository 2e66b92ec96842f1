import type { Api } from './codec.js';
import { produce } from './schema/00-produce.js';
import { fetch } from './schema/01-fetch.js';
import { listOffsets } from './schema/02-list-offsets.js';
import { metadata } from './schema/03-metadata.js';
import { offsetCommit } from './schema/08-offset-commit.js';
import { offsetFetch } from './schema/09-offset-fetch.js';
import { findCoordinator } from './schema/10-find-coordinator.js';
import { joinGroup } from './schema/11-join-group.js';
import { heartbeat } from './schema/12-heartbeat.js';
import { leaveGroup } from './schema/13-leave-group.js';
import { syncGroup } from './schema/14-sync-group.js';
import { describeGroups } from './schema/15-describe-groups.js';
import { listGroups } from './schema/16-list-groups.js';
import { apiVersions } from './schema/18-api-versions.js';
import { createTopics } from './schema/19-create-topics.js';
import { deleteTopics } from './schema/20-delete-topics.js';
import { deleteRecords } from './schema/21-delete-records.js';
import { initProducerId } from './schema/22-init-producer-id.js';
import { offsetForLeaderEpoch } from './schema/23-offset-for-leader-epoch.js';
import { describeConfigs } from './schema/32-describe-configs.js';
import { alterConfigs } from './schema/33-alter-configs.js';
import { describeLogDirs } from './schema/35-describe-log-dirs.js';
import { createPartitions } from './schema/37-create-partitions.js';
import { deleteGroups } from './schema/42-delete-groups.js';
import { electLeaders } from './schema/43-elect-leaders.js';
import { incrementalAlterConfigs } from './schema/44-incremental-alter-configs.js';
import { alterPartitionReassignments } from './schema/45-alter-partition-reassignments.js';
import { listPartitionReassignments } from './schema/46-list-partition-reassignments.js';
import { offsetDelete } from './schema/47-offset-delete.js';
import { describeClientQuotas } from './schema/48-describe-client-quotas.js';
import { alterClientQuotas } from './schema/49-alter-client-quotas.js';
import { describeUserScramCredentials } from './schema/50-describe-user-scram-credentials.js';
import { describeCluster } from './schema/60-describe-cluster.js';
import { describeProducers } from './schema/61-describe-producers.js';
import { consumerGroupHeartbeat } from './schema/68-consumer-group-heartbeat.js';
import { consumerGroupDescribe } from './schema/69-consumer-group-describe.js';
import { listConfigResources } from './schema/74-list-config-resources.js';
import { describeTopicPartitions } from './schema/75-describe-topic-partitions.js';

/** Every API that this folder defines, by key ascending. The server advertises those of them that have a handler. */
export const apis = {
  produce,
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
  apiVersions,
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
} as const;

/** The same as a list. */
export const apiList: readonly Api[] = Object.values(apis);

const byKey: ReadonlyMap<number, Api> = new Map(apiList.map((api) => [api.key, api]));

/** The API with this key; undefined when it is not defined here, which a server answers by closing the connection. */
export function apiByKey(key: number): Api | undefined {
  return byKey.get(key);
}
