import { expect, test } from 'vitest';
import { report } from '../../../bench/report.js';
import type { Section } from '../../../bench/sections.js';

const sample = { megabytesPerSecond: 25, cpuSecondsPerGigabyte: 2, cores: 0.05 };
const row = {
  system: 'weft-disk',
  setup: 'Weft',
  samples: [sample],
  secondsToReady: 1,
  idleBytes: 1e8,
  peakBytes: 2e8,
};
const before: Section = {
  load: 'everyday',
  what: 'some load',
  rate: 'fixed',
  date: '2026-11-27',
  commit: '1234567',
  machine: 'one',
  command: 'npm run bench',
  fileSystem: 'ext4',
  fsyncMs: 1,
  rows: [row],
  missing: [],
};

test.each([
  { of: 'from before they were kept', section: before, expected: 'some load. 2026-11-27, commit 1234567' },
  { of: 'without any', section: { ...before, agentFlags: [] }, expected: 'some load. 2026-11-27, commit 1234567' },
  {
    of: 'with some',
    section: { ...before, agentFlags: ['--memory', '6GiB'] },
    expected: 'some load. Weft with `--memory 6GiB`. 2026-11-27, commit 1234567',
  },
])("a section tells the load's own flags of the agent: one $of", ({ section, expected }) => {
  expect(report([section])).toContain(expected);
});

const variant = (name: string, megabytesPerSecond: number) => ({
  ...row,
  variant: name,
  against: ['tuned', 'tuned more'],
  samples: [{ ...sample, megabytesPerSecond }],
});

test('ratios of variants are to the fastest that they name, wherever it stands', () => {
  const rows = [variant('stock', 50), variant('tuned', 80), variant('tuned more', 100), variant('other', 400)];
  const text = report([{ ...before, rate: 'flat-out', rows }]);
  expect(text).toMatch(/\| stock \| tuned more \| 50 \(50–50\) \| 0\.50 /);
  expect(text).toMatch(/\| tuned \| tuned more \| 80 \(80–80\) \| 0\.80 /);
});

test('a first start counts once, however many variants its section has', () => {
  const slow = { ...row, secondsToReady: 9 };
  const text = report([
    { ...before, rows: [slow, slow, slow].map((each, i) => ({ ...each, variant: String(i) })) },
    { ...before, rows: [row] },
    { ...before, rows: [row] },
  ]);
  expect(text).toContain('| weft-disk | 1.00 | 100 |');
});
