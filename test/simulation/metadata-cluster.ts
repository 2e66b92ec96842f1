import { type ConnectOptions, connectMetadata } from '../../src/cluster/connect.js';
import type { LeaderInit, LeaderSettings, MaintenanceInit } from '../../src/cluster/messages.js';
import { EpochClosed, FellBehind, type MetadataClient } from '../../src/cluster/metadata-client.js';
import { objectJournal } from '../../src/journal/drivers/objects.js';
import type { Journal } from '../../src/journal/journal.js';
import type { Command } from '../../src/metadata/journal.wire.js';
import type { Metadata } from '../../src/metadata/metadata.js';
import { Hedging } from '../../src/objects/hedge.js';
import { DiskStore } from '../../src/objects/drivers/disk.js';
import { silentLog } from '../../src/telemetry/log.js';
import type { Port, WorkerName } from '../../src/threads/threads.js';
import type { Processes } from '../../src/world/process-identity.js';
import type { World } from '../../src/world/world.js';
import { run as runLeader } from '../../workers/leader/run.js';
import { run as runMaintenance } from '../../workers/maintenance/run.js';
import { Archive } from './archive.js';
import { LocalThreads, type LocalWorker, type WorkerHalf } from './local-threads.js';
import { SeededRandom } from './random.js';
import { noFaults, type RemoteFaults, RemoteStore, unreachable } from './remote-store.js';
import { SimulatedDisk } from './simulated-files.js';
import { SimulatedNet } from './simulated-net.js';
import { simulatedWorld } from './simulated-world.js';
import { VirtualTime } from './virtual-time.js';

export const CLUSTER = 'c';

/** One bucket, virtual time, and processes that each hold the main and worker halves of the metadata. */
export class MetadataCluster {
  readonly time = new VirtualTime();
  /** The bucket. */
  readonly archive = new Archive();
  readonly random: SeededRandom;
  readonly processes: MetadataProcess[] = [];
  faults: RemoteFaults = noFaults;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
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

  /** Broken rules of the journal, agents that had no reason to give up, and replicas that are not what the whole journal gives. */
  findings(): string[] {
    const findings = [...this.archive.broken];
    const { digests } = this.archive.replay();
    for (const { name, client, fatal } of this.processes) {
      for (const error of fatal) {
        if (!(error instanceof EpochClosed || error instanceof FellBehind)) {
          findings.push(`${name}: ${error}`);
        }
      }
      if (client !== undefined && client.view.digest !== digests.get(client.view.revision)) {
        findings.push(`${name} differs at revision ${client.view.revision}`);
      }
    }
    return findings;
  }

  async pass(ms: number): Promise<void> {
    let over = false;
    this.time.after(ms, () => {
      over = true;
    });
    await this.time.run(() => over, Number.POSITIVE_INFINITY);
  }

  /** A process of its own; several may have one name (a restart). `disk`: its bucket is a folder there. */
  process(name: string, settings: Partial<LeaderSettings> = {}, disk?: SimulatedDisk): MetadataProcess {
    const process = new MetadataProcess(this, name, settings, this.processes.length + 1, disk);
    this.processes.push(process);
    return process;
  }
}

/** Everything of a process runs while it lives; each of its worker threads also has a life of its own. */
export class MetadataProcess {
  readonly name: string;
  readonly processId: number;
  readonly world: World;
  readonly threads: LocalThreads;
  readonly workers: { readonly name: WorkerName; readonly thread: LocalWorker }[] = [];
  readonly fatal: Error[] = [];
  readonly #cluster: MetadataCluster;
  readonly #settings: Partial<LeaderSettings>;
  readonly #disk: SimulatedDisk | undefined;
  readonly #starting: LocalWorker[] = [];
  /** On a folder: dead leaders can be proved dead, and nothing is hedged. */
  local = false;
  alive = true;
  /** No request to the store gets through. */
  cutOff = false;
  /** Faults of this process's own. */
  faults: RemoteFaults | undefined;
  submitted = 0;
  client: (MetadataClient & { readonly view: Metadata }) | undefined;

  constructor(
    cluster: MetadataCluster,
    name: string,
    settings: Partial<LeaderSettings>,
    processId: number,
    disk?: SimulatedDisk,
  ) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.name = name;
    this.processId = processId;
    this.#disk = disk;
    this.world = this.#world(() => this.alive);
    const leader: WorkerHalf = async (_world, init: LeaderInit, port: Port) => {
      const thread = this.#thread();
      return runLeader(thread.world, init, port, {
        journal: await thread.opened,
        hedging: this.local ? undefined : new Hedging(thread.world, () => {}),
        processes: this.#processTable(),
        meters: undefined,
        log: silentLog,
      });
    };
    const maintenance: WorkerHalf = async (_world, init: MaintenanceInit, port: Port) => {
      const thread = this.#thread();
      return runMaintenance(thread.world, init, port, { journal: await thread.opened });
    };
    this.threads = new LocalThreads(this.world, { leader, maintenance });
  }

  /** The world and the store of the worker whose half begins to run: they end with it. */
  #thread(): { readonly world: World; readonly opened: Promise<Journal> } {
    let running = true;
    this.#starting.shift()!.onExit(() => {
      running = false;
    });
    const alive = () => this.alive && running;
    return { world: this.#world(alive), opened: this.#journal(alive) };
  }

  #world(alive: () => boolean): World {
    const { time, random } = this.#cluster;
    const net = new SimulatedNet(time, random.fork());
    return simulatedWorld({ time, net, disk: new SimulatedDisk(time, random.fork()) }, random.fork(), 0, alive);
  }

  async #journal(alive: () => boolean): Promise<Journal> {
    const { archive, time, random } = this.#cluster;
    if (this.#disk !== undefined) {
      const files = this.#disk.filesOf(alive);
      return objectJournal(await DiskStore.open({ files, random: random.fork() }, '/bucket'), CLUSTER);
    }
    const faults = () => (this.cutOff ? unreachable : (this.faults ?? this.#cluster.faults));
    return objectJournal(new RemoteStore(archive, time, random.fork(), alive, faults), CLUSTER);
  }

  #processTable(): Processes {
    const { processes } = this.#cluster;
    return {
      self: { host: 'h', bootId: 'b', processId: this.processId, processStart: 1 },
      isProvablyDead: (other) =>
        this.local && processes.some(({ processId, alive }) => processId === other.processId && !alive),
    };
  }

  /** Connects; resolves once the agent is registered. */
  async connect(options: Partial<ConnectOptions> = {}): Promise<MetadataClient & { readonly view: Metadata }> {
    const spawn = (name: WorkerName, init: unknown) => {
      const thread = this.threads.spawn(name, init);
      this.#starting.push(thread);
      this.workers.push({ name, thread });
      return thread;
    };
    const client = await connectMetadata({
      world: this.world,
      threads: { spawn, close: () => this.threads.close() },
      journal: await this.#journal(() => this.alive),
      bucket: { kind: 'memory' },
      cluster: CLUSTER,
      registration: { name: this.name, zone: '', listeners: [] },
      settings: { metadataBytesMax: 64 << 20, ...this.#settings },
      commandsBytesMax: 16 << 20,
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

  /** The newest worker of a kind dies in the middle of whatever it does. */
  crash(worker: WorkerName): void {
    this.workers.findLast(({ name }) => name === worker)?.thread.crash(new Error('crashed by the test'));
  }
}

export const allocate = (count: number): Command => ({ kind: { $case: 'allocateProducerIds', value: { count } } });
