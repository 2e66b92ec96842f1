import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FetchLink } from '../../../src/cache/fetch-link.js';
import { TimestampLookup } from '../../../src/fetch/timestamps.js';
import { encodeBatch } from '../../../src/records/encode.js';
import { findByTimestamp } from '../../../workers/fetch/find.js';
import { command, JournalMaker, segment, topicId } from '../metadata/journal-maker.js';

const TOPIC = topicId(1);

/** A log of batches, each an extent of its own, their greatest times as claimed; the worker's half runs here. */
function logOf(batches: readonly (readonly number[])[], claimed: readonly number[] = []) {
  const journal = new JournalMaker();
  const epoch = journal.register();
  const id = journal.createTopic(epoch, 't', 1);
  const objects = new Map<string, Uint8Array>();
  for (const [i, times] of batches.entries()) {
    const bytes = encodeBatch({ records: times.map((timestampMs) => ({ timestampMs })) });
    objects.set(`c/data/${epoch}/${i + 1}`, bytes);
    const batch = { records: times.length, length: bytes.length, timestamp: claimed[i] ?? Math.max(...times) };
    journal.send(epoch, segment(i + 1, [{ topic: TOPIC, batches: [batch] }]), 1);
  }
  let reads = 0;
  const find: FetchLink['find'] = async ({ key, position, length, baseOffset }, timestampMs, fromOffset) => {
    reads += 1;
    return findByTimestamp(
      objects.get(key)!.subarray(position, position + length),
      baseOffset,
      timestampMs,
      fromOffset,
    );
  };
  return {
    lookup: new TimestampLookup('c', journal.metadata, { find } as FetchLink),
    id,
    deleteTo: (offset: number) =>
      journal.send(
        epoch,
        command('deleteRecords', {
          topics: [{ topicId: TOPIC, partitions: [0], offsets: [offset] }],
          defaultPolicy: '',
        }),
      ),
    /** Of one call: how many extents it read. */
    readsOf: async (call: () => Promise<unknown>) => {
      const before = reads;
      await call();
      return reads - before;
    },
  };
}

test('from any log start on, what a look at every record would find', async () => {
  const time = fc.integer({ min: 0, max: 6 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(time, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      async (batches, drawn) => {
        const { lookup, id, deleteTo } = logOf(batches);
        const times = batches.flat();
        const logStart = drawn % (times.length + 1);
        deleteTo(logStart);
        const at = (offset: number) => (offset === -1 ? undefined : { offset, timestampMs: times[offset] });
        for (let wanted = 0; wanted <= 7; wanted += 1) {
          const first = times.findIndex((each, offset) => offset >= logStart && each >= wanted);
          expect(await lookup.firstAtOrAfter(id, 0, wanted)).toEqual(at(first));
        }
        const greatest = times.indexOf(Math.max(...times.slice(logStart)), logStart);
        expect(await lookup.greatest(id, 0)).toEqual(at(greatest));
      },
    ),
    { numRuns: 200 },
  );
});

test('reads one extent, and a second one only when the log start cuts the first', async () => {
  const { lookup, id, deleteTo, readsOf } = logOf([[9, 1], [5], [6], [7]]);
  expect(await readsOf(() => lookup.firstAtOrAfter(id, 0, 4))).toBe(1);
  expect(await readsOf(() => lookup.greatest(id, 0))).toBe(1);
  deleteTo(1);
  expect(await readsOf(() => lookup.firstAtOrAfter(id, 0, 4))).toBe(2);
  expect(await readsOf(() => lookup.greatest(id, 0))).toBe(2);
  expect(await readsOf(() => lookup.firstAtOrAfter(id, 0, 1))).toBe(1);
  deleteTo(2);
  expect(await readsOf(() => lookup.greatest(id, 0))).toBe(1);
  deleteTo(5);
  expect(await readsOf(() => lookup.greatest(id, 0))).toBe(0);
});

test('batches that claim a time that none of their records has are passed over, eight of them at most', async () => {
  const { lookup, id, readsOf } = logOf([[1], [2], [6], [3]], [9, 9, 9, 3]);
  expect(await lookup.firstAtOrAfter(id, 0, 5)).toEqual({ offset: 2, timestampMs: 6 });
  expect(await readsOf(() => lookup.firstAtOrAfter(id, 0, 5))).toBe(3);
  const liars = Array.from({ length: 20 }, () => [1]);
  const lying = logOf(
    liars,
    liars.map(() => 9),
  );
  expect(await lying.lookup.firstAtOrAfter(lying.id, 0, 5)).toBeUndefined();
  expect(await lying.readsOf(() => lying.lookup.firstAtOrAfter(lying.id, 0, 5))).toBe(8);
});
