import { expect, it, vi } from 'vitest';
import { apis } from '../../../src/protocol/apis.js';
import { LocalAgent } from '../../conformance/local-agent.js';

it('before v10 compression.type, which may be a long text, is read once for all partitions of a topic', async () => {
  const agent = await LocalAgent.start();
  const client = agent.connect();
  const topics = [{ name: 'wide', numPartitions: 100, replicationFactor: 1, assignments: [], configs: [] }];
  await client.call(apis.createTopics, 5, { topics });
  const read = vi.fn(() => 'zstd');
  Object.assign(agent.metadata.view.topicByName('wide')!, { configs: { get: read } });
  const partitions = Array.from({ length: 100 }, (_, partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 1,
  }));
  const { responses } = await client.call(apis.fetch, 9, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1,
    topics: [{ topic: 'wide', partitions }],
  });
  expect(responses[0]!.partitions.map(({ errorCode }) => errorCode)).toEqual(partitions.map(() => 76));
  expect(read).toHaveBeenCalledTimes(1);
});
