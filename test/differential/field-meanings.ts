/**
 * What a field of an answer means to the comparison. Without a row a field must be equal. The key is `Api.field`, or the
 * last name alone for every API.
 */
export type Meaning =
  /** Neither value says anything about behaviour. */
  | 'not compared'
  /** Words for people: compared is only whether there are any. */
  | 'text'
  /** A node id, a host, a port: compared is whether it is the system's own. */
  | 'node'
  | 'host'
  | 'port'
  /** A time of the system's clock: compared is whether there is one. */
  | 'time'
  /** Given out by the system: compared is which of those that it gave out before. */
  | 'id'
  /** The same, 0 being none. */
  | 'session'
  /** An error code, shown with its name. */
  | 'error'
  /** Record batches, field by field. */
  | 'records';

export const meanings: Readonly<Record<string, Meaning>> = {
  throttleTimeMs: 'not compared',
  errorCode: 'error',
  topicConfigErrorCode: 'error',
  errorMessage: 'text',
  batchIndexErrorMessage: 'text',
  documentation: 'not compared',
  nodeId: 'node',
  leaderId: 'node',
  controllerId: 'node',
  brokerId: 'node',
  replicaNodes: 'node',
  isrNodes: 'node',
  offlineReplicas: 'node',
  host: 'host',
  port: 'port',
  clusterId: 'not compared',
  // What the same records take differs, and so do disks.
  logDir: 'not compared',
  partitionSize: 'not compared',
  totalBytes: 'not compared',
  usableBytes: 'not compared',
  topicId: 'id',
  memberId: 'id',
  leader: 'id',
  producerId: 'id',
  sessionId: 'session',
  logAppendTimeMs: 'time',
  finalizedFeaturesEpoch: 'not compared',
  records: 'records',
};

/** Names that tell the elements of an array apart, where their order has no meaning. */
export const identities: readonly string[] = [
  'name',
  'topic',
  'topicId',
  'topicName',
  'groupId',
  'partition',
  'partitionIndex',
  'index',
  'memberId',
  'resourceType',
  'resourceName',
  'apiKey',
  'key',
  'configName',
  'group',
  'entity',
  'entityType',
  'partitionId',
];

/** Arrays whose order has a meaning, by `Api.field`: all others are compared by their elements' identity. */
export const ordered: ReadonlySet<string> = new Set([
  'FindCoordinator.coordinators',
  'DescribeLogDirs.results',
  'Fetch.responses.partitions.abortedTransactions',
  'DescribeTopicPartitions.topics',
  'Produce.responses.partitionResponses.recordErrors',
  'OffsetForLeaderEpoch.topics',
  'OffsetForLeaderEpoch.topics.partitions',
]);

/** Lists of everything there is: only what the script itself named is compared. */
export const listings: Readonly<Record<string, string>> = {
  'Metadata.topics': 'name',
  'ElectLeaders.replicaElectionResults': 'topic',
  'ListGroups.groups': 'groupId',
  'DescribeLogDirs.results.topics': 'name',
  'DescribeTopicPartitions.topics': 'name',
  'OffsetFetch.groups': 'groupId',
  'DescribeClientQuotas.entries': 'entity',
  'ListConfigResources.configResources': 'resourceName',
};

/**
 * Lists whose elements may come in pieces: an element may stand several times, each with a part of its inner list. What
 * counts is what all of them have together; one that has nothing says nothing.
 */
export const pieces: Readonly<Record<string, string>> = {
  'Fetch.responses': 'partitions',
  'Produce.responses': 'partitionResponses',
  'OffsetCommit.topics': 'partitions',
  'OffsetDelete.topics': 'partitions',
  'ListOffsets.topics': 'partitions',
};
