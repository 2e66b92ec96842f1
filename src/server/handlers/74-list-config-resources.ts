/**
 * ListConfigResources, v0 and v1. v0 lists client metrics subscriptions; v1 the types asked for, or all: groups and
 * subscriptions that have configs, the agents by the client's own listener, twice (brokers and their loggers), and topics.
 * Another type: UNSUPPORTED_VERSION (35).
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { brokersOf } from '../brokers.js';
import { BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC } from '../config-resources.js';
import { type Call, handler, type Services } from '../handler.js';

const TYPES = [GROUP, CLIENT_METRICS, BROKER_LOGGER, BROKER, TOPIC];

export const listConfigResources = (services: Services) =>
  handler(apis.listConfigResources, (request, call) => {
    const supported: readonly number[] = call.version === 0 ? [CLIENT_METRICS] : TYPES;
    const wanted = new Set(request.resourceTypes.length === 0 ? supported : request.resourceTypes);
    if ([...wanted].some((type) => !supported.includes(type))) {
      return { throttleTimeMs: 0, errorCode: errors.UNSUPPORTED_VERSION.code, configResources: [] };
    }
    const configResources = supported
      .filter((type) => wanted.has(type))
      .flatMap((resourceType) =>
        namesOf(services, call, resourceType).map((resourceName) => ({ resourceName, resourceType })),
      );
    return { throttleTimeMs: 0, errorCode: errors.NONE.code, configResources };
  });

function namesOf({ metadata: { view } }: Services, call: Call, type: number): string[] {
  switch (type) {
    case TOPIC:
      return Array.from(view.topics(), ({ name }) => name);
    case BROKER:
    case BROKER_LOGGER:
      return brokersOf(view, call.listener).map(({ nodeId }) => `${nodeId}`);
    default:
      return [...view.resourcesWithConfigs(type)];
  }
}
