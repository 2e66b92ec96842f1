import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kafkaJs } from '../clients/kafkajs.js';
import { textRecords, toBrief } from '../clients/records.js';
import { root, scratchFolder, startAgent } from './agent.js';

const MINUTE = 60_000;

test('the packed tarball, installed in an empty folder, serves a client', { timeout: 5 * MINUTE }, async () => {
  const folder = scratchFolder('package');
  try {
    // The build that runs is the one that is packed; its own scripts would build it again.
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder.path], {
      cwd: root,
      stdio: 'pipe',
    });
    const tarball = readdirSync(folder.path).find((name) => name.endsWith('.tgz'));
    expect(tarball).toBeDefined();
    writeFileSync(join(folder.path, 'package.json'), '{ "private": true, "allowScripts": { "weft": true } }\n');
    const words = ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder.path, tarball!)];
    // Of what fails, standard error stands in the message.
    execFileSync('npm', words, { cwd: folder.path, stdio: 'pipe', timeout: 4 * MINUTE });
    const installed = join(folder.path, 'node_modules/weft/dist/src/main.js');
    const agent = await startAgent(['--bucket', `file:${join(folder.path, 'data')}`], installed);
    const records = textRecords('package');
    await kafkaJs.produce(agent.kafka, 'package', records, { compression: 'gzip', idempotent: true });
    expect((await kafkaJs.consume(agent.kafka, 'package', records.length)).map(toBrief)).toEqual(records.map(toBrief));
    expect(await agent.stop()).toBe(0);
    expect(readdirSync(join(folder.path, 'node_modules/weft/dist'))).not.toContain('test');
  } finally {
    folder.remove();
  }
});

test.each([
  [
    ['--kafka', 'nonsense', '--memory', '5', '--unknown'],
    [/--kafka/, /--memory/, /--unknown/],
  ],
  [['--bucket', 'ftp://x'], [/--bucket/]],
  [['--batch-window', '250'], [/--batch-window/]],
])('a wrong command line ends with 2 and one line a mistake: %j', (flags, mistakes) => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/src/main.js'), 'agent', ...flags], {
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  const lines = stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(mistakes.length);
  for (const mistake of mistakes) expect(lines.filter((line) => mistake.test(line))).toHaveLength(1);
});
