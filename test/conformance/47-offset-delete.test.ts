import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';
import { LocalMember, stableGroup } from './local-member.js';

async function agentWithOffsets() {
  const agent = await LocalAgent.start();
  await agent.connect().call(apis.metadata, 4, { topics: [{ name: 't' }, { name: 'u' }] });
  const partitions = (...indexes: number[]) => indexes.map((partitionIndex) => ({ partitionIndex }));
  const remove = (groupId: string, topics: Record<string, number[]>) =>
    agent.connect().call(apis.offsetDelete, 0, {
      groupId,
      topics: Object.entries(topics).map(([name, indexes]) => ({ name, partitions: partitions(...indexes) })),
    });
  return { agent, remove };
}

/** A subscription of version 0 to topic t. */
const SUBSCRIBED_TO_T = '\0\0\0\0\0\u0001\0\u0001t\0\0\0\0';

it('v0 forgets the offsets of a group without members; each partition has its own error', async () => {
  const { agent, remove } = await agentWithOffsets();
  const member = new LocalMember(agent);
  await member.commit('t', 7);
  await member.commit('u', 8);
  const answer = await remove('g', { nope: [0], t: [0, 1, 9, 0, -1] });
  expect(answer).toMatchObject({ errorCode: 0, throttleTimeMs: 0 });
  expect(answer.topics).toEqual([
    { name: 'nope', partitions: [{ partitionIndex: 0, errorCode: 3 }] },
    {
      name: 't',
      partitions: [
        { partitionIndex: 0, errorCode: 0 },
        { partitionIndex: 1, errorCode: 0 },
        { partitionIndex: 9, errorCode: 3 },
        { partitionIndex: -1, errorCode: 3 },
      ],
    },
  ]);
  expect(agent.metadata.view.committedOffset('g', 't', 0)).toBeUndefined();
  expect(agent.metadata.view.committedOffset('g', 'u', 0)).toMatchObject({ offset: 8 });
});

it('a topic that a member consumes: 86, others are forgotten', async () => {
  const { agent, remove } = await agentWithOffsets();
  const [member] = await stableGroup(agent, 1, { metadata: SUBSCRIBED_TO_T });
  await member!.commit('t', 7);
  await member!.commit('u', 8);
  const answer = await remove('g', { t: [0], u: [0] });
  expect(answer.topics.map(({ name, partitions }) => [name, partitions[0]!.errorCode])).toEqual([
    ['t', 86],
    ['u', 0],
  ]);
  expect(agent.metadata.view.committedOffset('g', 't', 0)).toMatchObject({ offset: 7 });
  expect(agent.metadata.view.committedOffset('g', 'u', 0)).toBeUndefined();
});

describe('errors of the whole group', () => {
  it('absent: 69, even when no topic is known', async () => {
    const { remove } = await agentWithOffsets();
    expect(await remove('nobody', { nope: [0] })).toEqual({ errorCode: 69, throttleTimeMs: 0, topics: [] });
  });

  it('without an id: 24', async () => {
    const { remove } = await agentWithOffsets();
    expect(await remove('', { t: [0] })).toMatchObject({ errorCode: 24 });
  });

  it('with members that are no consumers: 68', async () => {
    const { agent, remove } = await agentWithOffsets();
    await new LocalMember(agent, { protocolType: 'connect' }).join();
    expect(await remove('g', { t: [0] })).toMatchObject({ errorCode: 68, topics: [] });
  });

  it('without a metadata leader: 14', async () => {
    const { agent, remove } = await agentWithOffsets();
    agent.metadata.leaderKnown = false;
    expect(await remove('g', { t: [0] })).toMatchObject({ errorCode: 14 });
  });
});
