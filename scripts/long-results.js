// test/long/RESULTS.md: the last result of each long suite, written by `npm run test:long`.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const page = 'test/long/RESULTS.md';
const columns = ['suite', 'date', 'commit', 'seconds', 'passed', 'failed', 'skipped', 'how much'];
const head = `# Last results of the long suites

\`npm run test:long\` writes a row when a suite of its table ([suites.js](../../scripts/suites.js)) ends. A commit with a \`+\` had changes
that were not committed. The last column says how much ran: variables of the environment, those of the table unless others were set.

| ${columns.join(' | ')} |
|${'---|'.repeat(columns.length)}
`;

/** The environment of a suite: what its table says, unless the caller's environment says otherwise. */
export function environmentOf({ env = {} }, callers) {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, callers[name] ?? value]));
}

/** The page with the row of one suite in place of the one before. `order`: names of all suites; rows of others go. */
export function withResult(text, result, order) {
  const rows = new Map();
  for (const line of text.split('\n')) {
    const [, name] = /^\| `([^`]+)` \|/.exec(line) ?? [];
    if (order.includes(name)) rows.set(name, line);
  }
  const { suite, date, commit, seconds, passed, failed, skipped, env } = result;
  const factors = Object.entries(env).map(([name, value]) => `\`${name}=${value}\``);
  const cells = [`\`${suite}\``, date, commit, seconds, passed, failed, skipped, factors.join(' ')];
  rows.set(suite, `| ${cells.join(' | ')} |`);
  const inOrder = order.filter((name) => rows.has(name)).map((name) => rows.get(name));
  return `${head}${inOrder.join('\n')}\n`;
}

export function writeResult(result, order) {
  const before = existsSync(page) ? readFileSync(page, 'utf8') : '';
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(page, withResult(before, { date, commit: commitNow(), ...result }, order));
}

function commitNow() {
  const git = (...words) =>
    execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', `:!${page}`) !== '';
    return `${git('rev-parse', '--short=7', 'HEAD')}${changed ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}
