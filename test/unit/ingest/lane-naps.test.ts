import { expect, test } from 'vitest';
import { LaneHarness } from './lane-harness.js';
import { makeBatch } from './make-batch.js';

/** One request every `everyMs`, for `durationMs`. */
async function send(lane: LaneHarness, everyMs: number, durationMs: number): Promise<number[]> {
  const requests: number[] = [];
  for (let passedMs = 0; passedMs < durationMs; passedMs += everyMs) {
    requests.push(lane.produce({ partitions: [[0, makeBatch()]] }));
    await lane.world.pass(everyMs);
  }
  return requests;
}

for (const batchWindowMs of [5, 100]) {
  test(`under steady requests and a window of ${batchWindowMs} ms nobody wakes the lane`, async () => {
    const lane = new LaneHarness({ batchWindowMs });
    await lane.beginWindow();
    lane.store.open = true;
    lane.wakes = 0;
    const requests = await send(lane, 1, 400);
    // The first one after a look that found nothing, and no more.
    expect(lane.wakes).toBeLessThanOrEqual(1);
    await lane.world.pass(batchWindowMs);
    expect(requests.filter((request) => lane.outcome(request)?.[0]?.[0] !== 0)).toEqual([]);
    // A segment a window, the one that was sealed in quiet included.
    expect(lane.store.objects.size).toBeLessThanOrEqual(2 + 400 / batchWindowMs);
  });
}

test('a lane that was quiet is woken by one request, and says nothing until the next', async () => {
  const lane = new LaneHarness({ batchWindowMs: 5 });
  lane.store.open = true;
  await lane.world.pass(100);
  lane.wakes = 0;
  for (let round = 1; round <= 3; round += 1) {
    const request = lane.produce({ partitions: [[0, makeBatch()]] });
    await lane.world.pass(0);
    expect(lane.store.objects.size).toBe(round);
    expect(lane.wakes).toBe(round);
    await lane.world.pass(100);
    expect(lane.outcome(request)?.[0]?.[0]).toBe(0);
    expect(lane.released).toHaveLength(round);
  }
});

test('a napping lane is woken when a segment waits in its ring', async () => {
  const lane = new LaneHarness({ batchBytes: 2000, batchWindowMs: 10_000 });
  await lane.beginWindow();
  await lane.world.pass(1000);
  lane.wakes = 0;
  const large = () => lane.produce({ partitions: [[0, makeBatch({ values: ['v'.repeat(800)] })]] });
  large();
  await lane.world.pass(1);
  expect(lane.wakes).toBe(1);
  large();
  large();
  expect(lane.wakes).toBe(1);
  large();
  expect(lane.wakes).toBe(2);
  await lane.world.pass(0);
  expect(lane.store.puts).toHaveLength(1);
});

test('what a lane says in one turn is one message; requests are released with it, or a few ms later', async () => {
  const lane = new LaneHarness({ batchWindowMs: 5 });
  await lane.beginWindow();
  lane.turns.length = 0;
  const request = lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(6);
  lane.store.acceptAll();
  await lane.world.pass(1);
  expect(lane.turns).toEqual([
    ['publish', 'released'],
    ['readable', 'answers'],
  ]);
  expect(lane.released).toEqual([request]);
  // The store is slow: the bytes are not kept for it.
  lane.turns.length = 0;
  lane.produce({ partitions: [[0, makeBatch()]] });
  await lane.world.pass(11);
  expect(lane.store.puts).toHaveLength(1);
  expect(lane.turns).toEqual([['released']]);
});
