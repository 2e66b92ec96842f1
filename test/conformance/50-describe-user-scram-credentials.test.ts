import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

const named = (...names: readonly string[]) => ({ users: names.map((name) => ({ name })) });

describe('every version', () => {
  for (
    let version = apis.describeUserScramCredentials.min;
    version <= apis.describeUserScramCredentials.max;
    version += 1
  ) {
    it(`v${version}: nobody has credentials, and each user that is asked for is told so once`, async () => {
      const agent = await LocalAgent.start();
      const ask = (request: ReturnType<typeof named> | { readonly users: null }) =>
        agent.connect().call(apis.describeUserScramCredentials, version, request);
      for (const all of [{ users: null }, named()]) {
        expect(await ask(all)).toEqual({ throttleTimeMs: 0, errorCode: 0, errorMessage: null, results: [] });
      }
      const { errorCode, results } = await ask(named('a', 'b', 'a'));
      expect(errorCode).toBe(0);
      expect(results).toMatchObject([
        { user: 'a', errorCode: 92, credentialInfos: [] },
        { user: 'b', errorCode: 91, credentialInfos: [] },
      ]);
    });
  }
});
