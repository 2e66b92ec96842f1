// When a segment is full: by its bytes, or by its batches, which every agent applies at once.
import { describe, expect, test } from 'vitest';
import { fitsOpen, SEGMENT_BATCHES_FULL, sealDue } from '../../../workers/ingest/seal-policy.js';

const facts = { bytes: 10, batchCount: 1, windowEndMs: 100, nowMs: 0, segmentBytesTarget: 1_000, draining: false };

describe('the open segment', () => {
  test.each([
    { what: 'waits for the end of its window', change: {}, due: undefined },
    { what: 'is due at the end of its window', change: { nowMs: 100 }, due: 'window' },
    { what: 'is due when its bytes are there', change: { bytes: 1_000 }, due: 'size' },
    {
      what: 'waits with one batch less than it takes',
      change: { batchCount: SEGMENT_BATCHES_FULL - 1 },
      due: undefined,
    },
    { what: 'is due when its batches are there', change: { batchCount: SEGMENT_BATCHES_FULL }, due: 'size' },
    { what: 'is due when the agent drains', change: { draining: true }, due: 'shutdown' },
  ])('$what', ({ change, due }) => {
    expect(sealDue({ ...facts, ...change })).toBe(due);
  });

  test.each([
    { what: 'takes what fills it', open: { bytes: 400, batchCount: 5 }, fits: true },
    { what: 'does not take what is beyond its bytes', open: { bytes: 401, batchCount: 5 }, fits: false },
    { what: 'takes a request of any size as its first', open: { bytes: 0, batchCount: 0 }, fits: true },
    { what: 'takes none beyond its batches', open: { bytes: 10, batchCount: SEGMENT_BATCHES_FULL }, fits: false },
  ])('$what', ({ open, fits }) => {
    expect(fitsOpen(open, 600, 1_000)).toBe(fits);
  });
});
