import { link, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ProcessIdentity, realProcesses } from './process-identity.js';
import type { FileLock } from './world.js';

/**
 * An advisory lock out of files, since Node has no flock. Each taking of `path` is a file `path.<n>` that names its
 * process, with n one above the highest there; whoever has the highest n, once it is there, holds the lock. The highest
 * is never removed, only declared free, so numbers never go back and two successors of a dead process cannot both win:
 * they create the same name, or the lower one sees the higher.
 */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  const folder = dirname(path);
  const name = basename(path);
  const former = await highest(folder, name);
  if (former > 0 && !(await isFree(`${path}.${former}`))) return undefined;
  const mine = `${path}.${former + 1}`;
  const identity = realProcesses().self;
  const scratch = `${path}-${identity.processId}-${identity.processStart}-${nextScratch()}`;
  await writeDurably(scratch, JSON.stringify(identity));
  try {
    await link(scratch, mine);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  } finally {
    await unlink(scratch);
  }
  const holds = (await highest(folder, name)) === former + 1;
  if (!holds) {
    await unlinkIfThere(mine);
    return undefined;
  }
  await removeBelow(folder, name, former + 1);
  return {
    async release() {
      await writeDurably(scratch, '');
      await rename(scratch, mine);
    },
  };
}

let scratchCount = 0;
function nextScratch(): number {
  scratchCount += 1;
  return scratchCount;
}

async function highest(folder: string, name: string): Promise<number> {
  return Math.max(0, ...numbersOf(await readdir(folder), name));
}

function numbersOf(names: readonly string[], name: string): number[] {
  return names
    .filter((other) => other.startsWith(`${name}.`))
    .map((other) => other.slice(name.length + 1))
    .filter((number) => /^[1-9][0-9]*$/.test(number))
    .map(Number);
}

/** Left by its holder, or its holder is certainly dead. */
async function isFree(path: string): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    // A successor came, which removes what is below it.
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  if (text === '') return true;
  const holder = decoded(text);
  return holder !== undefined && isGone(holder);
}

/**
 * Beyond what is provable, a holder of our host name in another process namespace or of another boot counts as gone: it
 * is this container or machine before its restart. (Two live containers that share a folder need names of their own.)
 */
function isGone(holder: ProcessIdentity): boolean {
  const processes = realProcesses();
  if (processes.isProvablyDead(holder)) return true;
  return holder.host !== processes.self.host && nameOf(holder) === nameOf(processes.self);
}

/** `host` is the host's name, then what tells apart the places where process numbers are counted. */
function nameOf({ host }: ProcessIdentity): string | undefined {
  return host.split(' ')[0];
}

function decoded(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { host, bootId, processId, processStart } = value as Record<string, unknown>;
    const whole =
      typeof host === 'string' &&
      typeof bootId === 'string' &&
      typeof processId === 'number' &&
      typeof processStart === 'number';
    return whole ? { host, bootId, processId, processStart } : undefined;
  } catch {
    // Not ours: who wrote it is unknown, so it counts as held.
    return undefined;
  }
}

async function removeBelow(folder: string, name: string, number: number): Promise<void> {
  for (const lower of numbersOf(await readdir(folder), name).filter((other) => other < number)) {
    await unlinkIfThere(join(folder, `${name}.${lower}`));
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
