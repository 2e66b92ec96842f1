import type { Journal } from '../journal/journal.js';
import { JournalBroken } from '../journal/journal-broken.js';
import { Command, type RegisterAgent } from '../metadata/journal.wire.js';
import type { Metadata } from '../metadata/metadata.js';
import type { Changes, Outcome } from '../metadata/outcomes.js';
import { StoreError } from '../objects/store.js';
import type { Log } from '../telemetry/log.js';
import type { Timer, World } from '../world/world.js';
import type { CommandLink, LinkEvents } from './command-link.js';
import { Growth } from './growth.js';
import {
  EpochClosed,
  FellBehind,
  JournalUnavailable,
  type MetadataClient,
  MetadataUnavailable,
  StreamsUsedUp,
} from './metadata-client.js';
import { type Replica, readTail } from './replica.js';
import { Streams } from './streams.js';

const ALIVE_REPORT_MS = 100;
const JOURNAL_PAUSE_MS = 500;

/** The main thread's replica: applies what the leader streams, and settles what this agent asked for. */
export class Client implements MetadataClient, LinkEvents {
  readonly #world: World;
  readonly #journal: Journal;
  readonly #replica: Replica;
  readonly #registration: RegisterAgent;
  readonly #commandsBytesMax: number;
  readonly #log: Log;
  readonly #onFatal: (error: Error) => void;
  readonly #growth = new Growth();
  readonly #listeners: ((revision: number, changes: Changes) => void)[] = [];
  readonly #alive = new Map<string, Set<string>>();
  /** Who waits for a revision to be applied. */
  #waiting: { readonly revision: number; resolve(): void; reject(error: Error): void }[] = [];
  /** Entries that came while one before them was still being read from the journal. */
  readonly #ahead = new Map<number, Uint8Array>();
  readonly #registered = Promise.withResolvers<void>();
  #link!: CommandLink;
  #streams: Streams | undefined;
  #self: { readonly agentEpoch: number; readonly nodeId: number } | undefined;
  /** The term of the leader that takes our commands; 0 while there is none. */
  #term = 0;
  /** A leader announced itself before we have applied its `BecomeLeader`. */
  #nextTerm = 0;
  #reading = false;
  #flushing = false;
  #aliveTimer: Timer | undefined;
  #stopping = false;
  #closed: MetadataUnavailable | undefined;
  /** The newest snapshot known here and the wall clock, in ms, of what it holds; 0 before the first. */
  snapshotRevision: number;
  snapshotMs: number;

  constructor(
    world: World,
    journal: Journal,
    replica: Replica,
    registration: RegisterAgent,
    commandsBytesMax: number,
    log: Log,
    onFatal: (error: Error) => void,
  ) {
    this.#world = world;
    this.#journal = journal;
    this.#replica = replica;
    this.#registration = registration;
    this.#commandsBytesMax = commandsBytesMax;
    this.#log = log;
    this.#onFatal = onFatal;
    this.snapshotRevision = replica.snapshotRevision;
    this.snapshotMs = replica.snapshotTimeMs;
    this.#observeGrowth();
  }

  /** Resolves when the agent's own registration was applied here; rejects when it was refused or the journal cannot be followed. */
  start(link: CommandLink): Promise<void> {
    this.#link = link;
    return this.#registered.promise;
  }

  // ---- MetadataClient

  get view(): Metadata {
    return this.#replica.metadata;
  }

  get self(): MetadataClient['self'] {
    if (this.#self === undefined) {
      throw new Error('the agent is not registered yet');
    }
    return { ...this.#self, incarnation: this.#registration.incarnation };
  }

  get leaderKnown(): boolean {
    return this.#term !== 0;
  }

  submit(command: Command): Promise<Outcome> {
    return this.#add((streams) =>
      // While the journal stands still whoever asked is answered some time, but what was asked for stays here.
      streams.controlBytes < this.#commandsBytesMax
        ? streams.addControl(Command.encode(command).finish())
        : Promise.reject(new JournalUnavailable('too many commands wait for the journal')),
    );
  }

  forward(stream: number, number: number, command: Uint8Array): Promise<Outcome> {
    return this.#add((streams) => streams.add(stream, number, command));
  }

  async fresh(): Promise<void> {
    if (this.#closed !== undefined || this.#stopping) {
      throw this.#closed ?? new MetadataUnavailable('the agent is stopping');
    }
    const revision = await this.#link.barrier();
    if (this.#replica.revision < revision) {
      this.#readAhead();
      await new Promise<void>((resolve, reject) => this.#waiting.push({ revision, resolve, reject }));
    }
  }

  onApplied(listener: (revision: number, changes: Changes) => void): void {
    this.#listeners.push(listener);
  }

  membersAlive(group: string, memberIds: readonly string[]): void {
    const members = this.#alive.get(group);
    if (members === undefined) {
      this.#alive.set(group, new Set(memberIds));
    } else {
      for (const memberId of memberIds) {
        members.add(memberId);
      }
    }
    this.#aliveTimer ??= this.#world.timers.after(ALIVE_REPORT_MS, () => {
      this.#aliveTimer = undefined;
      this.#link.membersAlive([...this.#alive].map(([name, ids]) => ({ group: name, memberIds: [...ids] })));
      this.#alive.clear();
    });
  }

  growth(): { readonly hoursLeft: number; readonly extentsPerSecond: number } {
    const { bytes, bytesMax } = this.#replica.metadata;
    return this.#growth.rates(this.#world.clock.monotonicMs(), bytes, bytesMax);
  }

  async close(): Promise<void> {
    this.#stopping = true;
    // The leader may still append what it has; what comes back until it has resigned is applied and settled.
    await this.#link.close();
    this.#aliveTimer?.cancel();
    this.#end(new MetadataUnavailable('the agent is stopping'));
  }

  #add(into: (streams: Streams) => Promise<Outcome>): Promise<Outcome> {
    if (this.#closed !== undefined) {
      return Promise.reject(this.#closed);
    }
    if (this.#streams === undefined) {
      throw new Error('the agent is not registered yet');
    }
    const outcome = into(this.#streams);
    this.#flushSoon();
    return outcome;
  }

  // ---- LinkEvents

  entry(revision: number, bytes: Uint8Array): void {
    if (this.#closed !== undefined || revision <= this.#replica.revision) {
      return;
    }
    this.#ahead.set(revision, bytes);
    this.#applyAhead();
    if (this.#ahead.size > 0) {
      this.#readAhead();
    }
  }

  leading(term: number): void {
    this.#nextTerm = term;
    this.#welcomeLeader();
  }

  leaderless(): void {
    this.#term = 0;
    this.#nextTerm = 0;
  }

  snapshotMade(revision: number, atMs: number): void {
    this.snapshotRevision = revision;
    this.snapshotMs = atMs;
  }

  /** Before the registration it is `start` that fails; nobody else knows this client yet. */
  fatal(error: Error): void {
    if (this.#closed !== undefined) {
      return;
    }
    this.#registered.reject(error);
    this.#end(new MetadataUnavailable(error.message));
    if (this.#self !== undefined) {
      this.#onFatal(error);
    }
  }

  // ---- commands

  /** From here on the leader gets our commands, first of all those that have no outcome yet. */
  #welcomeLeader(): void {
    if (this.#nextTerm === 0 || this.#replica.revision < this.#nextTerm) {
      return;
    }
    this.#term = this.#nextTerm;
    this.#nextTerm = 0;
    this.#streams?.forgetSent();
    if (this.#self === undefined) {
      const registration: Command = { kind: { $case: 'registerAgent', value: this.#registration } };
      const command = Command.encode(registration).finish();
      this.#link.send(this.#term, [{ agentEpoch: 0, stream: 0, number: 0, confirmed: 0, command }]);
    }
    this.#flushSoon();
  }

  /** Commands of one turn travel together. */
  #flushSoon(): void {
    if (!this.#flushing && this.#term !== 0 && this.#streams?.hasUnsent === true) {
      this.#flushing = true;
      this.#world.timers.soon(() => {
        this.#flushing = false;
        const commands = this.#term === 0 ? [] : (this.#streams?.takeUnsent() ?? []);
        if (commands.length > 0) {
          this.#link.send(this.#term, commands);
        }
      });
    }
  }

  // ---- applying

  #applyAhead(): void {
    try {
      for (let bytes = this.#takeNext(); bytes !== undefined; bytes = this.#takeNext()) {
        this.#apply(bytes);
      }
    } catch (error) {
      if (!(error instanceof JournalBroken)) {
        throw error;
      }
      this.fatal(error);
    }
  }

  #takeNext(): Uint8Array | undefined {
    const next = this.#replica.revision + 1;
    const bytes = this.#ahead.get(next);
    this.#ahead.delete(next);
    return this.#closed === undefined ? bytes : undefined;
  }

  #apply(bytes: Uint8Array): void {
    const { entry, outcomes, changes } = this.#replica.apply(bytes);
    this.#noteRegistration(entry.commands, outcomes);
    for (const [index, { agentEpoch, stream, number }] of entry.commands.entries()) {
      if (agentEpoch !== this.#self?.agentEpoch) {
        continue;
      }
      const outcome = outcomes[index]!;
      if (outcome.kind === 'refused' && outcome.notTaken === 'no-stream-left') {
        // Sent again it would be refused again, for ever.
        this.fatal(new StreamsUsedUp(`there is no stream ${stream} for a lane: too many lanes have crashed`));
        return;
      }
      this.#streams!.settle(stream, number, outcome);
    }
    if (changes.agentsChanged && this.#self !== undefined && !this.view.isEpochOpen(this.#self.agentEpoch)) {
      this.fatal(new EpochClosed(`another process registered as '${this.#registration.name}'`));
      return;
    }
    this.#observeGrowth();
    for (const listener of this.#listeners) {
      listener(entry.revision, changes);
    }
    this.#settleWaiting();
    this.#welcomeLeader();
    this.#flushSoon();
  }

  /** Our registration: by its incarnation, since there is no epoch to tell it by yet. */
  #noteRegistration(
    commands: readonly { readonly command: Command | undefined }[],
    outcomes: readonly Outcome[],
  ): void {
    if (this.#self !== undefined) {
      return;
    }
    for (const [index, { command }] of commands.entries()) {
      const kind = command?.kind;
      if (kind?.$case !== 'registerAgent' || !sameBytes(kind.value.incarnation, this.#registration.incarnation)) {
        continue;
      }
      const outcome = outcomes[index]!;
      if (outcome.kind === 'registered') {
        this.#self = { agentEpoch: outcome.agentEpoch, nodeId: outcome.nodeId };
        this.#streams = new Streams(outcome.agentEpoch);
        this.#registered.resolve();
      } else {
        const reason = outcome.kind === 'refused' ? outcome.message : outcome.kind;
        this.#registered.reject(new MetadataUnavailable(`the registration was refused: ${reason}`));
      }
    }
  }

  #observeGrowth(): void {
    const { bytes, extentCount } = this.#replica.metadata;
    this.#growth.observe(this.#world.clock.monotonicMs(), bytes, extentCount);
  }

  #settleWaiting(): void {
    if (this.#waiting.length === 0) {
      return;
    }
    const { revision } = this.#replica;
    const reached = this.#waiting.filter((waiter) => waiter.revision <= revision);
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > revision);
    for (const { resolve } of reached) {
      resolve();
    }
  }

  /** Reads entries that the leader worker had already when this replica was loaded, or that a crashed one never sent. */
  #readAhead(): void {
    if (this.#reading) {
      return;
    }
    this.#reading = true;
    this.#readMissing().then(
      () => {
        this.#reading = false;
      },
      (error: Error) => this.fatal(error),
    );
  }

  async #readMissing(): Promise<void> {
    const wanted = () => Math.max(0, ...this.#ahead.keys(), ...this.#waiting.map(({ revision }) => revision));
    while (this.#closed === undefined && this.#replica.revision < wanted()) {
      try {
        // The leader may stream on during the read: what comes of it follows the revision that it began at.
        const from = this.#replica.revision;
        const tail = await readTail(this.#journal, from);
        if (tail === 'void') {
          if (this.#replica.revision > from) continue;
          throw new FellBehind(`the journal after revision ${from} is gone`);
        }
        for (const [index, bytes] of tail.entries.entries()) {
          const revision = from + 1 + index;
          if (revision > this.#replica.revision) this.#ahead.set(revision, bytes);
        }
        this.#applyAhead();
        if (tail.entries.length > 0) {
          continue;
        }
      } catch (error) {
        if (!(error instanceof StoreError)) {
          throw error;
        }
        this.#log.warn({ err: error }, 'The journal cannot be read');
      }
      await new Promise<void>((resolve) => this.#world.timers.after(JOURNAL_PAUSE_MS, resolve));
    }
  }

  #end(error: MetadataUnavailable): void {
    this.#closed ??= error;
    this.#term = 0;
    this.#streams?.close(error);
    this.#registered.reject(error);
    for (const { reject } of this.#waiting.splice(0)) {
      reject(error);
    }
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
