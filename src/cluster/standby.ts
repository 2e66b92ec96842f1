import type { BecomeLeader } from '../metadata/journal.wire.js';
import type { Log } from '../telemetry/log.js';
import type { Timer, World } from '../world/world.js';

const LOOK_MS = 250;
/** The line of log comes again this often. */
const REMINDER_MS = 60_000;

/** What is looked at: the replica of an agent that is not registered yet. */
export interface Followed {
  readonly revision: number;
  readonly leader: BecomeLeader | undefined;
}

/**
 * Watches whom an agent waits for before it is registered, and says it. A leader that has not resigned may be dead; one
 * whose entries come lives, and is waited for as long as it does.
 */
export class Standby {
  readonly #world: Pick<World, 'clock' | 'timers'>;
  readonly #incarnation: Uint8Array;
  readonly #view: Followed;
  readonly #log: Log;
  readonly #tell: (sentence: string) => void;
  /** Entries beyond this were appended while we looked. */
  readonly #firstRevision: number;
  #timer: Timer | undefined;
  #remindMs = Number.NEGATIVE_INFINITY;

  /** `incarnation`: our own. `tell` gets a sentence for people each time that it may have changed. */
  constructor(
    world: Pick<World, 'clock' | 'timers'>,
    view: Followed,
    incarnation: Uint8Array,
    log: Log,
    tell: (sentence: string) => void = () => {},
  ) {
    this.#world = world;
    this.#incarnation = incarnation;
    this.#view = view;
    this.#log = log;
    this.#tell = tell;
    this.#firstRevision = view.revision;
    const leader = this.#other();
    if (leader !== undefined) {
      const { host, processId, leaseMs } = leader;
      log.info(
        { host, processId, leaseMs },
        'The last leader has not resigned: unless its process is seen to be dead, it is waited for until the journal has shown no new entry for leaseMs',
      );
    }
    this.#look();
  }

  /** The agent is registered, or will not be. */
  end(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const leader = this.#other();
    const { revision } = this.#view;
    if (leader === undefined) this.#tell('the agent is about to lead the journal');
    else if (revision === this.#firstRevision) this.#tell(`${show(leader)} led the journal last: is it still there?`);
    else {
      this.#tell(`another agent leads the journal (${show(leader)}): this one waits until it is gone`);
      this.#remind(leader);
    }
    this.#timer = this.#world.timers.after(LOOK_MS, () => this.#look());
  }

  #remind({ host, processId }: BecomeLeader): void {
    const nowMs = this.#world.clock.monotonicMs();
    if (nowMs - this.#remindMs < REMINDER_MS) return;
    this.#remindMs = nowMs;
    this.#log.info({ host, processId }, 'Another agent leads the journal; this one waits until it is gone');
  }

  /** Whoever leads, unless it is this agent. */
  #other(): BecomeLeader | undefined {
    const { leader } = this.#view;
    const own = leader?.candidate.every((byte, at) => byte === this.#incarnation[at]) === true;
    return own ? undefined : leader;
  }
}

function show({ host, processId }: BecomeLeader): string {
  return `process ${processId} on host ${host}`;
}
