import { api } from '../codec.js';
import { array, field } from '../definition.js';
import { bool, int16, int32, int64, string } from '../types.js';

/**
 * The response's header is v0 in every version, so that a client whose version is not served can read the answer (KIP-511).
 * v3 the client's software, features (KIP-584) · v4 features whose minimum is 0.
 */
export const apiVersions = api({
  key: 18,
  name: 'ApiVersions',
  min: 0,
  max: 4,
  flexibleFrom: 3,
  request: [field('clientSoftwareName', string, { since: 3 }), field('clientSoftwareVersion', string, { since: 3 })],
  response: [
    field('errorCode', int16),
    array('apiKeys', [field('apiKey', int16), field('minVersion', int16), field('maxVersion', int16)]),
    field('throttleTimeMs', int32, { since: 1 }),
    array('supportedFeatures', { since: 3, tag: 0 }, [
      field('name', string),
      field('minVersion', int16),
      field('maxVersion', int16),
    ]),
    field('finalizedFeaturesEpoch', int64, { since: 3, tag: 1, default: -1 }),
    array('finalizedFeatures', { since: 3, tag: 2 }, [
      field('name', string),
      field('maxVersionLevel', int16),
      field('minVersionLevel', int16),
    ]),
    field('zkMigrationReady', bool, { since: 3, tag: 3, default: false }),
  ],
});
