import { JournalBroken } from '../journal/journal-broken.js';
import type { Log } from '../telemetry/log.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import type { Threads, WorkerThread } from '../threads/threads.js';
import type { Timer, World } from '../world/world.js';
import type { CommandLink, LinkEvents } from './command-link.js';
import type {
  AliveReport,
  ForwardedCommand,
  FromLeader,
  FromMaintenance,
  LeaderInit,
  MaintenanceInit,
  ToLeader,
} from './messages.js';
import { JournalUnavailable } from './metadata-client.js';

const RESTART_MS_FIRST = 100;
const RESTART_MS_MAX = 10_000;
const STOP_MS_MAX = 10_000;
/** A store that does not answer must not keep requests waiting for ever. */
const BARRIER_MS_MAX = 15_000;

interface Waiter {
  resolve(revision: number): void;
  reject(error: Error): void;
}

/** The leader worker of this process: started, started again when it crashed, and its snapshots sent to maintenance workers. */
export class LeaderThread implements CommandLink {
  readonly #world: World;
  readonly #threads: Threads;
  readonly #init: Omit<LeaderInit, 'telemetry'>;
  readonly #telemetry: Telemetry | undefined;
  readonly #log: Log;
  #events: LinkEvents | undefined;
  /** What came before anybody listened; of entries the newest, since those before it can be read. */
  #kept: ((events: LinkEvents) => void)[] = [];
  #newest: { readonly revision: number; readonly bytes: Uint8Array } | undefined;
  /** The worker has said that it cannot go on. */
  #over = false;
  /** Barrier requests of one turn share an id. */
  readonly #barriers = new Map<number, Waiter[]>();
  #lastBarrier = 0;
  #openBarrier: Waiter[] | undefined;
  #thread: WorkerThread | undefined;
  #maintenance: WorkerThread | undefined;
  #restartMs = RESTART_MS_FIRST;
  #restart: Timer | undefined;
  #closing: { resolve(): void } | undefined;

  constructor(
    world: World,
    threads: Threads,
    init: Omit<LeaderInit, 'telemetry'>,
    telemetry: Telemetry | undefined,
    log: Log,
  ) {
    this.#world = world;
    this.#threads = threads;
    this.#init = init;
    this.#telemetry = telemetry;
    this.#log = log;
  }

  /** From now on events go there, those that came before first. */
  listen(events: LinkEvents): void {
    this.#events = events;
    const [kept, newest] = [this.#kept, this.#newest];
    this.#kept = [];
    this.#newest = undefined;
    if (newest !== undefined) events.entry(newest.revision, newest.bytes);
    for (const run of kept) run(events);
  }

  #tell(run: (events: LinkEvents) => void): void {
    if (this.#events === undefined) this.#kept.push(run);
    else run(this.#events);
  }

  start(): void {
    const share = this.#telemetry?.takeShare();
    const init: LeaderInit = { ...this.#init, telemetry: share };
    const thread = this.#threads.spawn('leader', init);
    this.#thread = thread;
    thread.onMessage((message: FromLeader) => this.#receive(message));
    thread.onExit((error) => {
      if (share !== undefined) {
        this.#telemetry?.giveBackShare(share);
      }
      this.#thread = undefined;
      this.#tell((events) => events.leaderless());
      if (this.#closing !== undefined) {
        this.#closing.resolve();
        return;
      }
      this.#telemetry?.meters.workersCrashed.leader.add(1);
      this.#log.error({ err: error }, 'The leader worker ended; it is started again');
      this.#restart = this.#world.timers.after(this.#restartMs, () => this.start());
      this.#restartMs = Math.min(2 * this.#restartMs, RESTART_MS_MAX);
    });
    // A read begun by the new worker began after the requests, too.
    for (const id of this.#barriers.keys()) {
      this.#post({ type: 'barrier', id });
    }
  }

  send(term: number, commands: readonly ForwardedCommand[]): void {
    this.#post({ type: 'commands', term, commands });
  }

  barrier(): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#openBarrier === undefined) {
        this.#lastBarrier += 1;
        const id = this.#lastBarrier;
        this.#openBarrier = [];
        this.#barriers.set(id, this.#openBarrier);
        this.#world.timers.soon(() => {
          this.#openBarrier = undefined;
          this.#post({ type: 'barrier', id });
        });
        this.#world.timers.after(BARRIER_MS_MAX, () => this.#failBarrier(id, 'the journal does not answer'));
      }
      this.#openBarrier.push({ resolve, reject });
    });
  }

  membersAlive(reports: readonly AliveReport[]): void {
    this.#post({ type: 'members-alive', reports });
  }

  async close(): Promise<void> {
    this.#restart?.cancel();
    const thread = this.#thread;
    const stopped = Promise.withResolvers<void>();
    this.#closing = stopped;
    if (thread !== undefined) {
      this.#post({ type: 'stop' });
      if (this.#over) stopped.resolve();
      const timer = this.#world.timers.after(STOP_MS_MAX, stopped.resolve);
      await stopped.promise;
      timer.cancel();
      await thread.terminate();
    }
    await this.#maintenance?.terminate();
    for (const id of [...this.#barriers.keys()]) {
      this.#failBarrier(id, 'the agent is stopping');
    }
  }

  #post(message: ToLeader): void {
    this.#thread?.post(message);
  }

  #receive(message: FromLeader): void {
    switch (message.type) {
      case 'entries':
        if (this.#events === undefined) this.#newest = message.entries.at(-1);
        for (const { revision, bytes } of message.entries) this.#events?.entry(revision, bytes);
        break;
      case 'leading':
        this.#restartMs = RESTART_MS_FIRST;
        this.#tell((events) => events.leading(message.term));
        break;
      case 'deposed':
        this.#tell((events) => events.leaderless());
        break;
      case 'barrier':
        for (const { resolve } of this.#takeBarrier(message.id)) {
          resolve(message.revision);
        }
        break;
      case 'barrier-failed':
        this.#failBarrier(message.id, message.reason);
        break;
      case 'snapshot-wanted':
        this.#makeSnapshot(message.revision, message.digest);
        break;
      case 'stopped':
        this.#closing?.resolve();
        break;
      case 'fatal':
        this.#over = true;
        this.#closing?.resolve();
        this.#tell((events) => events.fatal(new JournalBroken(message.reason)));
        break;
    }
  }

  #takeBarrier(id: number): readonly Waiter[] {
    const waiters = this.#barriers.get(id) ?? [];
    this.#barriers.delete(id);
    return waiters;
  }

  #failBarrier(id: number, reason: string): void {
    for (const { reject } of this.#takeBarrier(id)) {
      reject(new JournalUnavailable(reason));
    }
  }

  /** One maintenance worker makes one snapshot; its memory goes with it. */
  #makeSnapshot(revision: number, digest: string): void {
    if (this.#maintenance !== undefined || this.#closing !== undefined) {
      this.#post({ type: 'snapshot-failed', revision, reason: 'a snapshot is being made already' });
      return;
    }
    const { bucket, cluster } = this.#init;
    const init: MaintenanceInit = { bucket, cluster, revision, digest };
    const thread = this.#threads.spawn('maintenance', init);
    this.#maintenance = thread;
    let answered = false;
    thread.onMessage((message: FromMaintenance) => {
      answered = true;
      if (message.type === 'fatal') {
        this.#tell((events) => events.fatal(new JournalBroken(message.reason)));
      } else {
        this.#post(message);
        if (message.type === 'snapshot-made') {
          const atMs = this.#world.clock.wallMs();
          this.#tell((events) => events.snapshotMade(revision, atMs));
        }
      }
      thread.terminate().catch((error: unknown) => this.#log.error({ err: error }, 'A maintenance worker did not end'));
    });
    thread.onExit((error) => {
      this.#maintenance = undefined;
      if (!answered) {
        this.#telemetry?.meters.workersCrashed.maintenance.add(1);
        this.#log.error({ err: error, revision }, 'A maintenance worker ended without a snapshot');
        this.#post({ type: 'snapshot-failed', revision, reason: error?.message ?? 'the worker ended' });
      }
    });
  }
}
