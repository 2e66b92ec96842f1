import { expect, test } from 'vitest';
import type { MemberPlan, Mischief } from './model-member.js';
import { runScenario } from './run.js';
import { drawScenario, type GroupSize, type Scenario } from './scenario.js';

const GROUPS = Number(process.env['WEFT_TEST_STORM_GROUPS'] ?? 200);

/** Sessions as short as Kafka's default bounds allow, so that members die often in the little time there is. */
const SESSION_MS = 6_000;
const mischief: Mischief = { pause: 0.02, leave: 0.02, vanish: 0.02 };

function membersOf(group: string, count: number): Omit<MemberPlan, 'group' | 'topics'>[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `${group}m${i}`,
    // Every tenth is static (from JoinGroup v5 on); some are as old as v3.
    instanceId: i % 10 === 9 ? `${group}i${i}` : undefined,
    sessionMs: SESSION_MS,
    rebalanceMs: 10_000,
    joinVersion: i % 10 !== 9 && i % 3 === 0 ? 3 : 9,
  }));
}

/** Nobody produces; the leader dies, the process dies and connections break while members come and go. */
function storm(seed: number, partitions: number, groups: readonly GroupSize[], stormMs: number): Scenario {
  const drawn = drawScenario(seed);
  const MiB = 2 ** 20;
  const memory = { ...drawn.sizes.memory, chunksBytes: 32 * MiB, chunkBytes: MiB / 4, frameBytesMax: MiB };
  const leader = { ...drawn.sizes.leader, entryCommandsMax: 1024, snapshotTailBytes: 4 * MiB };
  return {
    ...drawn,
    mode: 'liveness',
    bucket: 'objects',
    requestMsMax: 300,
    sizes: { ...drawn.sizes, memory, leader },
    topics: [{ name: 'topic-0', partitions }],
    producers: [],
    consumers: 0,
    groups,
    stormMs,
    weather: false,
    mishaps: ['drop connection', 'crash leader', 'kill'],
    mishapMs: stormMs / 6,
  };
}

test('200 members of one group that come, go, pause and die', { timeout: 600_000 }, async () => {
  const groups = [{ group: 'g', mischief, members: membersOf('g', 200) }];
  const { violations, counts } = await runScenario(storm(1, 200, groups, 120_000));
  expect(violations).toEqual([]);
  expect(counts['generations']).toBeGreaterThan(5);
  expect(counts['commits']).toBeGreaterThan(1_000);
});

test(`${GROUPS} groups of three members that come, go, pause and die`, { timeout: 600_000 }, async () => {
  const groups = Array.from({ length: GROUPS }, (_, i) => ({
    group: `g${i}`,
    mischief,
    members: membersOf(`g${i}`, 3),
  }));
  const { violations, counts } = await runScenario(storm(2, 3, groups, 20_000));
  expect(violations).toEqual([]);
  expect(counts['generations']).toBeGreaterThan(3 * GROUPS);
});
