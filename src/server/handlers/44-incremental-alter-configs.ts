/**
 * IncrementalAlterConfigs, v0 and v1: set, delete, append to and subtract from lists, of topics (2), brokers (4: this agent's
 * id, or '' for all agents), client metrics subscriptions (16) and groups (32).
 *
 * - A resource given twice, a config given twice, no value where one is due, an unknown operation or resource type:
 *   INVALID_REQUEST (42), each resource by itself.
 * - Append or subtract where there is no list, an unknown topic or group config, a bad value: INVALID_CONFIG (40). Bad values
 *   of brokers' configs, and configs of brokers that are not dynamic in Kafka: INVALID_REQUEST (42), as in Kafka.
 * - Unknown topic 3, no topic name 17. Groups and subscriptions need not exist.
 * - validateOnly makes every check. REQUEST_TIMED_OUT (7) after 30 s, though it may still happen; NOT_CONTROLLER (41) while
 *   the metadata leader cannot be reached.
 * - Changes are live: the next batch that arrives after the answer meets them.
 */
import { apis } from '../../protocol/apis.js';
import { eachResource } from '../config-requests.js';
import { alterIncrementally } from '../config-changes.js';
import { handler, type Services } from '../handler.js';

export const incrementalAlterConfigs = (services: Services) =>
  handler(apis.incrementalAlterConfigs, ({ resources, validateOnly }, call) =>
    eachResource(services, call, resources, ({ resourceType, resourceName, configs }) =>
      alterIncrementally(services, resourceType, resourceName, configs, validateOnly),
    ),
  );
