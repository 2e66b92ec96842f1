/**
 * ApiVersions, v0 to v4; a version that is not served is answered by the connection (v0, error 35) before the body is read.
 *
 * - Lists what dispatch serves and nothing else, with the minimum that old clients look for (Produce 0).
 * - v3+: a client's software name and version of a wrong form are accepted; Kafka answers INVALID_REQUEST, which helps nobody.
 * - No features: transaction.version is not finalized, so clients keep to the first transaction protocol.
 */
import { apis } from '../../protocol/apis.js';
import type { Api } from '../../protocol/codec.js';
import { type Handler, handler } from '../handler.js';

export function apiVersions(served: readonly Api[]): Handler {
  const apiKeys = served
    .map((api) => ({ apiKey: api.key, minVersion: api.advertisedMin, maxVersion: api.max }))
    .sort((one, other) => one.apiKey - other.apiKey);
  return handler(apis.apiVersions, () => ({ errorCode: 0, apiKeys, throttleTimeMs: 0 }));
}
