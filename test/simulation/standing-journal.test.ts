// What an agent keeps while it leads a journal that does not answer.
import { expect, test } from 'vitest';
import { GroupEngine } from '../../src/groups/engine.js';
import { errors } from '../../src/protocol/errors.js';
import { MetadataCluster } from './metadata-cluster.js';

const IN_FLIGHT = 1_024;
const KEPT_BYTES_MAX = 6 << 20;

test('commits of a minute in which the journal stands still are refused once many wait, and all is well afterwards', async () => {
  const cluster = new MetadataCluster(1);
  const process = cluster.process('a');
  const client = await cluster.until(process.connect({ commandsBytesMax: KEPT_BYTES_MAX }));
  const topic = { name: 't', topicId: new Uint8Array(16).fill(1), partitions: 1, configs: [] };
  await cluster.until(client.submit({ kind: { $case: 'createTopic', value: topic } }));
  const limits = { initialRebalanceDelayMs: 0, sessionMsMin: 1, sessionMsMax: 1_000_000, membersMax: 10 };
  const groups = new GroupEngine(client, process.world, limits);

  const answers = new Map<number, number>();
  const commit = async (offset: number): Promise<number> => {
    const offsets = [{ topic: 't', partition: 0, offset, leaderEpoch: -1, metadata: '' }];
    const own = { instanceId: undefined, memberEpochs: false, retentionMs: undefined };
    const [error] = await groups.commit({ group: 'g', generation: -1, memberId: '', ...own, offsets });
    answers.set(error!, (answers.get(error!) ?? 0) + 1);
    return error!;
  };

  process.cutOff = true;
  const endMs = cluster.time.nowMs + 60_000;
  const keepOn = async (): Promise<void> => {
    while (cluster.time.nowMs < endMs) {
      if ((await commit(1)) === errors.COORDINATOR_LOAD_IN_PROGRESS.code)
        await new Promise<void>((resolve) => cluster.time.after(1_000, resolve));
    }
  };
  await cluster.until(Promise.all(Array.from({ length: IN_FLIGHT }, keepOn)));
  expect(client.leaderKnown).toBe(true);
  expect([...answers.keys()].sort()).toEqual([14, 15]);
  // What was not refused outright is kept, and sent when the journal answers again.
  expect(answers.get(errors.COORDINATOR_NOT_AVAILABLE.code)).toBeGreaterThan(IN_FLIGHT);
  expect(answers.get(errors.COORDINATOR_NOT_AVAILABLE.code)).toBeLessThan(2 * IN_FLIGHT);

  process.cutOff = false;
  await cluster.pass(10_000);
  expect(await cluster.until(commit(7))).toBe(errors.NONE.code);
  expect(client.view.committedOffset('g', 't', 0)?.offset).toBe(7);
  expect(cluster.findings()).toEqual([]);
});
