/**
 * ListGroups, v0 to v5: every group, from this agent's replica (clients ask all agents and merge by id). v4+ filters by
 * state, v5+ by type; both without regard to case.
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { handler, type Services } from '../handler.js';

/** Protocol type of every group of the consumer protocol. */
const CONSUMER = 'consumer';

export const listGroups = (services: Services) =>
  handler(apis.listGroups, (request) => {
    const states = new Set(request.statesFilter.map((state) => state.trim().toLowerCase()));
    const types = new Set(request.typesFilter.map((type) => type.toLowerCase()));
    const { view } = services.metadata;
    const groups = [
      ...Array.from(view.groups(), ({ groupId, protocolType, state }) => ({
        groupId,
        protocolType,
        groupState: state as string,
        groupType: 'classic',
      })),
      ...Array.from(view.consumerGroups(), ({ groupId, state }) => ({
        groupId,
        protocolType: CONSUMER,
        groupState: state as string,
        groupType: 'consumer',
      })),
    ];
    return {
      throttleTimeMs: 0,
      errorCode: errors.NONE.code,
      groups: groups.filter(
        ({ groupState, groupType }) =>
          (types.size === 0 || types.has(groupType)) && (states.size === 0 || states.has(groupState.toLowerCase())),
      ),
    };
  });
