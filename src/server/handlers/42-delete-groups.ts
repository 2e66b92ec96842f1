/** DeleteGroups, v0 to v2: NON_EMPTY_GROUP 68, GROUP_ID_NOT_FOUND 69. */
import { apis } from '../../protocol/apis.js';
import { handler, type Services } from '../handler.js';

export const deleteGroups = (services: Services) =>
  handler(apis.deleteGroups, async (request) => ({
    throttleTimeMs: 0,
    results: await Promise.all(
      [...new Set(request.groupsNames)].map(async (groupId) => ({
        groupId,
        errorCode: await services.groups.delete(groupId),
      })),
    ),
  }));
