/**
 * CreatePartitions, v0 to v3. `count` is how many there will be.
 *
 * - As many as there are, fewer, or more than the metadata allow: INVALID_PARTITIONS (37); unknown topic 3; a name given
 *   twice INVALID_REQUEST (42), answered once.
 * - A manual assignment is checked as Kafka does for topics with one replica (one for each new partition, of one registered
 *   agent that is open): INVALID_REPLICA_ASSIGNMENT (39). Then it has no effect: partitions have no place.
 * - validateOnly makes every check but those that only the metadata can. REQUEST_TIMED_OUT (7) after the client's timeout,
 *   though it may still happen; v3+ THROTTLING_QUOTA_EXCEEDED (89); NOT_CONTROLLER (41) while the metadata leader cannot be reached.
 */
import { partitionsFlaw } from '../../metadata/topics.js';
import type { AgentView, TopicView } from '../../metadata/view.js';
import { apis } from '../../protocol/apis.js';
import type { RequestOf } from '../../protocol/codec.js';
import { errors } from '../../protocol/errors.js';
import { administer } from '../administration.js';
import { type Call, handler, mayMutate, QUOTA_EXCEEDED, type Services } from '../handler.js';
import { topicIdBytes } from '../topic-creation.js';

type Wanted = RequestOf<typeof apis.createPartitions>['topics'][number];

const STRICT_QUOTA_SINCE = 3;

interface Judged {
  readonly error: number;
  readonly message: string | null;
}

export const createPartitions = (services: Services) =>
  handler(apis.createPartitions, async (request, call) => {
    const wanted = new Map(request.topics.map((topic) => [topic.name, topic]));
    const seen = new Set<string>();
    const twice = new Set(request.topics.map(({ name }) => name).filter((name) => seen.has(name) || !seen.add(name)));
    const results = await Promise.all(
      Array.from(wanted.values(), async (topic) => {
        const { error, message } = twice.has(topic.name)
          ? { error: errors.INVALID_REQUEST.code, message: 'Duplicate topic name.' }
          : await create(services, topic, request.validateOnly, request.timeoutMs, call);
        return { name: topic.name, errorCode: error, errorMessage: message };
      }),
    );
    return { throttleTimeMs: 0, results };
  });

async function create(
  services: Services,
  { name, count, assignments }: Wanted,
  validateOnly: boolean,
  timeoutMs: number,
  call: Call,
): Promise<Judged> {
  const { metadata } = services;
  const topic = metadata.view.topicByName(name);
  if (topic === undefined) {
    return { error: errors.UNKNOWN_TOPIC_OR_PARTITION.code, message: null };
  }
  const flaw = partitionsFlaw(topic, count);
  if (flaw !== undefined) {
    return flaw;
  }
  const misplaced =
    assignments === null ? undefined : assignmentsFlaw(topic, count, assignments, metadata.view.agents());
  if (misplaced !== undefined) {
    return { error: errors.INVALID_REPLICA_ASSIGNMENT.code, message: misplaced };
  }
  if (!mayMutate(call, STRICT_QUOTA_SINCE, count - topic.partitions.length)) {
    return QUOTA_EXCEEDED;
  }
  if (validateOnly) {
    return { error: errors.NONE.code, message: null };
  }
  const value = { topicId: topicIdBytes(topic.topicId), partitions: count };
  return administer(services, timeoutMs, metadata.submit({ kind: { $case: 'createPartitions', value } }));
}

function assignmentsFlaw(
  { partitions }: TopicView,
  count: number,
  assignments: NonNullable<Wanted['assignments']>,
  agents: Iterable<AgentView>,
): string | undefined {
  const added = count - partitions.length;
  if (assignments.length !== added) {
    return `${added} partition(s) are to be added, but ${assignments.length} assignment(s) were given.`;
  }
  const open = new Map(Array.from(agents, (agent) => [agent.nodeId, agent.open]));
  for (const [index, { brokerIds }] of assignments.entries()) {
    if (brokerIds.length === 0) {
      return 'The manual partition assignment has an empty list of replicas.';
    }
    const unknown = brokerIds.find((nodeId) => !open.has(nodeId));
    if (unknown !== undefined) {
      return `The manual partition assignment names broker ${unknown}, which is not registered.`;
    }
    if (new Set(brokerIds).size < brokerIds.length) {
      return 'The manual partition assignment names a broker more than once.';
    }
    if (brokerIds.length > 1) {
      return `The manual partition assignment has ${brokerIds.length} replica(s); the partitions there are have 1.`;
    }
    if (!open.get(brokerIds[0]!)) {
      return `All brokers named for partition ${partitions.length + index} are gone.`;
    }
  }
  return undefined;
}
