import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type AgentProcess, scratchFolder, startAgent } from '../processes/agent.js';
import { freePort } from '../processes/ports.js';
import { groupStorm } from './group-storm.js';

const seconds = Number(process.env['WEFT_TEST_STORM_SECONDS'] ?? 15);
const groups = Number(process.env['WEFT_TEST_STORM_GROUPS'] ?? 100);
const timeout = (seconds + 300) * 1000;
const mischief = { pause: 0.02, leave: 0.03, vanish: 0.03 };

let agent: AgentProcess | undefined;

afterEach(async () => {
  await agent?.kill();
  agent = undefined;
});

test('200 members of one group come, go, pause and die while the agent dies, too', { timeout }, async () => {
  const folder = scratchFolder('group-storm');
  const address = `127.0.0.1:${await freePort()}`;
  const start = async () => {
    agent = await startAgent([
      ...['--bucket', `file:${folder.path}`, '--kafka', address],
      ...['--group-session-min', '1s', '--group-initial-rebalance-delay', '100ms'],
    ]);
  };
  await start();
  try {
    const result = await groupStorm({
      address,
      groups: 1,
      membersPerGroup: 200,
      partitions: 200,
      mischief,
      sessionMs: 4_000,
      stormMs: seconds * 1000,
      async meanwhile() {
        await sleep((seconds * 1000) / 2);
        await agent!.kill();
        await start();
      },
    });
    expect(result.violations).toEqual([]);
    expect(result.generations).toBeGreaterThan(1);
    expect(result.commits).toBeGreaterThan(200);
  } finally {
    await agent?.kill();
    folder.remove();
  }
});

test(`${groups} groups of three members come, go, pause and die`, { timeout }, async () => {
  agent = await startAgent([
    ...['--bucket', 'memory:', '--group-session-min', '1s', '--group-initial-rebalance-delay', '100ms'],
  ]);
  const result = await groupStorm({
    address: agent.kafka,
    groups,
    membersPerGroup: 3,
    partitions: 6,
    mischief,
    sessionMs: 4_000,
    stormMs: seconds * 1000,
  });
  expect(result.violations).toEqual([]);
  expect(result.generations).toBeGreaterThan(groups);
});
