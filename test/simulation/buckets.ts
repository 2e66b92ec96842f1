import { DiskStore } from '../../src/objects/drivers/disk.js';
import type { Store } from '../../src/objects/store.js';
import type { World } from '../../src/world/world.js';
import { Archive } from './archive.js';
import { calm, FaultyBucket, stormOf } from './faulty-store.js';
import type { SeededRandom } from './random.js';
import type { SimulatedDisk } from './simulated-files.js';
import type { Trace } from './trace.js';
import type { VirtualTime } from './virtual-time.js';

/** The one thing that outlives every process. */
export interface Bucket {
  /** A thread's own way to it. */
  open(world: World, alive: () => boolean): Promise<Store>;
  /** From now on requests fare well, or badly in a way of their own. */
  weather(kind: 'calm' | 'storm'): void;
  full: boolean;
  /** As it is, with nothing in between. */
  direct(world: World): Promise<Store>;
  /** Rules of the journal that were broken in it. */
  broken(): readonly string[];
  /** The digest after each entry of the whole journal, where the bucket kept what was trimmed. */
  digests(): ReadonlyMap<number, string>;
  /** What requests met. */
  counts(): Readonly<Record<string, number>>;
}

/** Objects behind a network. */
export class ObjectBucket implements Bucket {
  readonly archive = new Archive();
  readonly #faulty: FaultyBucket;
  readonly #random: SeededRandom;

  constructor(time: VirtualTime, random: SeededRandom, trace: Trace, requestMsMax: number) {
    this.#random = random.fork();
    const onApplied = trace.write.bind(trace);
    this.#faulty = new FaultyBucket(this.archive, time, random.fork(), { requestMsMax, onApplied });
  }

  async open(_world: World, alive: () => boolean): Promise<Store> {
    return this.#faulty.storeOf(alive);
  }

  weather(kind: 'calm' | 'storm'): void {
    this.#faulty.weather = kind === 'calm' ? calm : stormOf(this.#random);
  }

  get full(): boolean {
    return this.#faulty.full;
  }
  set full(full: boolean) {
    this.#faulty.full = full;
  }

  async direct(): Promise<Store> {
    return this.archive;
  }

  broken(): readonly string[] {
    return this.archive.broken;
  }

  digests(): ReadonlyMap<number, string> {
    return this.archive.replay().digests;
  }

  counts(): Readonly<Record<string, number>> {
    const { boundary, removed } = this.archive;
    return {
      ...Object.fromEntries(this.#faulty.met),
      'slots removed': removed.size,
      'snapshots kept': boundary.snapshots.length,
    };
  }
}

/** A folder on a disk that forgets at power cuts. */
export class FolderBucket implements Bucket {
  readonly disk: SimulatedDisk;
  readonly #trace: Trace;

  constructor(disk: SimulatedDisk, trace: Trace) {
    this.disk = disk;
    this.#trace = trace;
  }

  async open(world: World, _alive: () => boolean): Promise<Store> {
    const store = await DiskStore.open(world, '/bucket');
    const trace = this.#trace;
    return {
      name: store.name,
      get: (key, options) => store.get(key, options),
      async put(key, body, options) {
        const result = await store.put(key, body, options);
        trace.event(`put ${key}`);
        return result;
      },
      delete: (key) => store.delete(key),
      list: (prefix) => store.list(prefix),
      close: () => store.close(),
    };
  }

  weather(): void {}

  get full(): boolean {
    return this.disk.full;
  }
  set full(full: boolean) {
    this.disk.full = full;
  }

  direct(world: World): Promise<Store> {
    return DiskStore.open(world, '/bucket');
  }

  broken(): readonly string[] {
    return [];
  }

  digests(): ReadonlyMap<number, string> {
    return new Map();
  }

  counts(): Readonly<Record<string, number>> {
    return {};
  }
}
