import type { FromLeader, LeaderInit, ToLeader } from '../../src/cluster/messages.js';
import { type Applied, equal, loadReplica, Replica, readTail } from '../../src/cluster/replica.js';
import type { Journal } from '../../src/journal/journal.js';
import { decodeCommand } from '../../src/metadata/entry.js';
import type { BecomeLeader, Command } from '../../src/metadata/journal.wire.js';
import type { Outcome } from '../../src/metadata/outcomes.js';
import type { Hedging } from '../../src/objects/hedge.js';
import { StoreError } from '../../src/objects/store.js';
import type { Meters } from '../../src/telemetry/counters.js';
import type { Log } from '../../src/telemetry/log.js';
import type { Processes } from '../../src/world/process-identity.js';
import type { World } from '../../src/world/world.js';
import { append } from './append.js';
import { Barriers } from './barriers.js';
import { Clocks } from './clocks.js';
import { CommandQueue, type Queued } from './command-queue.js';
import { composeEntry, encodeForwarded, encodeOwn } from './compose.js';
import { LeadershipLost } from './leadership-lost.js';
import { Snapshots } from './snapshots.js';
import { pause, Wake } from './waiting.js';

const STORE_PAUSE_MS = 500;

export interface LeaderDeps {
  readonly journal: Journal;
  /** Absent where a second write would only wait behind the first: on a disk. */
  readonly hedging: Hedging | undefined;
  readonly processes: Processes;
  readonly meters: Meters | undefined;
  readonly log: Log;
}

/**
 * The one thread of an agent that appends to the journal. It follows until it may try to lead, leads until another
 * agent's entry takes its slot, and follows again (docs/ARCHITECTURE.md, The journal). Leases decide when it tries; only slots decide who leads.
 */
export class Leader {
  readonly #world: World;
  readonly #init: LeaderInit;
  readonly #deps: LeaderDeps;
  readonly #post: (message: FromLeader) => void;
  readonly #queue = new CommandQueue();
  /** What is appended goes on while the leader stops. Its own, since a simulated crash leaves listeners on it. */
  readonly #never = new AbortController().signal;
  readonly #wake: Wake;
  readonly #clocks: Clocks;
  readonly #snapshots: Snapshots;
  readonly #barriers: Barriers;
  readonly #stop = new AbortController();
  readonly #crashed = Promise.withResolvers<never>();
  #replica = new Replica();
  /** The revision of our `BecomeLeader` while we lead; 0 otherwise. */
  #term = 0;
  /** Append soon, commands or not: to keep the lease, or to learn who owns the next slot. */
  #renew = false;

  constructor(world: World, init: LeaderInit, deps: LeaderDeps, post: (message: FromLeader) => void) {
    this.#world = world;
    this.#init = init;
    this.#deps = deps;
    this.#post = post;
    this.#wake = new Wake(world);
    this.#barriers = new Barriers(deps.journal, post);
    const propose = (command: Command) => this.#appendOwn(command);
    const view = () => this.#replica.metadata;
    const storeMs = () => deps.journal.clockMs?.();
    this.#clocks = new Clocks(init.settings, { world, view, storeMs, propose, log: deps.log });
    this.#snapshots = new Snapshots(
      world,
      deps.journal,
      init.settings,
      (revision, digest) => post({ type: 'snapshot-wanted', revision, digest }),
      deps.log,
    );
  }

  receive(message: ToLeader): void {
    switch (message.type) {
      case 'commands':
        if (message.term === this.#term) {
          for (const command of message.commands) {
            // What cannot be applied must not be appended: it would stop every replica.
            decodeCommand(command.command);
            this.#queue.push({ bytes: encodeForwarded(command) });
          }
          this.#wake.notify();
        }
        break;
      case 'barrier':
        this.#barriers.add(message.id);
        if (this.#term === 0) {
          this.#wake.notify();
        } else {
          this.#background(this.#readBarriers());
        }
        break;
      case 'members-alive':
        this.#clocks.alive(message.reports);
        break;
      case 'snapshot-made':
        this.#background(this.#snapshots.made(message.snapshot, this.#replica));
        break;
      case 'snapshot-failed':
        this.#snapshots.failed(message.revision, message.reason);
        break;
      case 'stop':
        this.#stop.abort();
        this.#wake.notify();
        break;
    }
  }

  /** Follows and leads until told to stop. Rejects with `JournalBroken` when the journal cannot be followed. */
  live(): Promise<void> {
    return Promise.race([this.#alternate(), this.#crashed.promise]);
  }

  async #alternate(): Promise<void> {
    await this.#load();
    while (!this.#stop.signal.aborted) {
      const term = await this.#follow();
      if (term !== undefined) {
        await this.#lead(term);
      }
    }
  }

  async #load(): Promise<void> {
    const replica = await this.#insist(() => loadReplica(this.#deps.journal));
    if (replica !== undefined) {
      this.#replica = replica;
    }
  }

  /** Tries until the store answers. Undefined: told to stop. */
  async #insist<T>(work: () => Promise<T>): Promise<T | undefined> {
    while (!this.#stop.signal.aborted) {
      try {
        return await work();
      } catch (error) {
        this.#storeFailed(error);
        await pause(this.#world, STORE_PAUSE_MS, this.#stop.signal);
      }
    }
    return undefined;
  }

  #storeFailed(error: unknown): void {
    if (!(error instanceof StoreError)) {
      throw error;
    }
    this.#deps.log.warn({ err: error }, 'The journal cannot be reached');
  }

  // ---- following

  /** Follows until we are leader: gives the term; undefined when told to stop. */
  async #follow(): Promise<number | undefined> {
    let newsMs = this.#world.clock.monotonicMs();
    while (!this.#stop.signal.aborted) {
      const barriers = this.#barriers.take();
      let tail: 'end' | 'more' | 'void';
      const before = this.#replica.revision;
      try {
        tail = await this.#catchUp();
      } catch (error) {
        this.#storeFailed(error);
        this.#barriers.fail(barriers, error as StoreError);
        await pause(this.#world, STORE_PAUSE_MS, this.#stop.signal);
        continue;
      }
      if (this.#replica.revision !== before) {
        newsMs = this.#world.clock.monotonicMs();
      }
      if (tail !== 'end') {
        this.#barriers.putBack(barriers);
        if (tail === 'void') {
          await this.#load();
        }
        continue;
      }
      this.#barriers.answer(barriers, this.#replica.revision);
      if (this.#mayTry(newsMs)) {
        const term = await this.#tryToLead();
        if (term !== undefined) {
          return term;
        }
        newsMs = this.#world.clock.monotonicMs();
      } else {
        await this.#wake.wait(this.#init.settings.followPollMs);
      }
    }
    return undefined;
  }

  /** One pass over what others appended. 'void': trimmed under our feet, a snapshot must be loaded. */
  async #catchUp(): Promise<'end' | 'more' | 'void'> {
    const tail = await readTail(this.#deps.journal, this.#replica.revision);
    if (tail === 'void') {
      return 'void';
    }
    for (const bytes of tail.entries) {
      this.#replica.apply(bytes);
      this.#stream(this.#replica.revision, bytes);
    }
    return tail.end ? 'end' : 'more';
  }

  /** The journal has shown nothing new for the lease, or its holder is known to be gone. */
  #mayTry(newsMs: number): boolean {
    const { leader } = this.#replica.metadata;
    if (leader === undefined || equal(leader.candidate, this.#init.incarnation)) {
      return true;
    }
    if (this.#deps.processes.isProvablyDead(leader)) {
      this.#deps.log.info({ process: leader.processId }, 'The process that led is gone: its lease is not waited for');
      return true;
    }
    return this.#world.clock.monotonicMs() - newsMs >= leader.leaseMs;
  }

  /** Appends `BecomeLeader` at the next revision. We lead if the slot is ours and the boundary, read after that, lies below it. */
  async #tryToLead(): Promise<number | undefined> {
    const term = this.#replica.revision + 1;
    const { host, bootId, processId, processStart } = this.#deps.processes.self;
    const value: BecomeLeader = {
      candidate: this.#init.incarnation,
      host,
      bootId,
      processId,
      processStart,
      leaseMs: this.#init.settings.leaseMs,
    };
    const bytes = this.#compose(term, [{ bytes: encodeOwn({ kind: { $case: 'becomeLeader', value } }) }]);
    if ((await this.#append(term, bytes, this.#stop.signal)) !== 'ours') {
      return undefined;
    }
    const boundaryRevision = await this.#insist(
      async () => (await this.#deps.journal.readBoundary())?.boundary.revision ?? 0,
    );
    if (boundaryRevision === undefined) {
      return undefined;
    }
    if (boundaryRevision >= term) {
      this.#deps.log.warn({ revision: term, boundary: boundaryRevision }, 'The slot that was taken had been trimmed');
      await this.#load();
      return undefined;
    }
    this.#stream(term, bytes);
    this.#replica.apply(bytes);
    return term;
  }

  // ---- leading

  /** Appends what is queued, one entry at a time, until another agent's entry takes a slot or we are told to stop. */
  async #lead(term: number): Promise<void> {
    this.#term = term;
    this.#deps.log.info({ term }, 'Leading the journal');
    this.#post({ type: 'leading', term });
    this.#clocks.start();
    this.#background(this.#snapshots.resume());
    this.#setLimits();
    this.#background(this.#readBarriers());
    const { leaseMs, entryBytesMax, entryCommandsMax, journalPutsPerSecondMax } = this.#init.settings;
    const gapMs = journalPutsPerSecondMax > 0 ? 1000 / journalPutsPerSecondMax : 0;
    let startedMs = this.#world.clock.monotonicMs();
    for (let resigned = false; !resigned; ) {
      if (!(await this.#untilDue(startedMs + leaseMs / 3))) {
        continue;
      }
      await pause(this.#world, startedMs + gapMs - this.#world.clock.monotonicMs(), this.#never);
      startedMs = this.#world.clock.monotonicMs();
      this.#renew = false;
      const items: Queued[] = this.#queue.empty ? [] : [...this.#queue.take(entryBytesMax, entryCommandsMax)];
      if (this.#stop.signal.aborted && this.#queue.empty) {
        items.push({ bytes: encodeOwn({ kind: { $case: 'resignLeader', value: {} } }) });
        resigned = true;
      }
      if (!(await this.#appendItems(items, startedMs))) {
        break;
      }
    }
    this.#term = 0;
    this.#clocks.stop();
    this.#queue.clear();
    this.#deps.log.info({ term }, 'No longer leading the journal');
    this.#post({ type: 'deposed', term });
  }

  /** Waits until there is something to append; false when woken for nothing. */
  async #untilDue(renewAtMs: number): Promise<boolean> {
    const due = () => !this.#queue.empty || this.#renew || this.#stop.signal.aborted;
    if (!due()) {
      await this.#wake.wait(renewAtMs - this.#world.clock.monotonicMs());
    }
    return due() || this.#world.clock.monotonicMs() >= renewAtMs;
  }

  /** One entry. False: the slot has another owner, and so has the journal. */
  async #appendItems(items: readonly Queued[], startedMs: number): Promise<boolean> {
    const revision = this.#replica.revision + 1;
    const bytes = this.#compose(revision, items);
    const barriers = this.#barriers.take();
    if ((await this.#append(revision, bytes, this.#never)) === 'others') {
      for (const { own } of items) {
        own?.lose();
      }
      this.#barriers.putBack(barriers);
      return false;
    }
    this.#stream(revision, bytes);
    const applied = this.#replica.apply(bytes);
    this.#settle(items, applied);
    // That slot was absent when our create, begun after these requests, filled it.
    this.#barriers.answer(barriers, revision);
    this.#count(items.length, bytes.length, startedMs);
    this.#clocks.applied(applied.changes);
    this.#snapshots.applied(this.#replica);
    this.#background(this.#readBarriers());
    return true;
  }

  #settle(items: readonly Queued[], { outcomes }: Applied): void {
    for (const [index, { own }] of items.entries()) {
      own?.settle(outcomes[index]!);
    }
  }

  #appendOwn(command: Command): Promise<Outcome> {
    return new Promise((settle, reject) => {
      const lose = () => reject(new LeadershipLost());
      this.#queue.push({ bytes: encodeOwn(command), own: { settle, lose } });
      this.#wake.notify();
    });
  }

  /** A leader's settings are the cluster's limits. */
  #setLimits(): void {
    const { metadataBytesMax } = this.#init.settings;
    if (this.#replica.metadata.bytesMax !== metadataBytesMax) {
      const value = { metadataBytesMax, producerRowsMax: 0 };
      this.#queue.push({ bytes: encodeOwn({ kind: { $case: 'setLimits', value } }) });
    }
  }

  #compose(revision: number, items: readonly Queued[]): Uint8Array {
    const timeMs = Math.max(this.#replica.metadata.timeMs, this.#world.clock.wallMs());
    const head = {
      revision,
      previousDigest: this.#replica.headDigest,
      token: this.#world.random.bytes(16),
      term: this.#term === 0 ? revision : this.#term,
      timeMs,
    };
    return composeEntry(
      head,
      items.map(({ bytes }) => bytes),
    );
  }

  #append(revision: number, bytes: Uint8Array, stop: AbortSignal): Promise<'ours' | 'others' | 'stopped'> {
    return append(this.#world, this.#deps.journal, this.#deps.hedging, revision, bytes, stop, (error) =>
      this.#deps.log.warn({ err: error, revision }, 'A journal append will be tried again'),
    );
  }

  async #readBarriers(): Promise<void> {
    if (!(await this.#barriers.read(() => this.#replica.revision))) {
      this.#renew = true;
      this.#wake.notify();
    }
  }

  // ---- both

  /** To the main thread; the slot is known to be full. */
  #stream(revision: number, bytes: Uint8Array): void {
    // A view of a larger buffer would be cloned with all of it.
    const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    this.#post({ type: 'entries', entries: [{ revision, bytes: own }] });
  }

  #count(commands: number, bytes: number, startedMs: number): void {
    const { meters } = this.#deps;
    meters?.journalEntries.add(1);
    meters?.journalCommands.add(commands);
    meters?.journalBytes.add(bytes);
    meters?.journalDuration.observeMs(this.#world.clock.monotonicMs() - startedMs);
  }

  /** Work beside the loop; an error that it does not handle itself ends the worker. */
  #background(work: Promise<void>): void {
    work.catch((error: unknown) => this.#crashed.reject(error));
  }
}
