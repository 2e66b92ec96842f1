/**
 * JoinGroup, v0 to v9. The answer waits until the join phase is over.
 *
 * - v0 has no rebalance timeout: the session timeout stands for it. v4+ gives a dynamic member without an id one and
 *   MEMBER_ID_REQUIRED (79); it comes again with it (KIP-394). v5+ static members. v9 tells a returning static leader to
 *   skip the assignment (KIP-814).
 * - Errors: INVALID_GROUP_ID 24, INVALID_SESSION_TIMEOUT 26, INCONSISTENT_GROUP_PROTOCOL 23, UNKNOWN_MEMBER_ID 25,
 *   GROUP_MAX_SIZE_REACHED 81, FENCED_INSTANCE_ID 82; COORDINATOR_LOAD_IN_PROGRESS 14 without a metadata leader.
 */
import { apis } from '../../protocol/apis.js';
import { handler, type Services } from '../handler.js';

export const joinGroup = (services: Services) =>
  handler(apis.joinGroup, async (request, call) => {
    const answer = await services.groups.join(
      {
        group: request.groupId,
        memberId: request.memberId,
        instanceId: request.groupInstanceId ?? undefined,
        clientId: call.clientId,
        // As Java shows an address: tools print it as it is.
        clientHost: `/${call.clientHost}`,
        sessionTimeoutMs: request.sessionTimeoutMs,
        rebalanceTimeoutMs: call.version >= 1 ? request.rebalanceTimeoutMs : request.sessionTimeoutMs,
        protocolType: request.protocolType,
        protocols: request.protocols,
        requireKnownMember: call.version >= 4,
        canSkipAssignment: call.version >= 9,
      },
      call.signal,
    );
    if (answer === undefined) {
      return undefined;
    }
    return {
      throttleTimeMs: 0,
      errorCode: answer.error,
      generationId: answer.generation,
      protocolType: answer.protocolType ?? null,
      protocolName: answer.protocolName ?? (call.version >= 7 ? null : ''),
      leader: answer.leaderId,
      skipAssignment: answer.skipAssignment,
      memberId: answer.memberId,
      members: answer.members.map(({ memberId, instanceId, metadata }) => ({
        memberId,
        groupInstanceId: instanceId ?? null,
        metadata,
      })),
    };
  });
