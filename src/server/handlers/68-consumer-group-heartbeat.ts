/**
 * ConsumerGroupHeartbeat, v0 and v1 (KIP-848). One request for all: join (epoch 0), leave (-1, static members for a while
 * -2), subscription, partitions given up and taken, sign of life. What is null or -1 did not change.
 *
 * - v0 gives a member without an id one; v1 members make their own and may subscribe by regular expression (RE2).
 * - A join waits up to 3 s for the assignment that takes it into account (Kafka answers without one and gives it 5 s later).
 *   While there is none a member with an id is to try again (COORDINATOR_LOAD_IN_PROGRESS 14), one that was given its id here is
 *   told it, with epoch 0.
 * - The assignment is told when the member joins, sends everything, or has other partitions than before.
 * - Errors: INVALID_REQUEST 42, UNKNOWN_MEMBER_ID 25, FENCED_MEMBER_EPOCH 110, UNRELEASED_INSTANCE_ID 111, FENCED_INSTANCE_ID
 *   82, UNSUPPORTED_ASSIGNOR 112, GROUP_MAX_SIZE_REACHED 81, INVALID_REGULAR_EXPRESSION 128, GROUP_ID_NOT_FOUND 69 (no such
 *   consumer group, or a classic one that cannot become one).
 */
import { apis } from '../../protocol/apis.js';
import { handler, type Services } from '../handler.js';

export const consumerGroupHeartbeat = (services: Services) =>
  handler(apis.consumerGroupHeartbeat, async (request, call) => {
    const answer = await services.consumerGroups.heartbeat(
      {
        group: request.groupId,
        memberId: request.memberId,
        needsMemberId: call.version >= 1,
        memberEpoch: request.memberEpoch,
        instanceId: request.instanceId ?? undefined,
        rackId: request.rackId ?? undefined,
        rebalanceTimeoutMs: request.rebalanceTimeoutMs === -1 ? undefined : Math.max(0, request.rebalanceTimeoutMs),
        topics: request.subscribedTopicNames ?? undefined,
        regex: request.subscribedTopicRegex ?? undefined,
        assignor: request.serverAssignor ?? undefined,
        owned: request.topicPartitions ?? undefined,
        clientId: call.clientId,
        clientHost: `/${call.clientHost}`,
      },
      call.signal,
    );
    return (
      answer && {
        throttleTimeMs: 0,
        errorCode: answer.error,
        errorMessage: answer.message ?? null,
        memberId: answer.memberId ?? null,
        memberEpoch: answer.memberEpoch,
        heartbeatIntervalMs: answer.heartbeatIntervalMs,
        assignment: answer.assignment
          ? {
              topicPartitions: Array.from(answer.assignment, ([topicId, partitions]) => ({ topicId, partitions })),
            }
          : null,
      }
    );
  });
