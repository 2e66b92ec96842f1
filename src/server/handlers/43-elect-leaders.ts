/**
 * ElectLeaders, v0 to v2. Every partition always has the leader that it should have, by hash over the open agents, so there
 * is nothing to elect: ELECTION_NOT_NEEDED (84) for each that exists, UNKNOWN_TOPIC_OR_PARTITION (3) for the others.
 *
 * - Null asks for all partitions; then those without need are left out, as in Kafka: every topic with no partitions.
 * - v1+ an election type other than 0 (preferred) and 1 (unclean): INVALID_REQUEST (42) as a whole and for each partition.
 */
import type { MetadataView } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { handler, type Services } from '../handler.js';

const UNCLEAN = 1;

export const electLeaders = (services: Services) =>
  handler(apis.electLeaders, ({ electionType, topicPartitions }) => {
    const { view } = services.metadata;
    const isKnownType = electionType >= 0 && electionType <= UNCLEAN;
    // As in Kafka, nothing to elect is no error, whatever the type.
    if (!isKnownType && topicPartitions?.length !== 0) {
      const mistake = { errorCode: errors.INVALID_REQUEST.code, errorMessage: `Unknown election type ${electionType}` };
      const replicaElectionResults = (topicPartitions ?? []).map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((partitionId) => ({ partitionId, ...mistake })),
      }));
      return { throttleTimeMs: 0, errorCode: mistake.errorCode, replicaElectionResults };
    }
    const replicaElectionResults =
      topicPartitions === null
        ? Array.from(view.topics(), ({ name }) => ({ topic: name, partitionResult: [] }))
        : topicPartitions.map(({ topic, partitions }) => ({
            topic,
            partitionResult: partitions.map((partitionId) => ({ partitionId, ...elect(view, topic, partitionId) })),
          }));
    return { throttleTimeMs: 0, errorCode: errors.NONE.code, replicaElectionResults };
  });

function elect(view: MetadataView, name: string, index: number): { errorCode: number; errorMessage: string } {
  const topic = view.topicByName(name);
  if (topic?.partitions[index] !== undefined) {
    return {
      errorCode: errors.ELECTION_NOT_NEEDED.code,
      errorMessage: 'The partition has the leader that it should have.',
    };
  }
  const errorMessage = topic === undefined ? `There is no topic ${name}.` : `There is no partition ${name}-${index}.`;
  return { errorCode: errors.UNKNOWN_TOPIC_OR_PARTITION.code, errorMessage };
}
