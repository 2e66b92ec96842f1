import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { type ProcessIdentity, realProcesses } from '../../world/process-identity.js';

/**
 * `memory:` is a folder of this process's own that goes with it: threads have heaps of their own, so a map in one of them
 * would not do. All threads derive the same name. On Linux it lies in memory, elsewhere in the folder for temporary files.
 */
export function memoryFolder(): string {
  return `${root()}/${nameOf(realProcesses().self)}`;
}

/**
 * Removes this process's folder, then what killed processes left, as far as it may: those of other users are theirs.
 * Called once no thread has the store open any more.
 */
export async function removeMemoryFolders(): Promise<void> {
  const processes = realProcesses();
  await removeFolder(memoryFolder());
  for (const name of await readdir(root())) {
    const owner = ownerOf(name, processes.self);
    if (owner === undefined || !processes.isProvablyDead(owner)) continue;
    await removeFolder(`${root()}/${name}`).catch(() => {});
  }
}

function removeFolder(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

function root(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

/** Where process numbers are counted, as a short word: folders of other containers are none of our business. */
function placeOf(identity: ProcessIdentity): string {
  return createHash('sha256').update(`${identity.host} ${identity.bootId}`).digest('base64url').slice(0, 16);
}

function nameOf(identity: ProcessIdentity): string {
  return `weft-memory.${identity.processId}.${identity.processStart}.${placeOf(identity)}`;
}

function ownerOf(name: string, self: ProcessIdentity): ProcessIdentity | undefined {
  const [word, processId, processStart, place] = name.split('.');
  if (word !== 'weft-memory' || place !== placeOf(self)) return undefined;
  return { ...self, processId: Number(processId), processStart: Number(processStart) };
}
