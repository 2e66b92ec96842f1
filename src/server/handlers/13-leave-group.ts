/**
 * LeaveGroup, v0 to v5. v0 to v2 name one member, whose error is the answer's; v3+ several, static ones by instance id.
 */
import { apis } from '../../protocol/apis.js';
import { handler, type Services } from '../handler.js';

export const leaveGroup = (services: Services) =>
  handler(apis.leaveGroup, async (request, call) => {
    const asked =
      call.version >= 3 ? request.members : [{ memberId: request.memberId, groupInstanceId: null, reason: null }];
    const { error, memberErrors } = await services.groups.leave({
      group: request.groupId,
      members: asked.map(({ memberId, groupInstanceId }) => ({ memberId, instanceId: groupInstanceId ?? undefined })),
    });
    return {
      throttleTimeMs: 0,
      errorCode: call.version >= 3 ? error : error || (memberErrors[0] ?? 0),
      members: memberErrors.map((errorCode, index) => ({
        memberId: asked[index]!.memberId,
        groupInstanceId: asked[index]!.groupInstanceId,
        errorCode,
      })),
    };
  });
