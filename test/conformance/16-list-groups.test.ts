import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { LocalMember, stableGroup } from './local-member.js';

/** A stable group and an empty one. */
async function agentWithGroups(): Promise<LocalAgent> {
  const agent = await LocalAgent.start();
  await agent.connect().call(apis.metadata, 4, { topics: [{ name: 't' }] });
  await stableGroup(agent, 1, { group: 'stable' });
  await new LocalMember(agent, { group: 'simple' }).commit('t', 1);
  return agent;
}

describe('every version', () => {
  for (let version = apis.listGroups.min; version <= apis.listGroups.max; version += 1) {
    it(`v${version}`, async () => {
      const answer = await (await agentWithGroups()).connect().call(apis.listGroups, version, {});
      expect(answer.errorCode).toBe(0);
      expect([...answer.groups].sort((one, other) => (one.groupId < other.groupId ? -1 : 1))).toEqual([
        {
          groupId: 'simple',
          protocolType: '',
          groupState: version >= 4 ? 'Empty' : '',
          groupType: version >= 5 ? 'classic' : '',
        },
        {
          groupId: 'stable',
          protocolType: 'consumer',
          groupState: version >= 4 ? 'Stable' : '',
          groupType: version >= 5 ? 'classic' : '',
        },
      ]);
    });
  }
});

describe('filters', () => {
  const cases: readonly (readonly [readonly string[], readonly string[], readonly string[]])[] = [
    [['Stable'], [], ['stable']],
    [['stable', ' EMPTY '], ['Classic'], ['simple', 'stable']],
    [['Dead'], [], []],
    [[], ['consumer'], []],
    [['Sleeping'], [], []],
    [[], ['unheard of'], []],
  ];
  for (const [statesFilter, typesFilter, expected] of cases) {
    it(`${statesFilter} / ${typesFilter}`, async () => {
      const request = { statesFilter, typesFilter };
      const answer = await (await agentWithGroups()).connect().call(apis.listGroups, 5, request);
      expect(answer.groups.map(({ groupId }) => groupId).sort()).toEqual(expected);
    });
  }
});
