/**
 * Heartbeat, v0 to v4. Answered from this agent's replica and reported to the metadata leader, who alone ends sessions.
 *
 * - REBALANCE_IN_PROGRESS 27 while the group prepares one (the session is refreshed all the same), ILLEGAL_GENERATION 22,
 *   UNKNOWN_MEMBER_ID 25, FENCED_INSTANCE_ID 82; the last three only behind a fresh read.
 */
import { apis } from '../../protocol/apis.js';
import { handler, type Services } from '../handler.js';

export const heartbeat = (services: Services) =>
  handler(apis.heartbeat, async (request) => ({
    throttleTimeMs: 0,
    errorCode: await services.groups.heartbeat({
      group: request.groupId,
      generation: request.generationId,
      memberId: request.memberId,
      instanceId: request.groupInstanceId ?? undefined,
    }),
  }));
