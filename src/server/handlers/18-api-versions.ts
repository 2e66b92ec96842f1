/**
 * ApiVersions, v0 to v4; a version that is not served is answered by the connection (v0, error 35) before the body is read.
 *
 * - Lists what dispatch serves and nothing else, with the minimum that old clients look for (Produce 0).
 * - v3+: a client's software name and version of a wrong form are accepted; Kafka answers INVALID_REQUEST, which helps nobody.
 * - group.version 1 is finalized: clients may use the consumer protocol (KIP-848). Before v4 it is not among the supported
 *   features, since 0 is one of its levels, as in Kafka. transaction.version is not finalized, so clients keep to the first
 *   transaction protocol.
 */
import { apis } from '../../protocol/apis.js';
import type { Api } from '../../protocol/codec.js';
import { type Handler, handler } from '../handler.js';

const GROUP_VERSION = 'group.version';

export function apiVersions(served: readonly Api[]): Handler {
  const apiKeys = served
    .map((api) => ({ apiKey: api.key, minVersion: api.advertisedMin, maxVersion: api.max }))
    .sort((one, other) => one.apiKey - other.apiKey);
  return handler(apis.apiVersions, (_request, { version }) => ({
    errorCode: 0,
    apiKeys,
    throttleTimeMs: 0,
    supportedFeatures: version >= 4 ? [{ name: GROUP_VERSION, minVersion: 0, maxVersion: 1 }] : [],
    finalizedFeaturesEpoch: 0,
    finalizedFeatures: [{ name: GROUP_VERSION, maxVersionLevel: 1, minVersionLevel: 1 }],
  }));
}
