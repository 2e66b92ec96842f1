import { expect, test } from 'vitest';
import { scratchFolder } from '../processes/agent.js';
import { killCycles } from './kill-cycles.js';

const cycles = Number(process.env['WEFT_TEST_KILL_CYCLES'] ?? 20);

test(`${cycles} times kill -9 under load: every acknowledged record is there once, in order, offsets dense`, {
  timeout: 60_000 + cycles * 6_000,
}, async () => {
  const folder = scratchFolder('kill');
  try {
    const { history, violations } = await killCycles({
      bucket: `file:${folder.path}`,
      cycles,
      partitions: 3,
      producers: 4,
      aliveMsMin: 100,
      aliveMsMax: 1500,
    });
    expect(violations).toEqual([]);
    const acknowledged = [...history.sent.values()].flat().filter((record) => record.acknowledged).length;
    expect(acknowledged).toBeGreaterThan(cycles);
  } finally {
    folder.remove();
  }
});
