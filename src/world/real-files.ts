/** The disk as it is: node:fs. */
import { type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import type * as Util from 'node:util';
import { lockFile } from './real-lock.js';
import type { CreateFault, Files, OpenFile } from './world.js';

/** For an import Node looks at all that node:util exports, and loads what is behind it. */
const { getSystemErrorName } = createRequire(import.meta.url)('node:util') as typeof Util;

/** Buffers per writev call (IOV_MAX on Linux and macOS). */
const slicesMax = 1024;

/** Above it a file is read by steps: the thread that asked copies what one turn has read. */
const readWholeBytesMax = 1_048_576;

/** The native part's way to create a file whole and to read it; handed in, because this floor does not know it. */
interface WholeFiles {
  createWhole(scratch: string, path: string, folder: string, slices: readonly Uint8Array[]): Promise<number>;
  readWhole(path: string, bytesMax: number): Promise<Uint8Array | number>;
}

export function realFiles(whole?: WholeFiles): Files {
  /** Folders whose own name is known to be durable. */
  const durable = new Set<string>();
  return {
    makeFolder: (path) => makeFolder(resolve(path), durable),
    async list(path) {
      const entries = await readdir(path, { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
    },
    create: async (path) => openFile(await open(path, 'wx+')),
    open: async (path) => openFile(await open(path, 'r')),
    link,
    ...(whole && {
      createWhole: (scratch, path, slices) =>
        whole.createWhole(scratch, path, dirname(path), slices).then((result) => faultOf(result, scratch, path)),
      readWhole: (path) => whole.readWhole(path, readWholeBytesMax).then((result) => readOf(result, path)),
    }),
    rename,
    remove: unlink,
    syncFolder,
    lock: lockFile,
  };
}

const steps = ['write', 'link', 'settle'] as const;

/** What the native part's number says; 0 is nothing. */
function faultOf(result: number, scratch: string, path: string): CreateFault | undefined {
  if (result === 0) return undefined;
  const step = steps[(result >>> 16) - 1]!;
  return { step, error: systemError(result & 0xffff, `${step} '${scratch}' -> '${path}'`) };
}

/** The bytes, or what the native part's number says. */
function readOf(result: Uint8Array | number, path: string): Uint8Array | 'long' | 'shorter' {
  if (typeof result !== 'number') return result;
  if (result === -1) return 'long';
  if (result === -2) return 'shorter';
  throw systemError(result, `read '${path}'`);
}

function systemError(number: number, what: string): Error {
  const code = getSystemErrorName(-number);
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

/**
 * A folder that is there already may have been made by a process that died before its fsync, so its name is made durable
 * too, once per process; above the first that we may not read, others have seen to it.
 */
async function makeFolder(path: string, durable: Set<string>): Promise<void> {
  const parent = dirname(path);
  if (parent === path || durable.has(path)) return;
  await makeFolder(parent, durable);
  let made = true;
  try {
    await mkdir(path);
  } catch (error) {
    if (!(await isFolder(path))) throw error;
    made = false;
  }
  try {
    await syncFolder(parent);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (made || !['EACCES', 'EPERM', 'EINVAL', 'EROFS'].includes(code)) throw error;
  }
  durable.add(path);
}

/** False, too, when that cannot be told: then making it says why. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function openFile(file: FileHandle): OpenFile {
  return {
    size: async () => (await file.stat()).size,
    read: async (into, position) => (await file.read(into, 0, into.length, position)).bytesRead,
    async write(slices, position) {
      let at = position;
      for (let first = 0; first < slices.length; first += slicesMax) {
        at += await writeAll(file, slices.slice(first, first + slicesMax), at);
      }
    },
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

/** The system may take less than it was given. */
async function writeAll(file: FileHandle, slices: readonly Uint8Array[], position: number): Promise<number> {
  let left = slices.filter((slice) => slice.length > 0);
  let at = position;
  while (left.length > 0) {
    let { bytesWritten: taken } = await file.writev(left, at);
    at += taken;
    while (left[0] !== undefined && taken >= left[0].length) {
      taken -= left[0].length;
      left = left.slice(1);
    }
    if (taken > 0) left = [left[0]!.subarray(taken), ...left.slice(1)];
  }
  return at - position;
}
