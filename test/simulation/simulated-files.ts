import type { FileLock, Files, OpenFile } from '../../src/world/world.js';
import type { SeededRandom } from './random.js';
import type { VirtualTime } from './virtual-time.js';

interface Write {
  readonly position: number;
  readonly bytes: Uint8Array;
}

interface FileNode {
  readonly kind: 'file';
  content: Uint8Array;
  durable: Uint8Array;
  unsynced: Write[];
}

interface FolderNode {
  readonly kind: 'folder';
  readonly names: Map<string, FileNode | FolderNode>;
  readonly durable: Map<string, FileNode | FolderNode>;
}

/**
 * A disk that forgets: what was not fsynced, be it a file's bytes or a folder's names, may be gone, kept or torn after a
 * crash, each piece by itself, as POSIX allows. It outlives the processes that use it.
 */
export class SimulatedDisk {
  readonly #root: FolderNode = { kind: 'folder', names: new Map(), durable: new Map() };
  readonly #locks = new Set<string>();
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  /** While true every write and create says ENOSPC. */
  full = false;
  /** fsyncs of these kinds do nothing: planted bugs. */
  readonly ignoredSyncs = new Set<'file' | 'folder'>();

  constructor(time: VirtualTime, random: SeededRandom) {
    this.#time = time;
    this.#random = random;
  }

  /** The machine loses power: each piece that was not fsynced is kept, lost or torn. */
  crash(): void {
    this.#locks.clear();
    this.#crashFolder(this.#root, new Set());
  }

  /** The process is gone but the machine is not: nothing is lost, its locks are. */
  releaseLocks(): void {
    this.#locks.clear();
  }

  /** What one process sees. Calls of a dead process never come back. */
  filesOf(alive: () => boolean): Files {
    const step = <T>(run: () => T): Promise<T> => this.#step(alive, run);
    return {
      makeFolder: (path) => step(() => void this.#makeFolder(path)),
      list: (path) =>
        step(() => [...this.#folder(path).names].map(([name, node]) => ({ name, isFolder: node.kind === 'folder' }))),
      create: (path) =>
        step(() => {
          const { folder, name } = this.#parent(path);
          if (folder.names.has(name)) throw fault('EEXIST', path);
          this.#room(path);
          const node: FileNode = { kind: 'file', content: new Uint8Array(0), durable: new Uint8Array(0), unsynced: [] };
          folder.names.set(name, node);
          return this.#openFile(node, path, alive);
        }),
      open: (path) => step(() => this.#openFile(this.#file(path), path, alive)),
      link: (from, to) =>
        step(() => {
          const node = this.#file(from);
          const { folder, name } = this.#parent(to);
          if (folder.names.has(name)) throw fault('EEXIST', to);
          this.#room(to);
          folder.names.set(name, node);
        }),
      rename: (from, to) =>
        step(() => {
          const node = this.#file(from);
          const source = this.#parent(from);
          const target = this.#parent(to);
          target.folder.names.set(target.name, node);
          source.folder.names.delete(source.name);
        }),
      remove: (path) =>
        step(() => {
          this.#file(path);
          const { folder, name } = this.#parent(path);
          folder.names.delete(name);
        }),
      syncFolder: (path) =>
        step(() => {
          const folder = this.#folder(path);
          if (this.ignoredSyncs.has('folder')) return;
          folder.durable.clear();
          for (const [name, node] of folder.names) folder.durable.set(name, node);
        }),
      lock: (path) => step(() => this.#lock(path)),
    };
  }

  #openFile(node: FileNode, path: string, alive: () => boolean): OpenFile {
    const step = <T>(run: () => T): Promise<T> => this.#step(alive, run);
    return {
      size: () => step(() => node.content.length),
      read: (into, position) =>
        step(() => {
          const bytes = node.content.subarray(position, position + into.length);
          into.set(bytes);
          return bytes.length;
        }),
      write: (slices, position) =>
        step(() => {
          this.#room(path);
          let at = position;
          for (const slice of slices) {
            const bytes = Uint8Array.from(slice);
            node.content = overlaid(node.content, at, bytes);
            node.unsynced.push({ position: at, bytes });
            at += bytes.length;
          }
        }),
      sync: () =>
        step(() => {
          if (this.ignoredSyncs.has('file')) return;
          node.durable = node.content.slice();
          node.unsynced = [];
        }),
      close: () => step(() => {}),
    };
  }

  /** Each call takes a while; a process killed meanwhile may have done it or not. */
  #step<T>(alive: () => boolean, run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#time.after(0.02 + this.#random.unit() * 0.5, () => {
        if (!alive() && this.#random.chance(0.5)) return;
        try {
          const result = run();
          if (alive()) resolve(result);
        } catch (error) {
          if (alive()) reject(error);
        }
      });
    });
  }

  #lock(path: string): FileLock | undefined {
    if (this.#locks.has(path)) return undefined;
    this.#locks.add(path);
    return {
      release: async () => {
        this.#locks.delete(path);
      },
    };
  }

  #room(path: string): void {
    if (this.full) throw fault('ENOSPC', path);
  }

  #makeFolder(path: string): FolderNode {
    let folder = this.#root;
    for (const name of parts(path)) {
      let next = folder.names.get(name);
      if (next === undefined) {
        this.#room(path);
        next = { kind: 'folder', names: new Map(), durable: new Map() };
        folder.names.set(name, next);
        folder.durable.set(name, next);
      }
      if (next.kind !== 'folder') throw fault('ENOTDIR', path);
      folder = next;
    }
    return folder;
  }

  #folder(path: string): FolderNode {
    let node: FileNode | FolderNode | undefined = this.#root;
    for (const name of parts(path)) node = node?.kind === 'folder' ? node.names.get(name) : undefined;
    if (node === undefined) throw fault('ENOENT', path);
    if (node.kind !== 'folder') throw fault('ENOTDIR', path);
    return node;
  }

  #parent(path: string): { readonly folder: FolderNode; readonly name: string } {
    const names = parts(path);
    const name = names.pop();
    if (name === undefined) throw fault('EISDIR', path);
    return { folder: this.#folder(`/${names.join('/')}`), name };
  }

  #file(path: string): FileNode {
    const { folder, name } = this.#parent(path);
    const node = folder.names.get(name);
    if (node === undefined) throw fault('ENOENT', path);
    if (node.kind !== 'file') throw fault('EISDIR', path);
    return node;
  }

  #crashFolder(folder: FolderNode, seen: Set<FileNode>): void {
    for (const name of new Set([...folder.names.keys(), ...folder.durable.keys()])) {
      const volatileNode = folder.names.get(name);
      const durableNode = folder.durable.get(name);
      const kept = volatileNode === durableNode || this.#random.chance(0.5) ? volatileNode : durableNode;
      if (kept === undefined) folder.names.delete(name);
      else folder.names.set(name, kept);
    }
    folder.durable.clear();
    for (const [name, node] of folder.names) {
      folder.durable.set(name, node);
      if (node.kind === 'folder') this.#crashFolder(node, seen);
      else if (!seen.has(node)) {
        seen.add(node);
        this.#crashFile(node);
      }
    }
  }

  #crashFile(node: FileNode): void {
    let content = node.durable;
    for (const { position, bytes } of node.unsynced) {
      const kept = this.#random.pick([0, bytes.length, this.#random.between(0, bytes.length)]);
      if (kept > 0) content = overlaid(content, position, bytes.subarray(0, kept));
    }
    node.content = content.slice();
    node.durable = content.slice();
    node.unsynced = [];
  }
}

function overlaid(content: Uint8Array, position: number, bytes: Uint8Array): Uint8Array {
  const grown = new Uint8Array(Math.max(content.length, position + bytes.length));
  grown.set(content);
  grown.set(bytes, position);
  return grown;
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function fault(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
