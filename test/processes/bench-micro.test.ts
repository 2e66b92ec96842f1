import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './agent.js';

const program = join(root, 'dist/bench/micro/main.js');

test('the micro benchmarks give one table, each subject with times and none without', { timeout: 120_000 }, () => {
  const { status, stdout } = spawnSync(process.execPath, [program, '--time-ms', '1'], { encoding: 'utf8' });
  expect(status).toBe(0);
  const rows = stdout.trimEnd().split('\n').slice(2);
  const subjects = rows.map((row) => /^\| (\w+) \| [^|]+ \| [\d.]+ \| [\d.]+ \| \d* \| \d* \|$/.exec(row)?.[1]);
  expect(new Set(subjects)).toEqual(
    new Set(['crc', 'batch', 'examine', 'protocol', 'ring', 'segment', 'metadata', 'block']),
  );
});

test('a subject that does not exist is refused with those that do', () => {
  const { status, stderr } = spawnSync(process.execPath, [program, '--only', 'x'], { encoding: 'utf8' });
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/no subject x; there are crc, batch,/);
});
