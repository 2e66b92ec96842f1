import { createHash } from 'node:crypto';
import type { Files, OpenFile, World } from '../../world/world.js';
import {
  type GetOptions,
  type ListedObject,
  type PutOptions,
  type Store,
  type StoredObject,
  StoreError,
} from '../store.js';
import { checkKey } from './keys.js';

/** Where objects are written before they get their name. Not a key: no part of one begins with a dot. */
const SCRATCH = '.writing';

/**
 * A folder as a bucket. An object appears whole, durable and at once: its bytes go to a scratch file, are fsynced, get the
 * object's name by link (which fails when the name is taken: the conditional create) or rename, and the folder is fsynced.
 *
 * `ifMatch` compares a version file by file under an in-process queue per key: a folder belongs to one agent process, which
 * holds its lock, and only that agent's leader thread replaces objects conditionally.
 */
export class DiskStore implements Store {
  readonly name: string;
  readonly #files: Files;
  readonly #random: World['random'];
  readonly #folder: string;
  readonly #known = new Set<string>();
  readonly #replacing = new Map<string, Promise<void>>();
  #scratchNumber = 0;

  private constructor(world: Pick<World, 'files' | 'random'>, folder: string, name: string) {
    this.name = name;
    this.#files = world.files;
    this.#random = world.random;
    this.#folder = folder;
  }

  /** Makes the folder when it is not there. Rejects with StoreError 'denied' when it cannot. */
  static async open(
    world: Pick<World, 'files' | 'random'>,
    folder: string,
    name = `file:${folder}`,
  ): Promise<DiskStore> {
    const store = new DiskStore(world, folder, name);
    try {
      await world.files.makeFolder(`${folder}/${SCRATCH}`);
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      throw new StoreError('denied', '', `${name} cannot be used: ${(error as Error).message}`, { cause: error });
    }
    return store;
  }

  /** Removes what a killed process left half-written. Only for the process that owns the folder, before it writes. */
  async sweep(): Promise<void> {
    for (const { name } of await this.#files.list(`${this.#folder}/${SCRATCH}`)) {
      await this.#files.remove(`${this.#folder}/${SCRATCH}/${name}`);
    }
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredObject> {
    try {
      if (this.#files.readWhole !== undefined && options.range === undefined && options.into === undefined) {
        const bytes = await this.#files.readWhole(this.#path(key));
        if (bytes === 'shorter') throw shortened(key);
        if (bytes !== 'long') return { bytes, version: readVersionOf(bytes, options) };
      }
      const file = await this.#files.open(this.#path(key));
      try {
        return await read(key, file, options);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw faultOf(key, error, 'unavailable');
    }
  }

  async put(key: string, body: readonly Uint8Array[], options: PutOptions = {}): Promise<{ readonly version: string }> {
    checkKey(key);
    if (options.ifNoneMatch === '*') return this.#create(key, body, options.unversioned === true);
    return this.#oneAtATime(key, async () => {
      if (options.ifMatch !== undefined) {
        const { version } = await this.get(key).catch((error: unknown) => {
          if (error instanceof StoreError && error.fault === 'not-found') return { version: undefined };
          throw error;
        });
        if (version !== options.ifMatch)
          throw new StoreError('precondition-failed', key, `${key} is there in another version`);
      }
      return this.#replace(key, body, options.unversioned === true);
    });
  }

  async delete(key: string): Promise<void> {
    try {
      await this.#files.remove(this.#path(key));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw faultOf(key, error, 'unavailable');
    }
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    const path = prefix.replace(/\/$/, '');
    let entries: Awaited<ReturnType<Files['list']>>;
    try {
      entries = await this.#files.list(path === '' ? this.#folder : `${this.#folder}/${path}`);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      throw faultOf(prefix, error, 'unavailable');
    }
    for (const { name, isFolder } of entries) {
      // The scratch folder, and locks.
      if (name.startsWith('.')) continue;
      const key = path === '' ? name : `${path}/${name}`;
      if (isFolder) yield* this.list(`${key}/`);
      else {
        const bytes = await this.#sizeOf(key);
        if (bytes !== undefined) yield { key, bytes };
      }
    }
  }

  async close(): Promise<void> {}

  async #create(key: string, body: readonly Uint8Array[], unversioned: boolean): Promise<{ readonly version: string }> {
    if (this.#files.createWhole !== undefined) await this.#createWhole(key, body);
    else await this.#createBySteps(key, body);
    return { version: unversioned ? '' : versionOf(body) };
  }

  async #createBySteps(key: string, body: readonly Uint8Array[]): Promise<void> {
    const scratch = await this.#write(key, body);
    try {
      const created = await this.#link(scratch, key);
      // Also when it was taken: whoever made it may not have got as far, and what we say is there must stay there.
      await this.#settle(key);
      if (!created) throw taken(key);
    } finally {
      await this.#discard(scratch);
    }
  }

  /** The same in one turn, and the same faults at the same steps. */
  async #createWhole(key: string, body: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#makeFolderOf(key);
    } catch (error) {
      throw writeFaultOf(key, error, 'unavailable');
    }
    const fault = await this.#files.createWhole!(this.#scratch(), this.#path(key), body);
    if (fault === undefined) return;
    if (fault.step === 'settle') throw unsettled(key, fault.error);
    if (fault.step === 'link' && codeOf(fault.error) === 'EEXIST') throw taken(key);
    throw writeFaultOf(key, fault.error, 'unavailable');
  }

  /** False when the key is taken. */
  async #link(scratch: string, key: string): Promise<boolean> {
    try {
      await this.#files.link(scratch, this.#path(key));
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw writeFaultOf(key, error, 'unavailable');
    }
  }

  async #replace(
    key: string,
    body: readonly Uint8Array[],
    unversioned: boolean,
  ): Promise<{ readonly version: string }> {
    const scratch = await this.#write(key, body);
    try {
      await this.#files.rename(scratch, this.#path(key));
    } catch (error) {
      throw writeFaultOf(key, error, 'unknown');
    }
    await this.#settle(key);
    return { version: unversioned ? '' : versionOf(body) };
  }

  /** The bytes, durable under a name of no meaning. */
  async #write(key: string, body: readonly Uint8Array[]): Promise<string> {
    const scratch = this.#scratch();
    try {
      await this.#makeFolderOf(key);
      const file = await this.#files.create(scratch);
      try {
        await file.write(body, 0);
        await file.sync();
      } finally {
        await file.close();
      }
      return scratch;
    } catch (error) {
      await this.#discard(scratch);
      throw writeFaultOf(key, error, 'unavailable');
    }
  }

  #scratch(): string {
    this.#scratchNumber += 1;
    return `${this.#folder}/${SCRATCH}/${this.#random.uint32()}-${this.#scratchNumber}`;
  }

  /** What cannot be removed costs space, nothing else, until the next `sweep`. */
  async #discard(scratch: string): Promise<void> {
    try {
      await this.#files.remove(scratch);
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
    }
  }

  /** Makes the object's name durable. Until then it may or may not be there after a crash, whatever the error. */
  async #settle(key: string): Promise<void> {
    try {
      await this.#files.syncFolder(folderOf(this.#path(key)));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw unsettled(key, error);
    }
  }

  async #makeFolderOf(key: string): Promise<void> {
    const folder = folderOf(this.#path(key));
    if (this.#known.has(folder)) return;
    await this.#files.makeFolder(folder);
    this.#known.add(folder);
  }

  async #oneAtATime<T>(key: string, run: () => Promise<T>): Promise<T> {
    const former = this.#replacing.get(key) ?? Promise.resolve();
    const result = former.then(run);
    const done = result.then(
      () => {},
      () => {},
    );
    this.#replacing.set(key, done);
    try {
      return await result;
    } finally {
      if (this.#replacing.get(key) === done) this.#replacing.delete(key);
    }
  }

  /** undefined when it was deleted meanwhile. */
  async #sizeOf(key: string): Promise<number | undefined> {
    try {
      const file = await this.#files.open(this.#path(key));
      try {
        return await file.size();
      } finally {
        await file.close();
      }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw faultOf(key, error, 'unavailable');
    }
  }

  #path(key: string): string {
    return `${this.#folder}/${checkKey(key)}`;
  }
}

async function read(key: string, file: OpenFile, options: GetOptions): Promise<StoredObject> {
  const { range, into } = options;
  const size = await file.size();
  const position = range?.position ?? 0;
  const length = range?.length ?? size;
  if (position + length > size)
    throw new StoreError('not-found', key, `${key} ends at ${size}, before ${position + length}`);
  const bytes = into ?? new Uint8Array(length);
  if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes cannot take ${length}`);
  let done = 0;
  while (done < length) {
    const count = await file.read(bytes.subarray(done), position + done);
    if (count === 0) throw shortened(key);
    done += count;
  }
  return { bytes, version: readVersionOf(bytes, options) };
}

function readVersionOf(bytes: Uint8Array, { range, unversioned }: GetOptions): string {
  return range === undefined && unversioned !== true ? versionOf([bytes]) : '';
}

/** The digest. Large objects are segments and snapshots, read and written without; the boundary grows with every leadership. */
function versionOf(body: readonly Uint8Array[]): string {
  const digest = createHash('sha256');
  for (const slice of body) digest.update(slice);
  return digest.digest('base64url');
}

function shortened(key: string): StoreError {
  return new StoreError('unavailable', key, `${key} became shorter while it was read`);
}

function taken(key: string): StoreError {
  return new StoreError('precondition-failed', key, `${key} is there`);
}

function unsettled(key: string, error: Error): StoreError {
  return new StoreError('unknown', key, `${key}: ${error.message}`, { cause: error });
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** A folder that is gone is not made again: whoever removed it removed what was in it, which must show now, not at the next start. */
function writeFaultOf(key: string, error: unknown, otherwise: 'unavailable' | 'unknown'): Error {
  if (codeOf(error) === 'ENOENT')
    return new StoreError('denied', key, `${key}: its folder is gone`, { cause: error as Error });
  return faultOf(key, error, otherwise);
}

function faultOf(key: string, error: unknown, otherwise: 'unavailable' | 'unknown'): Error {
  if (!(error instanceof Error) || error instanceof StoreError || error instanceof RangeError) return error as Error;
  const code = codeOf(error);
  if (code === 'ENOENT') return new StoreError('not-found', key, `${key} is not there`, { cause: error });
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StoreError('full', key, `no space for ${key}`, { cause: error });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new StoreError('denied', key, `${key}: ${error.message}`, { cause: error });
  }
  return new StoreError(otherwise, key, `${key}: ${error.message}`, { cause: error });
}
