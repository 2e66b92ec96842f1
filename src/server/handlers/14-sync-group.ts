/**
 * SyncGroup, v0 to v5. Followers wait for the leader's assignment; the leader's own request brings it.
 *
 * - v5+ must name the protocol type and name of the group (else INCONSISTENT_GROUP_PROTOCOL 23). A group that prepares a rebalance answers
 *   REBALANCE_IN_PROGRESS 27, also to those who wait; ILLEGAL_GENERATION 22, UNKNOWN_MEMBER_ID 25, FENCED_INSTANCE_ID 82.
 * - REBALANCE_IN_PROGRESS as well while no agent leads: COORDINATOR_LOAD_IN_PROGRESS, which says so elsewhere, ends clients.
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { handler, type Services } from '../handler.js';

export const syncGroup = (services: Services) =>
  handler(apis.syncGroup, async (request, call) => {
    if (call.version >= 5 && (request.protocolType === null || request.protocolName === null)) {
      return {
        throttleTimeMs: 0,
        errorCode: errors.INCONSISTENT_GROUP_PROTOCOL.code,
        protocolType: null,
        protocolName: null,
        assignment: new Uint8Array(0),
      };
    }
    const answer = await services.groups.sync(
      {
        group: request.groupId,
        generation: request.generationId,
        memberId: request.memberId,
        instanceId: request.groupInstanceId ?? undefined,
        protocolType: request.protocolType ?? undefined,
        protocolName: request.protocolName ?? undefined,
        assignments: request.assignments,
      },
      call.signal,
    );
    return answer === undefined
      ? undefined
      : {
          throttleTimeMs: 0,
          errorCode: answer.error,
          protocolType: answer.protocolType ?? null,
          protocolName: answer.protocolName ?? null,
          assignment: answer.assignment,
        };
  });
