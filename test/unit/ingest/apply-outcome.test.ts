import { expect, test } from 'vitest';
import { attachMeters, Shares } from '../../../src/telemetry/counters.js';
import { applyOutcome } from '../../../workers/ingest/answer.js';
import type { Batch } from '../../../workers/ingest/requests.js';

/** Batches in a run: more than fit a call's arguments. */
const COUNT = 200_000;

test('two runs of one partition with very many batches become one entry for readers', () => {
  const batch = { topicId: 't', partition: 0, bytes: 1, records: 1, answer: {} } as unknown as Batch;
  const run = Array.from({ length: COUNT }, () => ({ batch, position: 0 }));
  const published = (first: number) => ({
    baseOffsets: Float64Array.from({ length: COUNT }, (_, i) => first + i),
    errors: new Int16Array(COUNT),
    appended: new Uint8Array(COUNT).fill(1),
    logStartOffset: 0,
  });
  const meters = attachMeters(new Shares(1).take());
  const extents = applyOutcome([run, run], [published(0), published(COUNT)], new Uint8Array(100), meters);
  expect(extents).toHaveLength(1);
  expect(extents[0]!.baseOffsets).toHaveLength(2 * COUNT);
  expect([extents[0]!.baseOffsets[COUNT - 1], extents[0]!.baseOffsets[COUNT]]).toEqual([COUNT - 1, COUNT]);
});
