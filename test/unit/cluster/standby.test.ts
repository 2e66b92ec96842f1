import { expect, test } from 'vitest';
import { Standby } from '../../../src/cluster/standby.js';
import type { BecomeLeader } from '../../../src/metadata/journal.wire.js';
import { type Log, silentLog } from '../../../src/telemetry/log.js';
import { VirtualTime } from '../../simulation/virtual-time.js';

const own = new Uint8Array(16).fill(1);

function leaderOf(candidate: Uint8Array): BecomeLeader {
  return { candidate, host: 'h', bootId: '', processId: 7, processStart: 0, leaseMs: 10_000 };
}

/** A standby before a replica that the test moves. */
function standBy(leader: BecomeLeader | undefined) {
  const time = new VirtualTime();
  const logged: string[] = [];
  const log: Log = { ...silentLog, info: (_, message) => logged.push(message) };
  const view = { revision: 5, leader };
  const told: string[] = [];
  const world = { clock: time.clockOf(0), timers: time.timersOf(() => true) };
  const standby = new Standby(world, view, own, log, (sentence) => told.push(sentence));
  return { view, logged, standby, told, pass: (ms: number) => time.run(() => false, time.nowMs + ms) };
}

test('a leader that has not resigned is asked after, and one whose entries come is waited for', async () => {
  const { view, logged, told, pass } = standBy(leaderOf(new Uint8Array(16).fill(2)));
  expect(logged).toEqual([expect.stringContaining('has not resigned')]);
  await pass(9_000);
  expect(logged).toHaveLength(1);
  expect(told.at(-1)).toBe('process 7 on host h led the journal last: is it still there?');
  view.revision = 6;
  await pass(1_000);
  expect(told.at(-1)).toBe('another agent leads the journal (process 7 on host h): this one waits until it is gone');
  expect(logged.slice(1)).toEqual(['Another agent leads the journal; this one waits until it is gone']);
});

test('that another agent leads is logged again now and then, until the wait ends', async () => {
  const { view, logged, standby, pass } = standBy(leaderOf(new Uint8Array(16).fill(2)));
  view.revision = 6;
  await pass(150_000);
  expect(logged.filter((message) => message.startsWith('Another agent leads'))).toHaveLength(3);
  standby.end();
  expect(await pass(600_000)).toBe('idle');
});

test.each([
  ['nobody', undefined],
  ['this agent', leaderOf(own)],
])('when %s leads there is nobody to wait for', async (_, leader) => {
  const { view, logged, told, pass } = standBy(leader);
  view.revision = 6;
  await pass(1_000);
  expect(logged).toEqual([]);
  expect(new Set(told)).toEqual(new Set(['the agent is about to lead the journal']));
});
