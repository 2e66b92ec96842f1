import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../../test/servers/processes.js';
import { root } from '../parts.js';

const folder = join(root, '.cache/bench/baseline');

export interface Baseline {
  readonly commit: string;
  /** A whole checkout, built. */
  readonly folder: string;
  remove(): void;
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}

/** The commit of the recorded results of `load`, where this checkout has it; else the commit before this one. */
export function usualBaseline(load: string): string {
  const path = join(root, `bench/results/${load}.json`);
  if (!existsSync(path)) return 'HEAD~1';
  const [commit = ''] = (JSON.parse(readFileSync(path, 'utf8')) as { commit: string }).commit.split(' ');
  try {
    git('cat-file', '-e', `${commit}^{commit}`);
    return commit;
  } catch {
    return 'HEAD~1';
  }
}

/** Checks the commit out beside this checkout and builds it; with these packages where it wants the same. */
export async function buildBaseline(ref: string): Promise<Baseline> {
  const commit = git('rev-parse', '--short', `${ref}^{commit}`);
  const remove = (): void => {
    if (existsSync(folder)) git('worktree', 'remove', '--force', folder);
  };
  remove();
  git('worktree', 'prune');
  git('worktree', 'add', '--detach', folder, commit);
  try {
    const lock = 'package-lock.json';
    if (readFileSync(join(root, lock)).equals(readFileSync(join(folder, lock)))) {
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    }
    await runProgram(process.execPath, ['scripts/prepare.js'], { cwd: folder, timeout: 600_000 });
  } catch (error) {
    remove();
    throw error;
  }
  return { commit, folder, remove };
}
