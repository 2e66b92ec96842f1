import { describe, expect, it } from 'vitest';
import { apis } from '../../src/protocol/apis.js';
import { LocalAgent } from './local-agent.js';

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';
const NO_SUCH_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';

async function agentWithTopics() {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  await client.call(apis.metadata, 4, { topics: [{ name: 'a' }, { name: 'b' }] });
  return { agent, client, idOf: (name: string) => agent.metadata.view.topicByName(name)!.topicId };
}

describe('every version deletes by name', () => {
  for (let version = apis.deleteTopics.min; version <= apis.deleteTopics.max; version += 1) {
    it(`v${version}`, async () => {
      const { agent, client, idOf } = await agentWithTopics();
      const topicId = version >= 6 ? idOf('a') : ZERO_UUID;
      const topics = ['a', 'nope'].map((name) => ({ name, topicId: ZERO_UUID }));
      const request = { topicNames: ['a', 'nope'], topics, timeoutMs: 1_000 };
      const answer = await client.call(apis.deleteTopics, version, request);
      expect(answer.responses).toMatchObject([
        { name: 'a', topicId, errorCode: 0 },
        { name: 'nope', errorCode: 3 },
      ]);
      expect(Array.from(agent.metadata.view.topics(), ({ name }) => name)).toEqual(['b']);
    });
  }
});

it('v6 deletes by id; both, neither and unknown are errors', async () => {
  const { agent, client, idOf } = await agentWithTopics();
  const [a, b] = [idOf('a'), idOf('b')];
  const topics = [{ topicId: a }, { topicId: NO_SUCH_ID }, { topicId: b, name: 'b' }, { topicId: ZERO_UUID }];
  const answer = await client.call(apis.deleteTopics, 6, { topics, timeoutMs: 1_000 });
  const byCode = [...answer.responses].sort((one, other) => one.errorCode - other.errorCode);
  expect(byCode.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['a', 0],
    ['b', 42],
    [null, 42],
    [null, 100],
  ]);
  expect(Array.from(agent.metadata.view.topics(), ({ name }) => name)).toEqual(['b']);
});

it.each([5, 6])('a topic named more than once is refused once and stays: v%i', async (version) => {
  const { agent, client, idOf } = await agentWithTopics();
  const names = ['a', 'a', 'a', 'b', 'nope', 'nope'];
  const topics = [
    { name: 'a', topicId: ZERO_UUID },
    { topicId: idOf('a') },
    { name: 'b', topicId: ZERO_UUID },
    { topicId: NO_SUCH_ID },
    { topicId: NO_SUCH_ID },
  ];
  const answer = await client.call(apis.deleteTopics, version, { topicNames: names, topics, timeoutMs: 1_000 });
  const message = expect.any(String);
  expect(answer.responses).toMatchObject([
    { name: 'a', errorCode: 42, errorMessage: message },
    { name: 'b', errorCode: 0, errorMessage: null },
    { name: version >= 6 ? null : 'nope', errorCode: 42, errorMessage: message },
  ]);
  expect(Array.from(agent.metadata.view.topics(), ({ name }) => name)).toEqual(['a']);
});

it('a topic made anew has another id', async () => {
  const { client, idOf } = await agentWithTopics();
  const before = idOf('a');
  await client.call(apis.deleteTopics, 1, { topicNames: ['a'], timeoutMs: 1_000 });
  await client.call(apis.metadata, 4, { topics: [{ name: 'a' }] });
  expect(idOf('a')).not.toBe(before);
});

it('an outcome that does not come within the timeout: 7', async () => {
  const { agent, client } = await agentWithTopics();
  agent.metadata.submit = () => new Promise(() => {});
  const answer = await client.call(apis.deleteTopics, 5, { topicNames: ['a'], timeoutMs: 100 });
  expect(answer.responses).toMatchObject([{ name: 'a', errorCode: 7 }]);
});
