import { expect, test } from 'vitest';
import type { Outcome } from '../../src/metadata/outcomes.js';
import { MetadataCluster } from './metadata-cluster.js';

test('an agent leads, registers, and learns the outcome of its commands', async () => {
  const cluster = new MetadataCluster(1);
  const process = cluster.process('a');
  const client = await cluster.until(process.connect());
  expect(client.self).toMatchObject({ agentEpoch: 1, nodeId: 1 });
  expect(client.leaderKnown).toBe(true);
  const outcome: Outcome = await cluster.until(
    client.submit({ kind: { $case: 'allocateProducerIds', value: { count: 10 } } }),
  );
  expect(outcome).toEqual({ kind: 'producer-ids-allocated', first: 1, count: 10 });
  await cluster.until(client.fresh());
  await cluster.until(client.close());
});
