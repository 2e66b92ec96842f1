import { describe, expect, it } from 'vitest';
import { apiList, apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

describe('every version lists exactly what is served', () => {
  for (let version = apis.apiVersions.min; version <= apis.apiVersions.max; version += 1) {
    it(`v${version}`, async () => {
      const agent = await LocalAgent.start();
      const request = { clientSoftwareName: 'some client', clientSoftwareVersion: '' };
      const answer = await agent.connect().call(apis.apiVersions, version, request);
      expect(answer.errorCode).toBe(0);
      expect(answer.apiKeys).toEqual(
        apiList.map(({ key, advertisedMin, max }) => ({ apiKey: key, minVersion: advertisedMin, maxVersion: max })),
      );
      expect(answer.finalizedFeaturesEpoch).toBe(version >= 3 ? 0 : -1);
      expect(answer.finalizedFeatures).toEqual(
        version >= 3 ? [{ name: 'group.version', maxVersionLevel: 1, minVersionLevel: 1 }] : [],
      );
      expect(answer.supportedFeatures).toEqual(
        version >= 4 ? [{ name: 'group.version', minVersion: 0, maxVersion: 1 }] : [],
      );
    });
  }
});

it('old clients find Produce 0 and JoinGroup 0', async () => {
  const answer = await (await LocalAgent.start()).connect().call(apis.apiVersions, 0, {});
  for (const key of [apis.produce.key, apis.joinGroup.key]) {
    expect(answer.apiKeys.find(({ apiKey }) => apiKey === key)!.minVersion).toBe(0);
  }
});
