import { expect, test } from 'vitest';
import { joinOutcome } from '../../../src/ingest/messages.js';
import { attachMeters, Shares } from '../../../src/telemetry/counters.js';
import { applyOutcome } from '../../../workers/ingest/answer.js';
import type { Batch } from '../../../workers/ingest/requests.js';

/** Batches in a run: more than fit a call's arguments. */
const COUNT = 200_000;

const meters = attachMeters(new Shares(1).take());

test('very many batches of two runs are one entry each for readers', () => {
  const batch = { topicId: 't', partition: 0, bytes: 1, records: 1, answer: {} } as unknown as Batch;
  const run = Array.from({ length: COUNT }, () => ({ batch, position: 0 }));
  const published = (first: number) => ({
    baseOffsets: Float64Array.from({ length: COUNT }, (_, i) => first + i),
    errors: new Int16Array(COUNT),
    appended: new Uint8Array(COUNT).fill(1),
    logStartOffset: 0,
  });
  const { baseOffsets } = applyOutcome(
    [run, run],
    joinOutcome([published(0), published(COUNT)]),
    new Uint8Array(100),
    meters,
  );
  expect(baseOffsets).toHaveLength(2 * COUNT);
  expect([baseOffsets[COUNT - 1], baseOffsets[COUNT]]).toEqual([COUNT - 1, COUNT]);
});

test('readers are told of what was appended only, and that is stamped', () => {
  const run = [0, 30, 60].map((position) => ({
    batch: { topicId: 't', partition: 0, bytes: 30, records: 1, answer: {} } as unknown as Batch,
    position,
  }));
  const segment = new Uint8Array(90);
  const outcome = {
    baseOffsets: Float64Array.of(3, 4, 5),
    errors: new Int16Array(3),
    appended: Uint8Array.of(1, 0, 1),
    logStartOffset: 0,
  };
  expect(applyOutcome([run], joinOutcome([outcome]), segment, meters)).toEqual({
    baseOffsets: Float64Array.of(3, 5),
    positions: Uint32Array.of(0, 60),
    lengths: Uint32Array.of(30, 30),
  });
  expect([segment[7], segment[37], segment[67]]).toEqual([3, 0, 5]);
});
