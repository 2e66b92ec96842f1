import { expect, onTestFinished, test, vi } from 'vitest';
import { encodeBatch } from '../../../src/records/encode.js';
import { RingReader } from '../../../src/threads/ring.js';
import { OpenSegment } from '../../../workers/ingest/window.js';
import { LaneHarness } from './lane-harness.js';
import { makeBatch } from './make-batch.js';

const one = () => makeBatch();

/** Counts attempts to seal from now on. */
function countSeals(): { readonly attempts: number } {
  const spy = vi.spyOn(OpenSegment.prototype, 'batches');
  onTestFinished(() => spy.mockRestore());
  return {
    get attempts() {
      return spy.mock.calls.length;
    },
  };
}

/** Does something once, right after the lane has asked for the time in its `method`; tells whether it was done. */
function afterClockIn(lane: LaneHarness, method: string, run: () => void): { readonly done: boolean } {
  const state = { done: false };
  const { clock } = lane.world;
  const now = clock.monotonicMs.bind(clock);
  vi.spyOn(clock, 'monotonicMs').mockImplementation(() => {
    const nowMs = now();
    if (!state.done && new Error().stack?.includes(`#${method}`)) {
      state.done = true;
      run();
    }
    return nowMs;
  });
  return state;
}

test('a request that comes after the ring was found empty, before a nap, is taken', async () => {
  const lane = new LaneHarness({ batchWindowMs: 5 });
  lane.store.open = true;
  await lane.world.pass(1000);
  const first = lane.produce({ partitions: [[0, one()]] });
  await lane.world.pass(3);
  expect(lane.outcome(first)).toEqual([[0, 0]]);
  let late = 0;
  const clock = afterClockIn(lane, 'watchWindow', () => {
    late = lane.produce({ partitions: [[0, one()]] });
  });
  await lane.world.pass(12);
  expect(clock.done).toBe(true);
  expect(lane.outcome(late)).toEqual([[0, 1]]);
  const later = lane.produce({ partitions: [[0, one()]] });
  await lane.world.pass(12);
  expect(lane.outcome(later)).toEqual([[0, 2]]);
});

test('a request that comes while a segment is sealed is taken without waiting for its upload', async () => {
  const lane = new LaneHarness({ batchWindowMs: 50 });
  await lane.beginWindow();
  const put = lane.store.put.bind(lane.store);
  let late: number | undefined;
  vi.spyOn(lane.store, 'put').mockImplementation((...args) => {
    late ??= lane.produce({ partitions: [[1, one()]] });
    return put(...args);
  });
  // Taken so late that the lane naps until the window's end.
  await lane.world.pass(47);
  lane.produce({ partitions: [[0, one()]] });
  await lane.world.pass(6);
  expect(lane.store.puts).toHaveLength(1);
  expect(late).toBeDefined();
  await lane.world.pass(50);
  expect(lane.store.puts).toHaveLength(2);
});

test('a request that waits for topics does not keep the lane stepping, and goes on when they come', async () => {
  const lane = new LaneHarness({ batchWindowMs: 5 });
  lane.store.open = true;
  await lane.world.pass(1000);
  const request = lane.produce({ partitions: [[0, one()]], topicsRevision: 3 });
  const steps = vi.spyOn(lane.world.timers, 'soon');
  await lane.world.pass(1000);
  expect(steps).not.toHaveBeenCalled();
  expect(lane.outcome(request)).toBeUndefined();
  lane.topics([], [], 3);
  await lane.world.pass(1);
  expect(lane.outcome(request)).toEqual([[0, 0]]);
});

test('a seal that is held up by running uploads is not tried again and again, and follows when one ends', async () => {
  const lane = new LaneHarness({ batchWindowMs: 5, uploadsMax: 1 });
  await lane.beginWindow();
  lane.produce({ partitions: [[0, one()]] });
  await lane.world.pass(10);
  expect(lane.store.puts).toHaveLength(1);
  const waiting = lane.produce({ connection: 2, partitions: [[1, one()]] });
  await lane.world.pass(20);
  const seals = countSeals();
  await lane.world.pass(1000);
  // With the timer of deadlines, four times a second.
  expect(seals.attempts).toBeLessThanOrEqual(5);
  lane.store.open = true;
  lane.store.acceptAll();
  await lane.world.pass(1);
  expect(lane.outcome(waiting)).toEqual([[0, 0]]);
});

test('requests that come while a seal is held up neither wake the lane nor try it each', async () => {
  const lane = new LaneHarness({ batchWindowMs: 5, uploadsMax: 1 });
  await lane.beginWindow();
  lane.produce({ partitions: [[0, one()]] });
  await lane.world.pass(10);
  lane.produce({ partitions: [[1, one()]] });
  await lane.world.pass(20);
  const seals = countSeals();
  lane.wakes = 0;
  const requests: number[] = [];
  for (let passedMs = 0; passedMs < 100; passedMs += 1) {
    requests.push(lane.produce({ partitions: [[0, one()]] }));
    await lane.world.pass(1);
  }
  expect(lane.wakes).toBe(1);
  // One for the wake, one a nap of 5 ms.
  expect(seals.attempts).toBeLessThanOrEqual(22);
  lane.store.open = true;
  lane.store.acceptAll();
  await lane.world.pass(10);
  expect(requests.filter((request) => lane.outcome(request)?.[0]?.[0] !== 0)).toEqual([]);
});

test('a seal that is held up for want of room follows when there is some', async () => {
  const lane = new LaneHarness({ batchWindowMs: 5, segmentBytes: 4096, uploadsMax: 16 });
  await lane.beginWindow();
  const requests: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    requests.push(lane.produce({ partitions: [[0, makeBatch({ values: ['v'.repeat(900)] })]] }));
    await lane.world.pass(10);
  }
  const puts = lane.store.puts.length;
  expect(puts).toBeLessThan(6);
  const seals = countSeals();
  await lane.world.pass(1000);
  expect(lane.store.puts).toHaveLength(puts);
  // Every 2 ms, since nobody tells that a reader has let go of its segment, for the full segment and for the request behind
  // it; and with the timer of deadlines.
  expect(seals.attempts).toBeGreaterThan(0);
  expect(seals.attempts).toBeLessThanOrEqual(2 * 505);
  lane.store.open = true;
  lane.store.acceptAll();
  await lane.world.pass(50);
  expect(requests.filter((request) => lane.outcome(request)?.[0]?.[0] !== 0)).toEqual([]);
});

test('a window that ends between the look for a due seal and the next timer is looked at', async () => {
  const lane = new LaneHarness({ batchWindowMs: 50 });
  await lane.beginWindow();
  const request = lane.produce({ partitions: [[0, one()]] });
  // It is taken by the look at 5 ms; the one at 10 ms takes nothing.
  await lane.world.pass(8);
  const { clock } = lane.world;
  const now = clock.monotonicMs.bind(clock);
  let hasPassed = false;
  vi.spyOn(clock, 'monotonicMs').mockImplementation(() => {
    hasPassed ||= new Error().stack!.includes('#watchWindow');
    return hasPassed ? now() + 60 : now();
  });
  lane.store.open = true;
  await lane.world.pass(4);
  expect(hasPassed).toBe(true);
  expect(lane.outcome(request)).toEqual([[0, 0]]);
});

test('what requests decompress to counts for the end of a turn', async () => {
  const lane = new LaneHarness({ batchWindowMs: 50 });
  await lane.beginWindow();
  const requests = vi.spyOn(RingReader.prototype, 'advance');
  onTestFinished(() => requests.mockRestore());
  /** How many requests each turn took. */
  const turns: number[] = [];
  const soon = lane.world.timers.soon.bind(lane.world.timers);
  vi.spyOn(lane.world.timers, 'soon').mockImplementation((run) => {
    turns.push(requests.mock.calls.length);
    soon(run);
  });
  const batch = encodeBatch({ records: [{ value: Buffer.alloc(3 * 2 ** 20) }], codec: 'gzip' });
  for (let sent = 0; sent < 6; sent += 1) lane.produce({ partitions: [[0, batch]] });
  await lane.world.pass(10);
  expect(turns).toEqual([2, 4, 6]);
});
