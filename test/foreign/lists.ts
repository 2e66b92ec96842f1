import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../processes/agent.js';

export type ForeignSuite = 'kgo' | 'librdkafka';

/** An entry of an allow-list: the foreign test's name, and words that say how it runs. */
export interface Entry {
  readonly name: string;
  readonly words: readonly string[];
}

/** test/foreign/SUITE-passing.txt: a name and its words a line; what follows a # is a remark. */
export function passing(suite: ForeignSuite): readonly Entry[] {
  const lines = readFileSync(join(root, `test/foreign/${suite}-passing.txt`), 'utf8').split('\n');
  return lines
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', ...words] = line.split(/\s+/);
      return { name, words };
    });
}

/**
 * What docs/FOREIGN-TESTS.md says does not pass: names to reasons. The rows are those between the page's marks of the suite;
 * the first cell names tests between backticks, the last says why.
 */
export function notPassing(suite: ForeignSuite): ReadonlyMap<string, string> {
  const page = readFileSync(join(root, 'docs/FOREIGN-TESTS.md'), 'utf8');
  const part = page.split(`<!-- ${suite}: begin -->`)[1]?.split(`<!-- ${suite}: end -->`)[0] ?? '';
  const reasons = new Map<string, string>();
  for (const row of part.split('\n').filter((line) => line.startsWith('| `'))) {
    const [names = '', reason = ''] = row.replace(/^\||\|$/g, '').split('|');
    for (const [, name = ''] of names.matchAll(/`([^`]+)`/g)) reasons.set(name, reason.trim());
  }
  return reasons;
}

/** What is wrong with the lists, given all names that the foreign runner has: every name stands on exactly one of them. */
export function wrongInLists(suite: ForeignSuite, all: readonly string[]): readonly string[] {
  const counts = new Map(all.map((name) => [name, 0]));
  const wrong: string[] = [];
  const count = (name: string, where: string): void => {
    const seen = counts.get(name);
    if (seen === undefined) wrong.push(`${name}, ${where}, is no test of ${suite}`);
    else counts.set(name, seen + 1);
  };
  for (const { name } of passing(suite)) count(name, 'on the allow-list');
  for (const [name, reason] of notPassing(suite)) {
    count(name, 'in docs/FOREIGN-TESTS.md');
    if (reason === '') wrong.push(`${name} has no reason in docs/FOREIGN-TESTS.md`);
  }
  for (const [name, seen] of counts) {
    if (seen === 0) wrong.push(`${name} is neither on the allow-list nor in docs/FOREIGN-TESTS.md`);
    if (seen > 1) wrong.push(`${name} is listed ${seen} times`);
  }
  return wrong;
}
