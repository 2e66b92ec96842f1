// The program as people call it: exit codes, what it prints, and how it starts.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { helpText, settingsPage } from '../../src/config/settings-page.js';

function weft(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('WEFT_')));
  const done = spawnSync(process.execPath, ['dist/src/main.js', ...words], {
    encoding: 'utf8',
    env: { ...env, ...environment },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

test('help, page and version', () => {
  expect(weft(['agent', '--help'])).toEqual({ code: 0, out: helpText(), err: '' });
  expect(weft(['settings-page'])).toEqual({ code: 0, out: settingsPage(), err: '' });
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(weft(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  expect(weft(['agent', '--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  expect(weft([])).toMatchObject({ code: 0, err: '' });
});

test.each([[['agnet']], [['settings-page', '--x']], [['--versoin']]])('%j is no command', (words) => {
  const { code, err } = weft(words);
  expect(code).toBe(2);
  expect(err).toMatch(/is no command/);
});

test('mistakes from everywhere are printed, a line each, and the exit code is 2', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-config-'));
  try {
    const path = join(folder, 'weft.conf');
    writeFileSync(path, 'zone = a b\n');
    const { code, out, err } = weft(['agent', '--config', path, '--batch-window', '250'], { WEFT_MEMORY: 'much' });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    const places = err
      .trimEnd()
      .split('\n')
      .map((line) => line.split(': ')[1]);
    expect(places).toEqual([`${path}:1`, '--batch-window', 'WEFT_MEMORY']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file that cannot be read is a mistake', () => {
  const { code, err } = weft(['agent', '--config', '/no/such/file', '--frob']);
  expect(code).toBe(2);
  expect(err.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^weft: --config: ENOENT/),
    expect.stringMatching(/^weft: --frob: unknown flag/),
  ]);
});

test.each([
  [['--workers', '1', '--message-bytes-max', '50MiB'], /^weft: --message-bytes-max must be below 32MiB/],
  [['--memory', '192MiB', '--workers', '64', '--message-bytes-max', '1KiB'], /must be below 0MiB/],
])('settings under which no request could be taken are a mistake: %j', (flags, expected) => {
  const { code, err } = weft(['agent', ...flags]);
  expect(code).toBe(2);
  expect(err).toMatch(expected);
});

// The page of a process says what it was started with; the call that starts it anew is of POSIX.
test.runIf(process.platform === 'linux').each([undefined, '5'])(
  'an agent bounds the young generation of its main thread and the arenas of malloc (who starts it: %s), in the same process',
  async (arenas) => {
    const { MALLOC_ARENA_MAX: _, ...others } = process.env;
    const env = arenas === undefined ? others : { ...others, MALLOC_ARENA_MAX: arenas };
    const flags = ['--kafka', '127.0.0.1:0', '--http', '127.0.0.1:0', '--bucket', 'memory:', '--log-level', 'info'];
    const agent = spawn(process.execPath, ['dist/src/main.js', 'agent', ...flags], { env });
    try {
      await new Promise((resolve, reject) => {
        agent.stdout.once('data', resolve);
        agent.once('exit', reject);
      });
      const told = (page: string) => readFileSync(`/proc/${agent.pid}/${page}`, 'utf8').split('\0');
      expect(told('cmdline')[1]).toBe('--max-semi-space-size=4');
      expect(told('environ')).toContain(`MALLOC_ARENA_MAX=${arenas ?? '2'}`);
    } finally {
      agent.kill('SIGKILL');
    }
  },
);

/** The largest heap, in MB, of a process that keeps 60 MB and makes much that lives for a while, bounded or not. */
function largestHeap(bounded: boolean, nodeFlags: readonly string[]): number {
  const script = `
    import { getHeapStatistics } from 'node:v8';
    import { boundHeaps } from './dist/src/world/real-runtime.js';
    if (${bounded}) boundHeaps();
    const live = Array.from({ length: 500_000 }, (_, at) => ({ at, list: [at] }));
    const lately = new Array(100_000);
    // Until the first collection a heap grows as far as V8 begins.
    gc();
    let largest = 0;
    for (let made = 0; made < 4_000_000; made += 1) {
      lately[made % lately.length] = { made, list: [made, made] };
      if (made % 10_000 === 0) largest = Math.max(largest, getHeapStatistics().used_heap_size);
    }
    console.log(live.length > 0 && Math.round(largest / 1e6));`;
  const flags = ['--expose-gc', '--max-semi-space-size=4', ...nodeFlags, '--input-type=module', '--eval', script];
  return Number(spawnSync(process.execPath, flags, { encoding: 'utf8' }).stdout);
}

test('garbage in old generations is bounded, and nowhere less than by V8 alone', () => {
  const large = ['--max-old-space-size=4096'];
  const bounded = largestHeap(true, large);
  expect(bounded).toBeGreaterThan(60);
  expect(bounded).toBeLessThan(0.8 * largestHeap(false, large));
  const small = ['--max-old-space-size=300'];
  expect(largestHeap(true, small)).toBeLessThan(1.2 * largestHeap(false, small));
});
