import { type ConnectOptions, connectMetadata } from '../../src/cluster/connect.js';
import type { LeaderInit, LeaderSettings, MaintenanceInit } from '../../src/cluster/messages.js';
import type { MetadataClient } from '../../src/cluster/metadata-client.js';
import { objectJournal } from '../../src/journal/drivers/objects.js';
import type { Journal } from '../../src/journal/journal.js';
import type { Metadata } from '../../src/metadata/metadata.js';
import { MemoryStore } from '../../src/objects/drivers/memory.js';
import type { Store } from '../../src/objects/store.js';
import { silentLog } from '../../src/telemetry/log.js';
import type { Port } from '../../src/threads/threads.js';
import type { Processes } from '../../src/world/process-identity.js';
import type { World } from '../../src/world/world.js';
import { run as runLeader } from '../../workers/leader/run.js';
import { run as runMaintenance } from '../../workers/maintenance/run.js';
import { LocalThreads, type LocalWorker, type WorkerHalf } from './local-threads.js';
import { SeededRandom } from './random.js';
import { noFaults, type RemoteFaults, RemoteStore } from './remote-store.js';
import { SimulatedDisk } from './simulated-files.js';
import { SimulatedNet } from './simulated-net.js';
import { simulatedWorld } from './simulated-world.js';
import { VirtualTime } from './virtual-time.js';

export const CLUSTER = 'c';

/** One bucket, virtual time, and processes that each hold the main and worker halves of the metadata. */
export class MetadataCluster {
  readonly time = new VirtualTime();
  readonly bucket: Store;
  readonly random: SeededRandom;
  readonly processes: MetadataProcess[] = [];
  faults: RemoteFaults = noFaults;

  constructor(seed: number, bucket: Store = new MemoryStore()) {
    this.random = new SeededRandom(seed);
    this.bucket = bucket;
  }

  /** The journal without delays or faults, to look at. */
  get journal(): Journal {
    return objectJournal(this.bucket, CLUSTER);
  }

  /** Runs virtual time until a promise settles. */
  async until<T>(promise: Promise<T>, limitMs = 600_000): Promise<T> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    const how = await this.time.run(() => settled, this.time.nowMs + limitMs);
    if (!settled) {
      throw new Error(`not settled: ${how} at ${this.time.nowMs} ms`);
    }
    return promise;
  }

  async pass(ms: number): Promise<void> {
    await this.time.run(() => false, this.time.nowMs + ms);
  }

  /** A process of its own; several may have one name (a restart) or one host. */
  process(name: string, settings: Partial<LeaderSettings> = {}): MetadataProcess {
    const process = new MetadataProcess(this, name, settings, this.processes.length + 1);
    this.processes.push(process);
    return process;
  }
}

export class MetadataProcess {
  readonly name: string;
  readonly processId: number;
  readonly world: World;
  readonly threads: LocalThreads;
  readonly workers: LocalWorker[] = [];
  readonly fatal: Error[] = [];
  readonly #cluster: MetadataCluster;
  readonly #settings: Partial<LeaderSettings>;
  readonly #store: RemoteStore;
  /** Dead local leaders can be proved dead, as on a `file:` bucket. */
  local = false;
  alive = true;
  client: (MetadataClient & { readonly view: Metadata }) | undefined;

  constructor(cluster: MetadataCluster, name: string, settings: Partial<LeaderSettings>, processId: number) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.name = name;
    this.processId = processId;
    const { time, random } = cluster;
    const net = new SimulatedNet(time, random.fork());
    const host = { time, net, disk: new SimulatedDisk(time, random.fork()) };
    this.world = simulatedWorld(host, random.fork(), 0, () => this.alive);
    this.#store = new RemoteStore(cluster.bucket, time, random.fork(), () => this.alive, cluster.faults);
    const journal = this.journal;
    const leader: WorkerHalf = (world, init: LeaderInit, port: Port) =>
      runLeader(world, init, port, {
        journal,
        self: this.#processTable().self,
        processes: this.local ? this.#processTable() : undefined,
        meters: undefined,
        log: silentLog,
      });
    const maintenance: WorkerHalf = (world, init: MaintenanceInit, port: Port) =>
      runMaintenance(world, init, port, { journal });
    this.threads = new LocalThreads(this.world, { leader, maintenance });
  }

  get journal(): Journal {
    return objectJournal(this.#store, CLUSTER);
  }

  #processTable(): Processes {
    const { processes } = this.#cluster;
    return {
      self: { host: 'h', bootId: 'b', processId: this.processId, processStart: 1 },
      isProvablyDead: (other) => processes.some(({ processId, alive }) => processId === other.processId && !alive),
    };
  }

  /** Connects; resolves once the agent is registered. */
  async connect(options: Partial<ConnectOptions> = {}): Promise<MetadataClient & { readonly view: Metadata }> {
    const spawn = this.threads.spawn.bind(this.threads);
    const threads = {
      spawn: (...args: Parameters<typeof spawn>) => {
        const worker = spawn(...args);
        this.workers.push(worker);
        return worker;
      },
      close: () => this.threads.close(),
    };
    const client = await connectMetadata({
      world: this.world,
      threads,
      journal: this.journal,
      bucket: { kind: 'memory' },
      cluster: CLUSTER,
      registration: { name: this.name, zone: '', listeners: [] },
      settings: { metadataBytesMax: 64 << 20, ...this.#settings },
      telemetry: undefined,
      log: silentLog,
      onFatal: (error) => this.fatal.push(error),
      ...options,
    });
    this.client = client as MetadataClient & { readonly view: Metadata };
    return this.client;
  }

  /** kill -9: nothing of it runs any more; what it sent to the store may still land. */
  kill(): void {
    this.alive = false;
  }
}
