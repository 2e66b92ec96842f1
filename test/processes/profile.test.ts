import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, scratchFolder } from './agent.js';

const program = join(root, 'dist/profiles/main.js');

test('a profile under load has a picture of each thread, named, with that thread’s own work in it', {
  timeout: 120_000,
}, () => {
  const folder = scratchFolder('profile');
  try {
    const load = ['--load', 'tail', '--generator', 'kafkajs', '--warm-up', '1', '--seconds', '2'];
    execFileSync(process.execPath, [program, ...load, '--output', folder.path], { stdio: 'pipe' });
    expect(readdirSync(folder.path).filter((name) => /(main|ingest|leader)\.svg$/.test(name))).toEqual([
      'tail-disk-ingest.svg',
      'tail-disk-leader.svg',
      'tail-disk-main.svg',
    ]);
    expect(readdirSync(folder.path)).not.toContain('data');
    const pictureOf = (thread: string): string => readFileSync(join(folder.path, `tail-disk-${thread}.svg`), 'utf8');
    for (const [thread, work] of [
      ['main', / src\/server\/\S+\.ts:\d+: /],
      ['ingest', / workers\/ingest\/\S+\.ts:\d+: /],
      ['leader', / workers\/leader\/\S+\.ts:\d+: /],
    ] as const) {
      const picture = pictureOf(thread);
      expect(picture).toMatch(new RegExp(`<title>${thread}, tail-disk: busy \\d+\\.\\d\\d of `));
      expect(picture).toMatch(work);
    }
    const profile = JSON.parse(readFileSync(join(folder.path, 'tail-disk-main.cpuprofile'), 'utf8'));
    expect(profile.samples.length).toBeGreaterThan(100);
  } finally {
    folder.remove();
  }
});

test.each([
  [['--load', 'nothing'], /--load is produce, tail, fetch, not nothing/],
  [['--seconds', '0'], /--seconds is a number from 1 on, not 0/],
  [['--clinic-tool', 'x'], /--clinic-tool is doctor, bubbleprof, flame, not x/],
])('a wrong command line is refused in a sentence: %j', (words, sentence) => {
  const { status, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
  expect(status).not.toBe(0);
  expect(stderr).toMatch(sentence);
});
