import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { LocalMember, stableGroup } from './local-member.js';

describe('every version', () => {
  for (let version = apis.deleteGroups.min; version <= apis.deleteGroups.max; version += 1) {
    it(`v${version}`, async () => {
      const agent = await LocalAgent.start();
      await agent.connect().call(apis.metadata, 4, { topics: [{ name: 't' }] });
      await stableGroup(agent, 1, { group: 'busy' });
      await new LocalMember(agent, { group: 'idle' }).commit('t', 1);
      const groupsNames = ['busy', 'idle', 'nobody', '', 'idle'];
      const answer = await agent.connect().call(apis.deleteGroups, version, { groupsNames });
      expect(answer.results.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual([
        ['busy', 68],
        ['idle', 0],
        ['nobody', 69],
        ['', 69],
      ]);
      expect(agent.metadata.view.group('idle')).toBeUndefined();
      expect(agent.metadata.view.committedOffset('idle', 't', 0)).toBeUndefined();
    });
  }
});
