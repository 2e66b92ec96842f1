import { objectJournal } from '../../src/journal/drivers/objects.js';
import type { Store } from '../../src/objects/store.js';
import { type Log, silentLog } from '../../src/telemetry/log.js';
import type { World } from '../../src/world/world.js';
import { type Bucket, FolderBucket, ObjectBucket } from './buckets.js';
import { type Cut, cutOffStore } from './cut-off.js';
import { Faults } from './faults.js';
import { finalInvariants } from './invariants/table.js';
import { Ledger } from './ledger.js';
import { createTopics, latestOffsets } from './model-admin.js';
import { ModelConsumer } from './model-consumer.js';
import { ModelDeleter } from './model-deleter.js';
import { ModelProducer } from './model-producer.js';
import { nothingPlanted, type Plant } from './plant.js';
import { printedLog, shown } from './printed-log.js';
import { SeededRandom } from './random.js';
import { Replicas } from './replicas.js';
import { watchRequestOrder } from './request-order.js';
import type { Scenario } from './scenario.js';
import { SimulatedAgent } from './simulated-agent.js';
import { SimulatedDisk } from './simulated-files.js';
import { SimulatedGroups } from './simulated-groups.js';
import { SimulatedNet } from './simulated-net.js';
import { simulatedWorld } from './simulated-world.js';
import { Stuck } from './stuck.js';
import { Trace } from './trace.js';
import { VirtualTime } from './virtual-time.js';

export interface RunResult {
  /** Each begins with the invariant that it breaks. Empty: the seed passed. */
  readonly violations: readonly string[];
  readonly traceDigest: string;
  readonly events: number;
  readonly virtualMs: number;
  /** What happened, to see that a run met what it should. */
  readonly counts: Readonly<Record<string, number>>;
}

const HOST = '127.0.0.1';
const PORT = 9092;
/** Of virtual time, beside what clients think: to finish everything once nothing goes wrong any more. */
const PROGRESS_MS_MAX = 60_000;

/** Plays one scenario from beginning to end. */
export async function runScenario(
  scenario: Scenario,
  plant: Plant = nothingPlanted,
  print?: (line: string) => void,
): Promise<RunResult> {
  const undo = plant.patch?.();
  const simulation = new Simulation(scenario, plant, print);
  const unwatch = simulation.watchRequests();
  const onRejection = (error: unknown) => simulation.escaped(error);
  process.on('unhandledRejection', onRejection);
  try {
    return await simulation.run();
  } finally {
    process.off('unhandledRejection', onRejection);
    unwatch();
    undo?.();
  }
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #plant: Plant;
  readonly #time = new VirtualTime();
  readonly #random: SeededRandom;
  readonly #trace: Trace;
  readonly #net: SimulatedNet;
  readonly #disk: SimulatedDisk;
  readonly #bucket: Bucket;
  readonly #ledger = new Ledger();
  readonly #replicas = new Replicas((sentence) => this.#ledger.violation(sentence));
  readonly #faults: Faults;
  readonly #deleter: ModelDeleter | undefined;
  readonly #log: Log;
  #agents = 0;
  #agent: SimulatedAgent | undefined;
  #wallOffsetMs = 0;
  #down = false;
  /** Processes that another has taken the place of, and that may not know it yet. */
  readonly #usurped = new Set<SimulatedAgent>();

  constructor(scenario: Scenario, plant: Plant, print?: (line: string) => void) {
    this.#scenario = scenario;
    this.#plant = plant;
    // The scenario itself was drawn from the seed; time draws from another stream.
    this.#random = new SeededRandom(scenario.seed + 2 ** 40);
    this.#trace = new Trace(this.#time, print);
    this.#log = print === undefined ? silentLog : printedLog(print);
    this.#net = new SimulatedNet(this.#time, this.#random.fork());
    this.#net.onBytes = (connection, to, bytes) => this.#trace.bytes(`connection ${connection} to ${to}`, bytes);
    this.#disk = new SimulatedDisk(this.#time, this.#random.fork());
    if (plant.ignoredSync !== undefined) this.#disk.ignoredSyncs.add(plant.ignoredSync);
    this.#bucket =
      scenario.bucket === 'objects'
        ? new ObjectBucket(this.#time, this.#random.fork(), this.#trace, scenario.requestMsMax)
        : new FolderBucket(this.#disk, this.#trace);
    this.#faults = new Faults(scenario, this.#time, this.#random.fork(), {
      drop: () => this.#net.dropOne(),
      kill: () => this.#kill(),
      stop: () => void this.#stop(),
      usurp: (cutMs, lost) => this.#usurp(cutMs, lost),
      cutPower: () => this.#cutPower(),
      crash: (worker, pick) => void this.#agent?.crashWorker(worker, pick),
      jump: (ms) => {
        this.#wallOffsetMs += ms;
      },
      full: (full) => {
        this.#bucket.full = full;
      },
      weather: (kind) => this.#bucket.weather(kind),
      note: (what) => this.#trace.event(what),
    });
    this.#deleter = this.#makeDeleter();
  }

  escaped(error: unknown): void {
    this.#ledger.violation(`an error escaped: ${shown(error)}`);
  }

  watchRequests(): () => void {
    return watchRequestOrder(
      () => this.#time.nowMs,
      (sentence) => this.#ledger.violation(sentence),
    );
  }

  async run(): Promise<RunResult> {
    try {
      await this.#play();
    } catch (error) {
      if (!(error instanceof Stuck)) this.escaped(error);
      else this.#ledger.violation(error.message);
    }
    for (const sentence of this.#bucket.broken()) this.#ledger.violation(`invariant 11: ${sentence}`);
    return {
      violations: [...new Set(this.#ledger.violations)],
      traceDigest: this.#trace.digest,
      events: this.#time.eventCount,
      virtualMs: Math.round(this.#time.nowMs),
      counts: {
        agents: this.#agents,
        revisions: Math.max(0, ...this.#replicas.digests.keys()),
        acknowledged: this.#ledger.acknowledgedAt.size,
        unknown: this.#ledger.unknownValues.size,
        deletions: this.#deleter?.deletions ?? 0,
        ...this.#ledger.groups.counts,
        seen: [...this.#ledger.log.values()].reduce((sum, log) => sum + log.size, 0),
        ...Object.fromEntries(this.#faults.met),
        ...this.#bucket.counts(),
      },
    };
  }

  async #play(): Promise<void> {
    const { mode, topics, stormMs, restartChance } = this.#scenario;
    this.#start();
    await this.#until('the topics are made', createTopics(this.#net, HOST, PORT, this.#time, topics));
    if (mode !== 'calm') this.#faults.begin();
    let over = false;
    const producers = this.#producers();
    const producing = Promise.all(producers.map((producer) => producer.run()));
    const around = { net: this.#net, time: this.#time, ledger: this.#ledger, host: HOST, port: PORT };
    const groups = SimulatedGroups.begin(this.#scenario, around);
    const consuming = this.#consumers().map((consumer) => consumer.run(() => over, restartChance));
    let produced = false;
    const deleting = this.#deleter?.run(() => produced);
    if (mode !== 'calm') {
      await this.#pass(stormMs);
      this.#faults.end();
      for (const agent of this.#usurped) this.#endUsurped(agent);
      if (mode === 'storm') {
        this.#kill();
      }
    }
    const unfinished = () => producers.flatMap(({ waiting }) => waiting ?? []).join('; ');
    await this.#until(() => `every producer has finished: ${unfinished()}`, producing);
    produced = true;
    if (deleting !== undefined) await this.#until('the last deletion is over', deleting);
    if (mode === 'storm') this.#kill();
    await this.#until('no group is stuck and every member has left', groups.finish());
    await this.#readBack();
    over = true;
    await this.#until('every consumer has ended', Promise.all(consuming));
    await this.#stopAtTheEnd();
    await this.#until('the replicas are compared', this.#compareReplicas());
  }

  /** A fresh consumer of each topic reads everything there is; nothing that was acknowledged or seen before may lack. */
  async #readBack(): Promise<void> {
    this.#ledger.beginFinalRead();
    const { topics } = this.#scenario;
    const ends = await this.#until('the ends are known', latestOffsets(this.#net, HOST, PORT, this.#time, topics));
    if (this.#deleter !== undefined) {
      this.#ledger.began(await this.#until('the log starts are known', this.#deleter.settled()));
    }
    const readers = topics.map(async ({ name, partitions }) => {
      const end = ends.get(name)!;
      const plan = { name: 'last', host: HOST, port: PORT, topic: name, partitions };
      const consumer = new ModelConsumer(plan, this.#net, this.#time, this.#random.fork(), this.#ledger);
      await consumer.run(() => end.every((offset, i) => consumer.positions[i]! >= offset), 0);
    });
    await this.#until('a fresh consumer has read everything', Promise.all(readers));
    this.#ledger.remember();
    for (const invariant of finalInvariants) {
      for (const sentence of invariant(this.#ledger)) this.#ledger.violation(sentence);
    }
  }

  async #compareReplicas(): Promise<void> {
    const world = this.#world(() => true);
    const store = await this.#bucket.direct(world);
    await this.#replicas.readBack(objectJournal(store, this.#scenario.sizes.settings.cluster));
    for (const [revision, digest] of this.#bucket.digests()) this.#replicas.note(revision, digest, 'a full replay');
  }

  // ---- clients

  /** Undefined: nothing is deleted. */
  #makeDeleter(): ModelDeleter | undefined {
    const { deletionMs: pauseMs, topics } = this.#scenario;
    if (pauseMs === undefined) return undefined;
    const plan = { host: HOST, port: PORT, topics, pauseMs };
    return new ModelDeleter(plan, this.#net, this.#time, this.#random.fork(), this.#ledger);
  }

  #producers(): ModelProducer[] {
    return this.#scenario.producers.map((size, i) => {
      const plan = { ...size, name: `p${i}`, host: HOST, port: PORT };
      return new ModelProducer(plan, this.#net, this.#time, this.#random.fork(), this.#ledger);
    });
  }

  #consumers(): ModelConsumer[] {
    return Array.from({ length: this.#scenario.consumers }, (_, i) => {
      const { name, partitions } = this.#scenario.topics[i % this.#scenario.topics.length]!;
      const plan = { name: `c${i}`, host: HOST, port: PORT, topic: name, partitions };
      return new ModelConsumer(plan, this.#net, this.#time, this.#random.fork(), this.#ledger);
    });
  }

  // ---- the agent

  /** As a supervisor does: until it runs, and again when it has died. */
  #start(): void {
    if (this.#down || this.#agent !== undefined) return;
    this.#agents += 1;
    const agent: SimulatedAgent = new SimulatedAgent(
      {
        world: (alive) => this.#world(alive),
        openStore: (alive) => this.#openStore(agent, alive),
        // On a bucket every second process runs on a machine of its own, which cannot tell who is dead.
        processes: (processId) => ({
          self: { host: 'h', bootId: 'b', processId, processStart: 1 },
          isProvablyDead: (other) =>
            (this.#scenario.bucket !== 'objects' || processId % 2 === 0) &&
            [agent, ...this.#usurped].every((living) => living.processId !== other.processId),
        }),
        plant: this.#plant,
        log: this.#log,
      },
      this.#agents,
      (sentence) => this.#ledger.violation(sentence),
    );
    this.#agent = agent;
    this.#trace.event(`agent ${agent.processId} starts`);
    const onFatal = (error: Error) => {
      if (this.#usurped.has(agent)) {
        this.#endUsurped(agent);
        return;
      }
      this.#ledger.violation(`the agent gave up: ${shown(error)}`);
      this.#kill();
    };
    agent.start(this.#scenario.sizes, onFatal).then(
      ({ metadata }) => {
        this.#trace.event(`agent ${agent.processId} serves`);
        this.#replicas.watch(metadata, () => agent.alive);
      },
      (error: Error) => {
        if (!agent.alive) return;
        this.#trace.event(`agent ${agent.processId} cannot start: ${error.message}`);
        if (error.name !== 'StoreError') this.#ledger.violation(`the agent cannot start: ${shown(error)}`);
        this.#kill();
      },
    );
  }

  #kill(): void {
    const agent = this.#agent;
    if (agent === undefined) return;
    this.#trace.event(`agent ${agent.processId} dies`);
    agent.kill();
    this.#agent = undefined;
    this.#net.sweep();
    this.#disk.releaseLocks();
    this.#time.after(this.#random.between(1, 500), () => this.#start());
  }

  async #openStore(agent: SimulatedAgent, alive: () => boolean): Promise<Store> {
    const world = this.#world(alive);
    const wait = () => new Promise<void>((resume) => void world.timers.after(this.#scenario.requestMsMax, resume));
    return cutOffStore(await this.#bucket.open(world, alive), () => agent.cut, wait);
  }

  /** As when a node is lost and comes back: its clients still hold their connections, and it knows of nothing. */
  #usurp(cutMs: number, lost: Cut): void {
    const agent = this.#agent;
    if (agent?.running === undefined) return;
    this.#trace.event(`agent ${agent.processId} is usurped`);
    this.#usurped.add(agent);
    agent.cut = lost;
    this.#time.after(cutMs, () => {
      agent.cut = 'nothing';
    });
    this.#agent = undefined;
    this.#net.moveAddress(HOST, PORT);
    this.#start();
  }

  #endUsurped(agent: SimulatedAgent): void {
    this.#trace.event(`agent ${agent.processId}, usurped, dies`);
    this.#usurped.delete(agent);
    agent.kill();
    this.#net.sweep();
  }

  /** SIGTERM. */
  async #stop(): Promise<void> {
    const agent = this.#agent;
    if (agent?.running === undefined) return;
    const { running } = agent;
    agent.running = undefined;
    await running.stop();
    if (agent.alive) {
      this.#trace.event(`agent ${agent.processId} has stopped`);
      this.#kill();
    }
  }

  async #stopAtTheEnd(): Promise<void> {
    const agent = this.#agent;
    this.#down = true;
    if (agent?.running === undefined) return;
    await this.#until('the agent stops', agent.running.stop());
    agent.kill();
  }

  /** The machine loses power, and comes back. What the process had asked of the disk happens before or not at all. */
  #cutPower(): void {
    this.#kill();
    this.#down = true;
    this.#time.after(2, () => {
      this.#disk.crash();
      this.#trace.event('the power is cut');
      this.#down = false;
      this.#time.after(this.#random.between(1, 500), () => this.#start());
    });
  }

  #world(alive: () => boolean): World {
    const time = this.#time;
    const world = simulatedWorld({ time, net: this.#net, disk: this.#disk }, this.#random.fork(), 0, alive);
    const wallMs = () => world.clock.wallMs() + this.#wallOffsetMs;
    return { ...world, clock: { monotonicMs: () => time.nowMs, wallMs } };
  }

  // ---- time

  #watch(promise: Promise<unknown>): { done: boolean } {
    const state = { done: false };
    const mark = () => {
      state.done = true;
    };
    promise.then(mark, mark);
    return state;
  }

  async #until<T>(what: string | (() => string), promise: Promise<T>): Promise<T> {
    const state = this.#watch(promise);
    const limitMs = this.#time.nowMs + PROGRESS_MS_MAX + 5 * this.#scenario.stormMs;
    const how = await this.#time.run(() => state.done, limitMs);
    if (!state.done) {
      const awaited = typeof what === 'string' ? what : what();
      throw new Stuck(`liveness: ${how} at ${Math.round(this.#time.nowMs)} ms before ${awaited}`);
    }
    return promise;
  }

  async #pass(ms: number): Promise<void> {
    let over = false;
    this.#time.after(ms, () => {
      over = true;
    });
    await this.#time.run(() => over, Number.POSITIVE_INFINITY);
  }
}
