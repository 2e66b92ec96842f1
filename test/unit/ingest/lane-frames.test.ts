import { expect, onTestFinished, test, vi } from 'vitest';
import { BatchHeader } from '../../../src/records/header.js';
import { storedBatchFault } from '../../../src/records/stored.js';
import { decodeFooter } from '../../../src/segments/footer.js';
import { Scratch } from '../../../workers/ingest/scratch.js';
import { LaneHarness } from './lane-harness.js';
import { makeBatch } from './make-batch.js';

test('frames in several pieces are the same requests, and are released as soon as they are gathered', async () => {
  const lane = new LaneHarness();
  await lane.beginWindow();
  lane.store.open = true;
  const values = Array.from({ length: 50 }, (_, i) => `value ${i}`);
  const requests = [7, 60, 1000].map((pieceBytes) =>
    lane.produce({ pieceBytes, partitions: [[0, makeBatch({ values })]] }),
  );
  // Taken by the end of a nap, told by the end of the next.
  await lane.world.pass(11);
  expect(lane.released).toEqual(requests.slice(0, 2));
  await lane.world.pass(200);
  expect(requests.map((request) => lane.outcome(request))).toEqual([[[0, 0]], [[0, 50]], [[0, 100]]]);
});

test('a frame whose pieces lie side by side is not gathered, and kept until it is in a segment', async () => {
  const gather = vi.spyOn(Scratch.prototype, 'gather');
  onTestFinished(() => gather.mockRestore());
  const lane = new LaneHarness();
  await lane.beginWindow();
  lane.store.open = true;
  // Small frames begin at multiples of 64.
  const request = lane.produce({ pieceBytes: 64, partitions: [[0, makeBatch({ values: ['v'.repeat(500)] })]] });
  await lane.world.pass(11);
  expect(lane.released).toEqual([]);
  await lane.world.pass(200);
  expect(lane.outcome(request)).toEqual([[0, 0]]);
  expect(lane.released).toEqual([request]);
  expect(gather).not.toHaveBeenCalled();
});

test('a frame counts whole, however little of it is accepted: what is kept while nothing can be sealed is bounded', async () => {
  const gather = vi.spyOn(Scratch.prototype, 'gather');
  onTestFinished(() => gather.mockRestore());
  const lane = new LaneHarness({ uploadsMax: 1 });
  await lane.beginWindow();
  const unknown = makeBatch({ values: ['x'.repeat(40_000)] });
  const requests = Array.from({ length: 10 }, () =>
    lane.produce({
      pieceBytes: 30_000,
      partitions: [
        [0, makeBatch()],
        [99, unknown],
      ],
    }),
  );
  await lane.world.pass(1_000);
  // One in the segment that is being uploaded, one in the open one, of 64 KiB each.
  expect(gather).toHaveBeenCalledTimes(2);
  lane.store.open = true;
  lane.store.acceptAll();
  await lane.world.pass(3_000);
  expect(requests.map((request) => lane.outcome(request))).toEqual(
    requests.map((_, index) => [
      [0, index],
      [3, -1],
    ]),
  );
});

test('what was gathered of a request of which nothing is stored is used again, though no segment is sealed', async () => {
  const take = vi.spyOn(Scratch.prototype, 'take');
  const lane = new LaneHarness();
  const batch = makeBatch({ values: ['x'.repeat(1000)] });
  for (let round = 0; round < 3; round += 1) {
    lane.produce({ pieceBytes: 600, topic: 'nowhere', partitions: [[0, batch]] });
    lane.produce({ pieceBytes: 600, fails: true, partitions: [[0, batch]] });
    lane.send(Buffer.alloc(1000, 0xff), { pieceBytes: 600 });
  }
  await lane.world.pass(1);
  const taken = take.mock.results.map(({ value }) => value as Uint8Array);
  take.mockRestore();
  expect(lane.answers).toHaveLength(9);
  expect(taken).toHaveLength(9);
  expect(new Set(taken.map(({ buffer }) => buffer)).size).toBe(1);
  expect(taken.map(({ byteOffset }) => byteOffset)).toEqual(Array(9).fill(0));
});

test('a frame whose batches were all compressed anew is not kept until the seal, however small they became', async () => {
  const gather = vi.spyOn(Scratch.prototype, 'gather');
  const lane = new LaneHarness({ topic: { compression: { codec: 1, level: 6 } } });
  await lane.beginWindow();
  lane.store.open = true;
  const requests = ['a', 'b', 'c'].map((letter) =>
    lane.produce({ pieceBytes: 600, partitions: [[0, makeBatch({ values: [letter.repeat(1000)] })]] }),
  );
  await lane.world.pass(200);
  const gathered = gather.mock.results.map(({ value }) => value as Uint8Array);
  gather.mockRestore();
  expect(gathered.map(({ byteOffset }) => byteOffset)).toEqual([0, 0, 0]);
  expect(requests.map((request) => lane.outcome(request))).toEqual([[[0, 0]], [[0, 1]], [[0, 2]]]);
  const segment = [...lane.store.objects.values()].at(-1)!;
  const { position, length, batches } = decodeFooter(segment, segment.length).extents[0]!;
  expect(batches).toBe(3);
  for (let at = position; at < position + length; at += new BatchHeader(segment, at).bytes) {
    expect(storedBatchFault(segment, at, position + length)).toBe(undefined);
  }
});
