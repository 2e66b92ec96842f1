import { expect, test } from 'vitest';
import { Wake } from '../../../workers/leader/waiting.js';
import { VirtualWorld } from '../ingest/virtual-world.js';

/** Waits, and notes the time at which that was over. */
function waits(world: VirtualWorld, wake: Wake, delayMs: number, ends: number[]): Promise<void> {
  return wake.wait(delayMs).then(() => {
    ends.push(world.clock.monotonicMs());
  });
}

test('a wait ends by its own time, whatever an earlier one that was woken had asked for', async () => {
  const world = new VirtualWorld();
  const wake = new Wake(world);
  const startMs = world.clock.monotonicMs();
  const ends: number[] = [];
  const first = waits(world, wake, 100, ends);
  await world.pass(40);
  wake.notify();
  await first;
  const longer = waits(world, wake, 200, ends);
  await world.pass(250);
  await longer;
  const woken = waits(world, wake, 500, ends);
  wake.notify();
  await woken;
  const shorter = waits(world, wake, 30, ends);
  await world.pass(40);
  await shorter;
  expect(ends.map((endMs) => endMs - startMs)).toEqual([40, 240, 290, 320]);
});

test('a wake while nobody waits is kept, once', async () => {
  const world = new VirtualWorld();
  const wake = new Wake(world);
  const startMs = world.clock.monotonicMs();
  const ends: number[] = [];
  wake.notify();
  wake.notify();
  await waits(world, wake, 100, ends);
  const second = waits(world, wake, 100, ends);
  await world.pass(150);
  await second;
  expect(ends.map((endMs) => endMs - startMs)).toEqual([0, 100]);
});
