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
  'an agent bounds the young generation of its main thread, its old ones and the arenas of malloc (who starts it: %s), in the same process',
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
      expect(told('cmdline').slice(1, 3)).toEqual(['--max-semi-space-size=4', '--heap-growing-percent=100']);
      expect(told('environ')).toContain(`MALLOC_ARENA_MAX=${arenas ?? '2'}`);
    } finally {
      agent.kill('SIGKILL');
    }
  },
);
