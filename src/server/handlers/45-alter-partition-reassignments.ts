/**
 * AlterPartitionReassignments, v0 and v1. Judged as Kafka judges, and done at once: there are no replicas to copy, any agent
 * serves any partition, and who is named as its leader follows from the agents that are there, before and after.
 *
 * - Unknown topic or partition 3; an assignment without brokers, with one twice, or with one that clients are not told of:
 *   INVALID_REPLICA_ASSIGNMENT (39); v1 another number of replicas than now (one) where the request forbids that:
 *   INVALID_REPLICATION_FACTOR (38); null replicas cancel, and nothing ever is under way: NO_REASSIGNMENT_IN_PROGRESS (85).
 */
import { apis } from '../../protocol/apis.js';
import { errors, type KafkaError } from '../../protocol/errors.js';
import { brokersOf } from '../brokers.js';
import { handler, type Services } from '../handler.js';

export const alterPartitionReassignments = (services: Services) =>
  handler(apis.alterPartitionReassignments, ({ topics, allowReplicationFactorChange }, call) => {
    const { view } = services.metadata;
    const known = new Set(brokersOf(view, call.listener).map(({ nodeId }) => nodeId));
    const judge = (name: string, index: number, replicas: readonly number[] | null): Verdict => {
      if (view.topicByName(name)?.partitions[index] === undefined) {
        return mistake(errors.UNKNOWN_TOPIC_OR_PARTITION, `There is no partition ${name}-${index}.`);
      }
      if (replicas === null) {
        return mistake(errors.NO_REASSIGNMENT_IN_PROGRESS, null);
      }
      const flaw = flawOf(replicas, known);
      if (flaw !== undefined) {
        return mistake(errors.INVALID_REPLICA_ASSIGNMENT, flaw);
      }
      return allowReplicationFactorChange || replicas.length === 1
        ? { errorCode: errors.NONE.code, errorMessage: null }
        : mistake(errors.INVALID_REPLICATION_FACTOR, `It has 1 replica, and would have ${replicas.length}.`);
    };
    return {
      throttleTimeMs: 0,
      // A request without topics is answered before it is looked at, as in Kafka.
      allowReplicationFactorChange: allowReplicationFactorChange || topics.length === 0,
      errorCode: errors.NONE.code,
      errorMessage: topics.length === 0 ? '' : null,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, replicas }) => ({
          partitionIndex,
          ...judge(name, partitionIndex, replicas),
        })),
      })),
    };
  });

interface Verdict {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

function mistake({ code }: KafkaError, errorMessage: string | null): Verdict {
  return { errorCode: code, errorMessage };
}

function flawOf(replicas: readonly number[], known: ReadonlySet<number>): string | undefined {
  if (replicas.length === 0) {
    return 'An assignment needs a broker.';
  }
  const stranger = replicas.find((nodeId) => !known.has(nodeId));
  if (stranger !== undefined) {
    return `There is no broker ${stranger}.`;
  }
  return new Set(replicas).size === replicas.length ? undefined : 'An assignment names a broker once.';
}
