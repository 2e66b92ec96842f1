import { apis } from '../../src/protocol/apis.js';
import type { LocalAgent } from './local-agent.js';

interface TopicPlan {
  readonly partitions?: number;
  readonly configs?: Readonly<Record<string, string>>;
}

/** Makes topics; throws when one cannot be made. */
export async function makeTopics(agent: LocalAgent, topics: Readonly<Record<string, TopicPlan>>): Promise<void> {
  const answer = await agent.connect().call(apis.createTopics, 7, {
    topics: Object.entries(topics).map(([name, { partitions = 1, configs = {} }]) => ({
      name,
      numPartitions: partitions,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    })),
    timeoutMs: 1_000,
    validateOnly: false,
  });
  const failed = answer.topics.filter(({ errorCode }) => errorCode !== 0);
  if (failed.length > 0) throw new Error(`not made: ${failed.map(({ name, errorCode }) => `${name} ${errorCode}`)}`);
}

/** Produces batches one by one. */
export async function produceTo(
  agent: LocalAgent,
  topic: string,
  partition: number,
  batches: readonly Uint8Array[],
): Promise<void> {
  const client = agent.connect();
  for (const batch of batches) {
    const { responses } = await client.call(apis.produce, 9, {
      acks: -1,
      timeoutMs: 1_000,
      topicData: [
        { name: topic, partitionData: [{ index: partition, records: { slices: [batch], bytes: batch.length } }] },
      ],
    });
    const { errorCode } = responses[0]!.partitionResponses[0]!;
    if (errorCode !== 0) throw new Error(`not produced: ${errorCode}`);
  }
}
