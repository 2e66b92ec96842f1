import { type AgentParts, type RunningAgent, runAgent } from '../../src/agent.js';
import type { LeaderInit, LeaderSettings, MaintenanceInit } from '../../src/cluster/messages.js';
import type { FetchWorkerInit } from '../../src/cache/messages.js';
import type { Settings } from '../../src/config/settings.js';
import type { LaneTimes } from '../../src/ingest/lanes.js';
import type { IngestInit } from '../../src/ingest/messages.js';
import { objectJournal } from '../../src/journal/drivers/objects.js';
import type { MemoryPlan } from '../../src/memory-plan.js';
import { Hedging } from '../../src/objects/hedge.js';
import { RetryingStore } from '../../src/objects/retry.js';
import type { Store } from '../../src/objects/store.js';
import type { Log } from '../../src/telemetry/log.js';
import { Telemetry } from '../../src/telemetry/telemetry.js';
import type { Port, Threads, WorkerName } from '../../src/threads/threads.js';
import type { Processes } from '../../src/world/process-identity.js';
import type { World } from '../../src/world/world.js';
import { run as runFetch } from '../../workers/fetch/run.js';
import { run as runIngest } from '../../workers/ingest/run.js';
import { run as runLeader } from '../../workers/leader/run.js';
import { run as runMaintenance } from '../../workers/maintenance/run.js';
import type { Cut } from './cut-off.js';
import { LocalThreads, type LocalWorker } from './local-threads.js';
import type { Plant } from './plant.js';
import { SeededRandom } from './random.js';

/** Where a simulated agent lives. */
export interface Surroundings {
  /** The world of one thread, which ends when `alive` says so. */
  world(alive: () => boolean): World;
  /** A thread's own way to the bucket. */
  openStore(alive: () => boolean): Promise<Store>;
  processes(processId: number): Processes;
  readonly plant: Plant;
  readonly log: Log;
}

export interface AgentSizes {
  readonly settings: Settings;
  readonly memory: MemoryPlan;
  readonly leader: Partial<LeaderSettings>;
  readonly laneTimes: LaneTimes;
  /** Ingest threads are busy for so long, then idle for as long. */
  readonly busyMs: number;
}

/**
 * One process: the product's main half and worker halves as they are, on one thread and virtual time. What differs from
 * the real agent is how threads are spawned and what world and store they are given.
 */
export class SimulatedAgent {
  readonly processId: number;
  readonly #surroundings: Surroundings;
  readonly #workers: { readonly name: WorkerName; readonly thread: LocalWorker }[] = [];
  /** What must never happen: an agent that gives up, a worker that ends by itself. */
  readonly #broken: (sentence: string) => void;
  alive = true;
  /** Between this process and the bucket. */
  cut: Cut = 'nothing';
  running: RunningAgent | undefined;

  constructor(surroundings: Surroundings, processId: number, broken: (sentence: string) => void) {
    this.#surroundings = surroundings;
    this.processId = processId;
    this.#broken = broken;
  }

  /** Rejects as a real agent does that cannot start. */
  async start(sizes: AgentSizes, onFatal: (error: Error) => void): Promise<RunningAgent> {
    const { plant } = this.#surroundings;
    const world = this.#surroundings.world(() => this.alive);
    const opened = await this.#surroundings.openStore(() => this.alive);
    const parts: AgentParts = {
      version: 'simulated',
      world,
      threads: this.#threads(world, sizes),
      store: new RetryingStore(plant.store?.(opened, 'main') ?? opened, world),
      memory: sizes.memory,
      laneTimes: sizes.laneTimes,
      telemetry: new Telemetry({ seriesMax: 0, threadsMax: 64 }),
      log: this.#surroundings.log,
      onFatal,
    };
    this.running = await runAgent(sizes.settings, parts);
    return this.running;
  }

  /** kill -9. What was asked of the store may still be done. */
  kill(): void {
    this.alive = false;
  }

  /** One worker of that kind dies in the middle of whatever it does; false when there is none. */
  crashWorker(name: WorkerName, pick: (count: number) => number): boolean {
    const living = this.#workers.filter((worker) => worker.name === name);
    living[pick(living.length)]?.thread.crash(new InjectedCrash());
    return living.length > 0;
  }

  #threads(world: World, sizes: AgentSizes): Threads {
    const { plant } = this.#surroundings;
    const random = new SeededRandom(world.random.bytes(4).reduce((seed, byte) => seed * 256 + byte, 0));
    // Most messages cross at once; the rest wait for a thread that is busy.
    const lateMs = () => (random.chance(0.1) ? 5 * random.unit() : 0);
    const halves: ConstructorParameters<typeof LocalThreads>[1] = {
      ingest: async (mortal, init: IngestInit, port, alive) =>
        runIngest(mortal, init, this.#port('ingest', port, mortal), await this.#store('ingest', alive)),
      leader: async (mortal, init: LeaderInit, port, alive) => {
        const store = await this.#store('leader', alive);
        const journal = objectJournal(store, init.cluster);
        await runLeader(mortal, init, this.#port('leader', port, mortal), {
          journal: plant.journal?.(journal) ?? journal,
          hedging: init.bucket.kind === 'file' ? undefined : new Hedging(mortal, () => {}),
          processes: this.#surroundings.processes(this.processId),
          meters: undefined,
          log: this.#surroundings.log,
        });
      },
      fetch: async (mortal, init: FetchWorkerInit, port, alive) => {
        const store = new RetryingStore(await this.#store('fetch', alive), mortal);
        await runFetch(mortal, init, this.#port('fetch', port, mortal), { store });
      },
      maintenance: async (mortal, init: MaintenanceInit, port, alive) => {
        const journal = objectJournal(await this.#store('maintenance', alive), init.cluster);
        await runMaintenance(mortal, init, this.#port('maintenance', port, mortal), { journal });
      },
    };
    const local = new LocalThreads(world, halves, lateMs);
    return {
      spawn: (name, init) => {
        const thread = local.spawn(name, name === 'leader' ? shrunk(init as LeaderInit, sizes.leader) : init);
        const worker = { name, thread };
        this.#workers.push(worker);
        thread.busy = () => busyUntil(world.clock.monotonicMs(), sizes.busyMs);
        thread.onExit((error) => {
          this.#workers.splice(this.#workers.indexOf(worker), 1);
          if (error !== undefined && !(error instanceof InjectedCrash)) {
            this.#broken(`the ${name} worker ended by itself: ${error.stack}`);
          }
        });
        return thread;
      },
      close: () => local.close(),
    };
  }

  async #store(thread: WorkerName, alive: () => boolean): Promise<Store> {
    const store = await this.#surroundings.openStore(() => this.alive && alive());
    return this.#surroundings.plant.store?.(store, thread) ?? store;
  }

  #port(thread: WorkerName, port: Port, world: World): Port {
    return this.#surroundings.plant.port?.(thread, port, world) ?? port;
  }
}

export class InjectedCrash extends Error {
  override readonly name = 'InjectedCrash';
}

/** What a thread has been busy by then that is so in every other period. */
function busyUntil(nowMs: number, periodMs: number): number {
  const whole = Math.floor(nowMs / (2 * periodMs)) * periodMs;
  return whole + Math.min(nowMs % (2 * periodMs), periodMs);
}

/** Snapshots and trimming that happen within seconds: the product's own bounds suit hours. */
function shrunk(init: LeaderInit, leader: Partial<LeaderSettings>): LeaderInit {
  return { ...init, settings: { ...init.settings, ...leader } };
}
