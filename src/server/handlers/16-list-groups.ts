/**
 * ListGroups, v0 to v5: every group, from this agent's replica (clients ask all agents and merge by id). v4+ filters by
 * state, v5+ by type; both without regard to case. All groups are of type "classic".
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { handler, type Services } from '../handler.js';

const TYPE = 'classic';

export const listGroups = (services: Services) =>
  handler(apis.listGroups, (request) => {
    const states = new Set(request.statesFilter.map((state) => state.trim().toLowerCase()));
    const types = new Set(request.typesFilter.map((type) => type.toLowerCase()));
    const isWanted = types.size === 0 || types.has(TYPE);
    const groups = isWanted ? [...services.metadata.view.groups()] : [];
    return {
      throttleTimeMs: 0,
      errorCode: errors.NONE.code,
      groups: groups
        .filter(({ state }) => states.size === 0 || states.has(state.toLowerCase()))
        .map(({ groupId, protocolType, state }) => ({ groupId, protocolType, groupState: state, groupType: TYPE })),
    };
  });
