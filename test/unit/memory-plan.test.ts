import { expect, test } from 'vitest';
import { planMemory } from '../../src/memory-plan.js';

const GiB = 2 ** 30;

test.each([1, 8, 32, 33, 64, 1024])('with %i GiB every place in an arena has a position of 32 bits', (gibibytes) => {
  const plan = planMemory({ memoryBytes: gibibytes * GiB, workers: 1, frameBytesMax: GiB });
  for (const arenaBytes of [plan.chunksBytes, plan.laneBytes, plan.blocksBytes]) {
    expect(arenaBytes).toBeLessThanOrEqual(4 * GiB);
  }
  expect(Math.log2(plan.blocksBytes) % 1).toBe(0);
});
