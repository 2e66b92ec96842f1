/**
 * AlterConfigs, v0 to v2: the given configs take the place of all that a resource has. Older clients use it, and web
 * interfaces where IncrementalAlterConfigs is missing. Rules as there (44-incremental-alter-configs.ts), without operations.
 */
import { apis } from '../../protocol/apis.js';
import { eachResource } from '../config-requests.js';
import { replaceAll } from '../config-changes.js';
import { handler, type Services } from '../handler.js';

export const alterConfigs = (services: Services) =>
  handler(apis.alterConfigs, ({ resources, validateOnly }, call) =>
    eachResource(services, call, resources, ({ resourceType, resourceName, configs }) =>
      replaceAll(services, resourceType, resourceName, configs, validateOnly),
    ),
  );
